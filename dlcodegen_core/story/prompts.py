"""The prompts of a story: held-out ones of the version's own training, and who answered them before it was trained.

A sequence model completes lines of held-out files; before, the base model did. DeepCodeNet gives the next token of
held-out pairs; before, there is only the token that is most frequent where completions begin. Where nothing was held
out, prompts are taken from what was learned, and the story says so.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dlcodegen_core.data.pairs import Pair, fingerprint
from dlcodegen_core.data.split import split_pairs
from dlcodegen_core.errors import DatasetError, ModelError, StoryError
from dlcodegen_core.evaluation.baselines.frequency import MostFrequentLine
from dlcodegen_core.evaluation.line_cases import LineCase, line_cases
from dlcodegen_core.evaluation.line_metrics import edit_similarity, exact_match, first_code_token
from dlcodegen_core.evaluation.version_report import LINE_TOKENS, PROMPT_CHARACTERS
from dlcodegen_core.inference.prediction import Prediction, PredictionRequest
from dlcodegen_core.inference.predictor import LoadedModel, Predictor
from dlcodegen_core.inference.sequence_answers import LoadedSequence
from dlcodegen_core.latency import LatencyClock
from dlcodegen_core.models import base_model
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.models.vocabulary import samples_of
from dlcodegen_core.story.story import StoryAnswer
from dlcodegen_core.training.sequence.source import SequenceSource

Ask = Callable[[PredictionRequest], Prediction]


@dataclass(frozen=True, slots=True)
class StoryPrompt:
    """One thing to ask. truth: what really came; of pairs, up to their first visible token. line: from 1, if known."""

    request: PredictionRequest
    truth: str
    path: str
    line: int | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Untrained:
    """Who answered before, and how: `ask` gives text and confidence, or `fixed` is all that it ever says."""

    told: str
    ask: Ask | None
    fixed: tuple[str, float | None] = ("", None)


@dataclass(frozen=True, slots=True)
class StoryPrompts:
    """What is asked. held_out_places: sources (and prompts of pairs without one) that were not learned from."""

    prompts: tuple[StoryPrompt, ...]
    held_out: bool
    untrained: Untrained
    held_out_places: frozenset[str]


def line_prompts(card: ModelCard, source: SequenceSource, predictor: Predictor, count: int) -> StoryPrompts:
    """Lines of the files that were held out of a sequence model's training. Raises StoryError if there are none."""
    training, held_out = source.split(card.config.held_out, card.config.seed)
    asked = line_cases(held_out, count, seed=0)
    from_held_out = bool(asked)
    asked = asked or line_cases(training, count, seed=0)
    if not asked:
        raise StoryError(f"{card.version} learned from no lines of code that a story could ask for. Train on more.")
    return StoryPrompts(
        tuple(_line_prompt(case) for case in asked),
        from_held_out,
        _before_lines(predictor, lambda: MostFrequentLine(training)),
        frozenset(file.path for file in held_out),
    )


def token_prompts(card: ModelCard, pairs: Sequence[Pair], count: int) -> StoryPrompts:
    """Pairs that were held out of DeepCodeNet's training. Raises DatasetError if they have changed since."""
    if fingerprint(pairs) != card.dataset_fingerprint:
        raise DatasetError(f"The dataset of {card.version} is not the one it was trained on. Train it again.")
    training, held_out = split_pairs(pairs, card.config.held_out, card.config.seed)
    first = {index: _first_token(pairs[index]) for index in range(len(pairs))}
    asked = [index for index in held_out if first[index].strip()]
    from_held_out = bool(asked)
    asked = asked or [index for index in training if first[index].strip()]
    counted = Counter(first[index] for index in training if first[index].strip())
    if not asked or not counted:
        raise StoryError(f"{card.version} learned from no pairs that a story could ask for. Train on more.")
    frequent = min(counted, key=lambda token: (-counted[token], token))
    drawn = random.Random(0).sample(asked, min(count, len(asked)))
    return StoryPrompts(
        tuple(_token_prompt(pairs[index], first[index], card) for index in drawn),
        from_held_out,
        Untrained(
            "the most frequent first token, which is all that can be said without looking at the prompt",
            None,
            (frequent, counted[frequent] / counted.total()),
        ),
        frozenset(place_of(pairs[index]) for index in held_out),
    )


def place_of(pair: Pair) -> str:
    """What a pair is held out by: its file, or its prompt where it has none."""
    return pair.source or pair.prompt


def asking(model: LoadedModel | LoadedSequence, predictor: Predictor) -> Ask:
    """How a version is asked: a sequence model anew each time, DeepCodeNet as everybody asks it."""
    if isinstance(model, LoadedModel):
        version = model.card.version
        return lambda request: predictor.predict(request, version)
    sequence = model

    def ask(request: PredictionRequest) -> Prediction:
        sequence.tree.clear()  # an answer along an earlier offer would be right, but its time would tell nothing
        return sequence.answer(request, LatencyClock())

    return ask


def judged(prompt: StoryPrompt, answer: Prediction, lines: bool) -> StoryAnswer:
    """An answer with its marks."""
    return _judged(
        prompt, answer.completion, answer.confidence if answer.candidates else None, lines, dict(answer.latency_ms),
        answer.cached,
    )  # fmt: skip


def judged_before(prompt: StoryPrompt, untrained: Untrained, lines: bool) -> StoryAnswer:
    """What was answered before the training, with its marks."""
    if untrained.ask is not None:
        return judged(prompt, untrained.ask(prompt.request), lines)
    text, confidence = untrained.fixed
    return _judged(prompt, text, confidence, lines, {}, cached=False)


def _judged(
    prompt: StoryPrompt, text: str, confidence: float | None, lines: bool, latency_ms: dict[str, float], cached: bool
) -> StoryAnswer:
    right = exact_match(text, prompt.truth) if lines else first_code_token(text) == first_code_token(prompt.truth)
    return StoryAnswer(text, confidence, right, edit_similarity(text, prompt.truth), latency_ms, cached)


def _before_lines(predictor: Predictor, frequent: Callable[[], MostFrequentLine]) -> Untrained:
    """The base model, or the most frequent line where none that works is shipped."""
    if base_model.is_there():
        try:
            base = predictor.model(base_model.NAME)
        except ModelError:
            base = None
        if isinstance(base, LoadedSequence):
            base.warm_up()
            return Untrained(
                "the base model, which has learned open source and nothing of this code", asking(base, predictor)
            )
    guess = frequent().complete("")
    told = "the most frequent line of the code, which is all that can be said without looking at the prompt"
    return Untrained(told, None, (guess.text, guess.confidence))


def _line_prompt(case: LineCase) -> StoryPrompt:
    request = PredictionRequest(case.prompt[-PROMPT_CHARACTERS:], max_tokens=LINE_TOKENS, stop=("\n",))
    return StoryPrompt(request, case.target, case.path, case.line, case.language)


def _token_prompt(pair: Pair, truth: str, card: ModelCard) -> StoryPrompt:
    language = card.config.language or pair.language
    return StoryPrompt(PredictionRequest(pair.prompt, language=language), truth, pair.source or "", pair.line, language)


def _first_token(pair: Pair) -> str:
    """The target up to its first visible token, as DeepCodeNet goes on when it is asked for one."""
    return "".join(sample.token or "" for sample in samples_of(pair.prompt, pair.target, 0, 1))
