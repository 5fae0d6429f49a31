"""`python -m benchmarks.explanations [PROMPTS]`: how long after a prediction its explanation is there.

Trains both kinds of model on the standard library, asks held-out prompts, and then computes what the Predict page
computes: what it opens with, and all that it offers without a further press. Leaving words out is pressed for, so it
is told apart. The models are loaded and the prediction is made before the clock starts, as on the page.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.report import Row, median, percentile, print_table
from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.data.demo import standard_library_pairs
from dlcodegen_core.inference.prediction import Prediction, PredictionRequest

PAIRS = 800
PROMPTS = 60
OCCLUDED = 5
WANTED = "<= 300 ms"
NAME = "library"
SEQUENCE = TrainConfig.sequence(seconds=25)
TOKENS = TrainConfig(epochs=20)


def explanation_rows(prompts: int = PROMPTS) -> list[Row]:
    """Median and 95th percentile for both kinds, in milliseconds."""
    pairs = standard_library_pairs(PAIRS + prompts)
    # Held out by place: every so many, so that they are of many files.
    step = max(2, len(pairs) // prompts)
    asked = [pair.prompt for pair in pairs[::step]][:prompts]
    learned = [pair for place, pair in enumerate(pairs) if place % step]
    with tempfile.TemporaryDirectory() as name:
        service = DLCodeGen(Settings(home=Path(name) / "home", embedder="local"))
        try:
            service.datasets.create(NAME, learned)
            tokens = service.train(NAME, TOKENS).version
            lines = service.train(NAME, SEQUENCE).version
            service.workshop.build_index(NAME)
            return [*_line_rows(service, lines, asked), *_token_rows(service, tokens, asked)]
        finally:
            service.close()


def _line_rows(service: DLCodeGen, version: str, prompts: Sequence[str]) -> list[Row]:
    def whole(request: PredictionRequest, answer: Prediction) -> None:
        _origins(service, request, answer)
        _rest(service, request, answer)

    first, everything = [], []
    for request, answer in _asked(service, version, prompts, {"max_tokens": 48, "beams": 5, "stop": ["\n"]}):
        first.append(_timed(lambda: _origins(service, request, answer)))  # noqa: B023  # called at once
        everything.append(_timed(lambda: whole(request, answer)))  # noqa: B023
    return [
        _row("sequence model: where each token comes from, which the page opens with", first),
        _row("sequence model: that, the nearest pairs and the prompt in numbers", everything),
    ]


def _token_rows(service: DLCodeGen, version: str, prompts: Sequence[str]) -> list[Row]:
    def whole(request: PredictionRequest, answer: Prediction) -> None:
        _pushes(service, request, answer)
        _rest(service, request, answer)

    first, everything, words = [], [], []
    for number, (request, answer) in enumerate(_asked(service, version, prompts, {"beams": 5})):
        first.append(_timed(lambda: _pushes(service, request, answer)))  # noqa: B023
        everything.append(_timed(lambda: whole(request, answer)))  # noqa: B023
        if number < OCCLUDED:
            words.append(_timed(lambda: service.explainer.occlude(request, version, _token(answer))))  # noqa: B023
    return [
        _row("DeepCodeNet: what pushed it, which the page opens with", first),
        _row("DeepCodeNet: that, the nearest pairs and the prompt in numbers", everything),
        _row("DeepCodeNet: which words mattered, on demand", words, "-"),
    ]


def _asked(
    service: DLCodeGen, version: str, prompts: Sequence[str], options: dict[str, object]
) -> list[tuple[PredictionRequest, Prediction]]:
    """Every prompt with its prediction; the first explanation, which loads what is loaded once, is thrown away."""
    requests = [PredictionRequest.of(prompt, **options) for prompt in prompts]
    found = [(request, service.predictor.predict(request, version)) for request in requests]
    request, answer = found[0]
    explain = _origins if service.versions.card(version).is_sequence else _pushes
    explain(service, request, answer)
    _rest(service, request, answer)
    return found


def _origins(service: DLCodeGen, request: PredictionRequest, answer: Prediction) -> None:
    service.explainer.explain_completion(request, answer.version, answer.completion)


def _pushes(service: DLCodeGen, request: PredictionRequest, answer: Prediction) -> None:
    service.explainer.explain_features(request, answer.version, _token(answer))


def _rest(service: DLCodeGen, request: PredictionRequest, answer: Prediction) -> None:
    service.workshop.index_state(NAME)
    service.workshop.nearest(NAME, request.prompt, 5)
    service.explainer.break_down(answer)


def _token(answer: Prediction) -> str:
    return next(iter(answer.candidates[0].tokens), "")


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _row(what: str, milliseconds: Sequence[float], wanted: str = WANTED) -> Row:
    told = f"{median(milliseconds):.0f} ms median, {percentile(milliseconds, 0.95):.0f} ms p95"
    return Row(what, "-", wanted, f"{told}, of {len(milliseconds)}")


if __name__ == "__main__":
    print_table(explanation_rows(int(sys.argv[1]) if len(sys.argv) > 1 else PROMPTS))
