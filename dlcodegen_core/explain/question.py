"""A request as DeepCodeNet reads it, and the token that an explanation of its answer is about.

That token is the first one of the completion. It is found as the predictor finds it, by beam search, so it is the one
that a person saw. Only DeepCodeNet is explained by its features: a sequence model reads tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.errors import ModelError, RequestError
from dlcodegen_core.features.language import LANGUAGES, detect
from dlcodegen_core.features.pipeline import compose
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.inference.predictor import LoadedModel
from dlcodegen_core.models.decoding import beam_search
from dlcodegen_core.models.vocabulary import END, UNKNOWN

if TYPE_CHECKING:
    from dlcodegen_core.inference.sequence_answers import LoadedSequence


@dataclass(frozen=True, slots=True)
class Question:
    """One text in one language, put to one model. request: what was asked of it."""

    model: LoadedModel
    request: PredictionRequest
    text: str
    language: str

    @classmethod
    def of(cls, model: "LoadedModel | LoadedSequence", request: PredictionRequest) -> "Question":
        """Raises ModelError for a sequence model, RequestError for options that DeepCodeNet does not know."""
        if not isinstance(model, LoadedModel):
            raise ModelError(
                f"Model {model.card.version} is a sequence model: it reads tokens, not the feature vector, so there "
                "are no features to explain. Choose a version that was trained as DeepCodeNet."
            )
        if request.suffix or request.temperature > 0:
            raise RequestError(
                "DeepCodeNet gives no answer to a request with a suffix or a temperature, so there is none to "
                "explain. Leave both out."
            )
        text = compose(request.prompt, request.context)
        language = request.language or model.card.config.language
        # Settled once: a text with a word left out must not be read as another language.
        return cls(model, request, text, language if language in LANGUAGES else detect(text))

    def features(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The feature vectors of texts read in the question's language, shape (len(texts), 544)."""
        return self.model.pipeline.transform(texts, [self.language] * len(texts))

    def class_of(self, token: str) -> int:
        """The class of a completion's first token, "" being the end. Raises RequestError if the model has no such."""
        number = self.model.vocabulary.class_of(token) if token else END
        if number == UNKNOWN:
            raise RequestError(
                f"The token {token!r} is not in the vocabulary of model {self.model.card.version}, so it cannot have "
                "been its answer. Give the first token of a completion of this model."
            )
        return number

    def winning_class(self, features: NDArray[np.float32]) -> int:
        """The class of the completion's first token; features: those of the text, shape (544,)."""

        def step(completions: Sequence[str]) -> NDArray[np.float32]:
            known = completions == [""]
            rows = features[np.newaxis] if known else self.features([self.text + done for done in completions])
            return self.model.network.log_probabilities(rows)

        request = self.request
        best = beam_search(step, self.model.vocabulary, request.beams, request.max_tokens, request.stop)[0]
        return self.class_of(best.tokens[0] if best.tokens else "")
