"""What a version answers to the prompt of one pair, beside what the pair says should come."""

from dataclasses import dataclass

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.evaluation.line_metrics import edit_similarity, exact_match
from dlcodegen_core.inference.prediction import Prediction, PredictionRequest
from dlcodegen_core.inference.predictor import Predictor
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.models.vocabulary import samples_of

LINE_TOKENS = 48


@dataclass(frozen=True, slots=True)
class PairAnswer:
    """truth: as much of the target as was asked for: its first line, or the tokens that DeepCodeNet learned of it.

    right: whether the completion is that; similarity: of the two, 0..100.
    """

    prediction: Prediction
    truth: str
    right: bool
    similarity: float


def answer_pair(predictor: Predictor, card: ModelCard, pair: Pair) -> PairAnswer:
    """Ask a version with a pair's prompt. Raises RequestError, ModelError or EmbeddingError."""
    request, truth = _line_of(pair) if card.is_sequence else _tokens_of(pair, card.config.tokens_per_pair)
    prediction = predictor.predict(request, card.version)
    said = prediction.completion
    return PairAnswer(prediction, truth, exact_match(said, truth), edit_similarity(said, truth))


def _line_of(pair: Pair) -> tuple[PredictionRequest, str]:
    """The first line of the target that shows something; line ends before it are taken as typed."""
    blank = pair.target[: len(pair.target) - len(pair.target.lstrip())]
    begun = blank if "\n" in blank else ""
    truth, _end, more = pair.target[len(begun) :].partition("\n")
    # Behind a target of several lines stands its own rest, which must not be given away.
    suffix = "" if more else pair.suffix or ""
    request = PredictionRequest(pair.prompt + begun, max_tokens=LINE_TOKENS, stop=("\n",), suffix=suffix)
    return request, truth


def _tokens_of(pair: Pair, tokens: int) -> tuple[PredictionRequest, str]:
    learned = samples_of(pair.prompt, pair.target, 0, tokens)
    return PredictionRequest(pair.prompt, max_tokens=min(tokens, 64)), "".join(one.token or "" for one in learned)
