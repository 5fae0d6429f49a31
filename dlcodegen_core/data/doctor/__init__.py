"""The dataset doctor: what is wrong with a dataset, what to do about it, and whether it is ready to train.

```
checks       what is looked for, in words; flags, findings, options
text_checks  faults that one pair shows on its own: secrets, addresses, length, the answer given away
encoding     text that was read in a wrong encoding
syntax       targets that no surroundings make sound; beginnings: surroundings of our own, by language
copies       exact copies, nearly the same pairs, contradictions
verdict      ready or not, in one line
examination  all of that on every pair
```
"""

from dlcodegen_core.data.doctor.checks import CHECKS, Check, DoctorOptions, Examination, Finding, Flag
from dlcodegen_core.data.doctor.examination import examine

__all__ = ["CHECKS", "Check", "DoctorOptions", "Examination", "Finding", "Flag", "examine"]
