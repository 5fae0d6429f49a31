"""What a person's feedback teaches: after this prompt comes that text.

A lesson is an ordinary pair of a stored dataset. Here it is made into what models learn from and are asked. Knows
neither models nor where the feedback came from.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from dlcodegen_core.data.pairs import Pair

# Of a prompt: enough to find the place again by, and no more. Lessons are counted several times, and with long prompts
# what happened to stand there would weigh more than the code that the model was trained on.
TAIL_CHARACTERS = 240
FEWEST_FOR_HELD_OUT = 20
HELD_OUT_SHARE = 5  # one in so many


@dataclass(frozen=True, slots=True)
class Lesson:
    """After `prompt` comes `target`; language as in the pair, None if unknown."""

    prompt: str
    target: str
    language: str | None = None

    @property
    def digest(self) -> str:
        """Names the lesson without telling it: sha256 of prompt, NUL, target, in hexadecimal."""
        return hashlib.sha256(f"{self.prompt}\0{self.target}".encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def question(self) -> str:
        """The prompt up to where the first taught line begins: blank beginnings of the target belong to it."""
        return self.prompt + self.target[: self._begins]

    @property
    def line(self) -> str:
        """The first taught line, without spaces at its end."""
        return self.target[self._begins :].split("\n", 1)[0].rstrip()

    @property
    def text(self) -> str:
        """The end of the prompt, from the beginning of a line where it can be, and what is taught."""
        return f"{tail(self.prompt)}{self.target}\n"

    @property
    def _begins(self) -> int:
        """Where the first line of the target begins that shows anything; its indentation is asked with the prompt."""
        blank = self.target[: len(self.target) - len(self.target.lstrip())]
        return len(blank) if "\n" in blank else 0


def lessons_of(pairs: Sequence[Pair]) -> list[Lesson]:
    """One lesson for each different pair of prompt and target, in order."""
    return list(dict.fromkeys(Lesson(pair.prompt, pair.target, pair.language) for pair in pairs))


def tail(prompt: str) -> str:
    """The end of a prompt, from the beginning of a line on unless its last line is longer than all that is kept."""
    if len(prompt) <= TAIL_CHARACTERS:
        return prompt
    end = prompt[-TAIL_CHARACTERS:]
    return end[end.find("\n") + 1 :] if "\n" in end[:-1] else end


def taught_lines(lessons: Sequence[Lesson]) -> set[str]:
    """Every line that the lessons show, without blanks around it: no line to examine anybody with."""
    return {line.strip() for lesson in lessons for line in lesson.text.split("\n") if line.strip()}


def set_aside(lessons: Sequence[Lesson]) -> tuple[list[Lesson], list[Lesson]]:
    """Lessons to learn first, and a fifth of them to see what carries over to those; none of fewer than twenty.

    Drawn by their digests, so the same lessons always part alike. Lessons of one prompt stand on one side.
    """
    prompts = sorted({lesson.prompt for lesson in lessons}, key=_draw)
    if len(prompts) < FEWEST_FOR_HELD_OUT:
        return list(lessons), []
    kept_back = set(prompts[: len(prompts) // HELD_OUT_SHARE])
    return (
        [lesson for lesson in lessons if lesson.prompt not in kept_back],
        [lesson for lesson in lessons if lesson.prompt in kept_back],
    )


def _draw(prompt: str) -> str:
    return hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()
