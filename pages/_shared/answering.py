"""Which models can answer a prompt: production, the others that were trained here, newest first, and the base model."""

from dataclasses import dataclass

from dlcodegen_core import DLCodeGen, WorkbenchError
from dlcodegen_core.models.saved_model import ModelCard


@dataclass(frozen=True, slots=True)
class Answering:
    """What can be chosen. base is None where none is shipped or it is damaged; problems tell what is damaged.

    answers: the version that answers if none is chosen, empty if there is none.
    """

    trained: tuple[ModelCard, ...]
    base: ModelCard | None
    problems: tuple[str, ...]
    answers: str = ""

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """The one that answers first, then the others, newest first."""
        found = self.trained if self.base is None else (*self.trained, self.base)
        return tuple(sorted(found, key=lambda card: card.version != self.answers))


def answering(service: DLCodeGen) -> Answering:
    """All models of a workbench that can be asked."""
    found = service.versions.all()
    trained = tuple(card for card in found if isinstance(card, ModelCard))
    problems = [card.problem for card in found if not isinstance(card, ModelCard)]
    try:
        base = service.versions.base()
    except WorkbenchError as exc:
        base = None
        problems.append(str(exc))
    return Answering(trained, base, tuple(problems), service.versions.answering() or "")


def base_of(service: DLCodeGen) -> ModelCard | None:
    """The base model, None where there is none that works."""
    try:
        return service.versions.base()
    except WorkbenchError:
        return None
