"""What pairs are wanted of source files. Knows nothing of how they are cut."""

from dataclasses import dataclass

from dlcodegen_core.data.pairs import KINDS, MAX_TEXT_CHARS, NEXT_LINE
from dlcodegen_core.errors import ConfigError

MOST_PAIRS = 1_000_000


@dataclass(frozen=True, slots=True)
class CutOptions:
    """Which pairs are cut, and how many at most.

    kinds: some of `pairs.KINDS`; they share the pairs of a file evenly as far as it has places for each.
    seed: decides which places are taken where there are more than wanted, and where in a statement the cursor stands.
    prompt_characters, suffix_characters: how much of the code before and behind a target belongs to the pair, at most.
    """

    kinds: tuple[str, ...] = (NEXT_LINE,)
    most_pairs: int = 5_000
    seed: int = 0
    prompt_characters: int = 500
    suffix_characters: int = 400

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", tuple(self.kinds))
        rules = {
            "kinds": (
                bool(self.kinds) and set(self.kinds) <= set(KINDS) and len(set(self.kinds)) == len(self.kinds),
                f"one or more of {', '.join(KINDS)}, each once",
            ),
            "most_pairs": (1 <= self.most_pairs <= MOST_PAIRS, f"1 to {MOST_PAIRS}"),
            "seed": (0 <= self.seed < 2**32, "0 to 4294967295"),
            "prompt_characters": (1 <= self.prompt_characters <= MAX_TEXT_CHARS, f"1 to {MAX_TEXT_CHARS}"),
            "suffix_characters": (1 <= self.suffix_characters <= MAX_TEXT_CHARS, f"1 to {MAX_TEXT_CHARS}"),
        }
        wrong = [f"{name} is {getattr(self, name)}, use {rule}" for name, (holds, rule) in rules.items() if not holds]
        if wrong:
            raise ConfigError(f"Cutting pairs from source: {'; '.join(wrong)}.")
