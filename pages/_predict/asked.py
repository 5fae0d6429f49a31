"""What was asked on the Predict page and what came back; kept in the session while other widgets change."""

from dataclasses import dataclass
from typing import Any

from dlcodegen_core import DLCodeGen, Prediction
from dlcodegen_core.inference.prediction import PredictionRequest


@dataclass(frozen=True)
class Asked:
    """options: as they went to `predict`, the version among them."""

    prompt: str
    context: tuple[str, ...]
    options: dict[str, Any]
    answer: Prediction

    @property
    def request(self) -> PredictionRequest:
        """The question without the version."""
        rest = {name: value for name, value in self.options.items() if name != "version"}
        return PredictionRequest.of(self.prompt, self.context, **rest)


def ask_model(
    service: DLCodeGen, prompt: str, context: tuple[str, ...], options: dict[str, Any], version: str
) -> Prediction:
    """What a version itself says, without what people taught: for looking into models, not for completing code."""
    rest = {name: value for name, value in options.items() if name != "version"}
    return service.predictor.predict(PredictionRequest.of(prompt, context, **rest), version)
