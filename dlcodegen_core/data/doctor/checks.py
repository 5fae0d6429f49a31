"""What the doctor looks for, in words for the person who reads it, and what it tells of a dataset.

Names and words only; how a fault is found stands in the other modules.
"""

from dataclasses import dataclass
from typing import Literal

from dlcodegen_core.errors import ConfigError

# stops: not ready before it is settled; warns: told in the verdict; tells: a remark, often natural
Severity = Literal["stops", "warns", "tells"]

EXACT_DUPLICATE, NEAR_DUPLICATE, CONTRADICTION, LEAKAGE = (
    "exact_duplicate",
    "near_duplicate",
    "contradiction",
    "leakage",
)
SECRET, EMAIL_ADDRESS, SYNTAX, TARGET_IN_PROMPT = "secret", "email_address", "syntax", "target_in_prompt"
TOO_LONG, WRONG_ENCODING, TRIVIAL_TARGET = "too_long", "wrong_encoding", "trivial_target"


@dataclass(frozen=True, slots=True)
class Check:
    """One fault that is looked for. key: never changes, since flags are stored by it. fix_label: "" if none is offered.

    one, many: how a verdict goes on after "1 pair" and "2 pairs".
    """

    key: str
    title: str
    why: str
    fix_label: str
    severity: Severity
    one: str
    many: str


CHECKS: tuple[Check, ...] = (
    Check(
        SECRET,
        "Keys, tokens and passwords",
        "A model can repeat word for word what it was trained on, and would hand your secrets to whoever uses it. "
        "Change any secret that was real.",
        "Move the pairs with secrets to the trash",
        "stops",
        "holds a secret",
        "hold secrets",
    ),
    Check(
        LEAKAGE,
        "Held-out pairs that were also trained on",
        "Held-out pairs measure how well the model does on code it has never seen. Copies of training pairs among them "
        "make the figures look better than they are.",
        "Move the held-out copies to the trash",
        "warns",
        "in the held-out part also stands in the training part",
        "in the held-out part also stand in the training part",
    ),
    Check(
        EXACT_DUPLICATE,
        "Exact copies",
        "The same pair again teaches nothing new and makes the model believe that it is more frequent than it is.",
        "Keep one of each, move the copies to the trash",
        "warns",
        "is an exact copy of another",
        "are exact copies of others",
    ),
    Check(
        NEAR_DUPLICATE,
        "Nearly the same pairs",
        "Boilerplate and copied files weigh many times what they are worth. Neighbouring lines of one file are not "
        "counted here, though their prompts overlap.",
        "Keep one of each, move the others to the trash",
        "warns",
        "is nearly the same as another",
        "are nearly the same as others",
    ),
    Check(
        EMAIL_ADDRESS,
        "E-mail addresses",
        "A model can repeat people's addresses. Addresses of nobody, such as those at example.com, are not counted.",
        "Move the pairs with addresses to the trash",
        "warns",
        "holds an e-mail address",
        "hold e-mail addresses",
    ),
    Check(
        WRONG_ENCODING,
        "Garbled characters",
        "The text was read in a wrong encoding, so é became Ã©. The model would learn to write it like that.",
        "Move the garbled pairs to the trash",
        "warns",
        "holds garbled characters",
        "hold garbled characters",
    ),
    Check(
        SYNTAX,
        "Targets that are no sound code",
        "Whatever stands around it, the target is not valid in its language. Perhaps the language is wrong, or "
        "something was cut off or pasted in.",
        "Move the broken pairs to the trash",
        "warns",
        "has a target with broken syntax",
        "have targets with broken syntax",
    ),
    Check(
        TARGET_IN_PROMPT,
        "The answer stands in the prompt",
        "The target can be copied from its own prompt, so the model learns to copy rather than to write. Short lines "
        "that are often repeated are not counted.",
        "Move these pairs to the trash",
        "warns",
        "has its answer in the prompt",
        "have their answer in the prompt",
    ),
    Check(
        CONTRADICTION,
        "One prompt, different targets",
        "Some of this is natural: code goes on in more than one way. Much of it means that the prompts are too short.",
        "",
        "tells",
        "shares its prompt with another target",
        "share their prompts with other targets",
    ),
    Check(
        TOO_LONG,
        "Longer than a model reads",
        "Of a long prompt only the end is read, and a long target is never written in one go.",
        "Move the long pairs to the trash",
        "tells",
        "is longer than a model reads",
        "are longer than a model reads",
    ),
    Check(
        TRIVIAL_TARGET,
        "Blank or trivial targets",
        "A target without a letter or a digit, such as a closing bracket, says little about your code.",
        "Move the trivial pairs to the trash",
        "tells",
        "has a trivial target",
        "have trivial targets",
    ),
)
BY_KEY = {check.key: check for check in CHECKS}


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """How a dataset is examined. Raises ConfigError that lists every option out of range.

    held_out, seed: as the training will split. near_duplicate_similarity: the share of equal shingles, of prompts and
    of targets, from which on pairs are nearly the same. longest_prompt, longest_target: in characters.

    leakage_at_most: the share of held-out pairs beyond which a dataset is not ready. duplicates_at_most,
    contradictions_at_most: the shares of all pairs beyond which the verdict tells them.

    near_duplicates_at_most, syntax_at_most: of more pairs, about that many are compared and parsed. unsound_at_most:
    after so many targets that are not sound no more are parsed, since one that is not takes a hundred times as long.
    """

    held_out: float = 0.15
    seed: int = 0
    near_duplicate_similarity: float = 0.85
    longest_prompt: int = 20_000
    longest_target: int = 2_000
    leakage_at_most: float = 0.1
    duplicates_at_most: float = 0.01
    contradictions_at_most: float = 0.3
    near_duplicates_at_most: int = 200_000
    syntax_at_most: int = 100_000
    unsound_at_most: int = 300

    def __post_init__(self) -> None:
        shares = ("held_out", "leakage_at_most", "duplicates_at_most", "contradictions_at_most")
        counts = ("longest_prompt", "longest_target", "near_duplicates_at_most", "syntax_at_most", "unsound_at_most")
        problems = [
            f"{name} is {getattr(self, name)}, use 0 to 1" for name in shares if not 0 <= getattr(self, name) <= 1
        ]
        problems += [f"{name} is {getattr(self, name)}, use at least 1" for name in counts if getattr(self, name) < 1]
        if not 0 < self.near_duplicate_similarity <= 1:
            problems.append(f"near_duplicate_similarity is {self.near_duplicate_similarity}, use more than 0 up to 1")
        if problems:
            raise ConfigError(f"The dataset cannot be examined like this: {'; '.join(problems)}.")


@dataclass(frozen=True, slots=True)
class Flag:
    """One fault of one pair. fix: whether the one-click fix of its check takes this pair out."""

    row_id: int
    check: str
    detail: str
    fix: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. examples: up to five row ids with detail. note: what was not looked at, or ""."""

    check: Check
    count: int
    fixable: int
    examples: tuple[tuple[int, str], ...]
    note: str = ""


@dataclass
class Examination:
    """Everything that was found, and the verdict in one line.

    flags: by check in the order of CHECKS, then as the rows came. remarks: sentences on the dataset as a whole.
    """

    flags: list[Flag]
    pair_count: int
    held_out_count: int
    findings: tuple[Finding, ...]
    verdict: str
    ready: bool
    remarks: tuple[str, ...] = ()
