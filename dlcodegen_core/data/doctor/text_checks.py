"""The faults that a pair shows on its own, syntax apart: secrets, addresses, encoding, length, and the answer given."""

import re
from collections.abc import Iterator

from dlcodegen_core.data.doctor.checks import (
    EMAIL_ADDRESS,
    SECRET,
    TARGET_IN_PROMPT,
    TOO_LONG,
    TRIVIAL_TARGET,
    WRONG_ENCODING,
    DoctorOptions,
)
from dlcodegen_core.data.doctor.encoding import wrong_encoding
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.private_data import addresses_in, secrets_in, shown

# What is shorter than this repeats by itself in honest code.
GIVEN_CHARACTERS = 80
GIVEN_LINES = 3
GIVEN_AT_THE_END = 40  # characters, if the prompt ends with them

_WORD = re.compile(r"[\w\"'`]")  # a quoted bracket is a word of its own


def faults_of(pair: Pair, options: DoctorOptions) -> Iterator[tuple[str, str]]:
    """The checks that a pair fails, each with a detail. A detail never holds the secret or the address itself."""
    text = f"{pair.prompt}{pair.target}{pair.suffix or ''}"
    if secret := next(secrets_in(text), None):
        yield SECRET, f"{secret.kind}: {shown(text[secret.start : secret.end])}"
    if addresses := addresses_in(text):
        name, _at, place = addresses[0].partition("@")
        yield EMAIL_ADDRESS, f"{name[0]}…@{place}"
    if garbled := wrong_encoding(text):
        yield WRONG_ENCODING, garbled
    if given := _given(pair.prompt, pair.target.strip()):
        yield TARGET_IN_PROMPT, given
    if len(pair.prompt) > options.longest_prompt:
        yield TOO_LONG, f"the prompt has {len(pair.prompt):,} characters, at most {options.longest_prompt:,} are read"
    elif len(pair.target) > options.longest_target:
        yield (
            TOO_LONG,
            f"the target has {len(pair.target):,} characters, at most {options.longest_target:,} are written",
        )
    if not _WORD.search(pair.target):
        yield (
            TRIVIAL_TARGET,
            f"the target is {pair.target.strip()[:20]}" if pair.target.strip() else "the target is blank",
        )


def _given(prompt: str, target: str) -> str:
    """How the prompt gives the target away; empty if it does not."""
    if len(target) >= GIVEN_AT_THE_END and prompt.rstrip().endswith(target):
        return "the prompt ends with the target"
    lines = target.count("\n") + 1
    if (
        (lines >= GIVEN_LINES or len(target) >= GIVEN_CHARACTERS)
        and len(target) >= GIVEN_AT_THE_END
        and target in prompt
    ):
        return (
            f"all {lines} lines of the target stand in the prompt" if lines > 1 else "the target stands in the prompt"
        )
    return ""
