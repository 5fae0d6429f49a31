"""What completes a line, as the scoreboard sees it: trained models and simple baselines speak this one interface."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LineGuess:
    """The rest of the line, without a newline. confidence: 0..1 that all of it is right, None where there is none."""

    text: str
    confidence: float | None = None


class LineSystem(Protocol):
    """Anything that completes lines."""

    @property
    def name(self) -> str:
        """What people call it; unique on a scoreboard."""

    def complete(self, prompt: str) -> LineGuess:
        """The rest of the line that the prompt breaks off in. Raises WorkbenchError if it cannot answer."""
