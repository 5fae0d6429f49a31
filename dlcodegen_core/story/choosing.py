"""Which of all measured prompts a story shows: some that training helped most, some drawn blindly, and a mistake.

The choice is told with each example, so that nobody takes a chosen one for a typical one. The figures are over all.
"""

from collections.abc import Sequence

from dlcodegen_core.story.story import Chosen, StoryAnswer

HELPED, DRAWN = 2, 2
LEAST_HELP = 10  # points of similarity


def choose(before: Sequence[StoryAnswer], after: Sequence[StoryAnswer], lines: bool) -> list[tuple[int, Chosen]]:
    """Numbers of prompts in the order they are shown, at least one; prompts come in a drawn order.

    lines: whether likeness tells anything, as it does not of single tokens.
    """
    chosen: dict[int, Chosen] = {}
    gains = [_gain(early, late, lines) for early, late in zip(before, after, strict=True)]
    helped = [number for number, gain in enumerate(gains) if gain[0] > 0 or (gain[0] == 0 and gain[1] >= LEAST_HELP)]
    helped.sort(key=lambda number: gains[number], reverse=True)
    chosen.update(dict.fromkeys(helped[:HELPED], "helped"))
    mistake = _mistake(after, chosen)
    drawn = [number for number in range(len(after)) if number not in chosen and number != mistake][:DRAWN]
    chosen.update(dict.fromkeys(drawn, "drawn"))
    if mistake is not None:
        chosen[mistake] = "mistake"
    return list(chosen.items())


def _gain(early: StoryAnswer, late: StoryAnswer, lines: bool) -> tuple[int, float]:
    """What the training gave: right or not, then likeness."""
    return int(late.right) - int(early.right), late.similarity - early.similarity if lines else 0.0


def _mistake(after: Sequence[StoryAnswer], taken: dict[int, Chosen]) -> int | None:
    """The wrong answer that the version was surest of; one that is no answer at all only if there is no other."""
    wrong = [number for number, answer in enumerate(after) if not answer.right and number not in taken]
    return max(wrong, key=lambda n: (bool(after[n].text.strip()), after[n].confidence or 0.0, -n), default=None)
