"""Makes a story: asks the untrained and the trained model the same prompts, explains, and corrects one mistake.

Everything is measured here and now; nothing is changed: what is corrected is remembered for as long as it takes to ask
once more. Figures are over all prompts, and the few that are shown are chosen by `choosing`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, TypeVar

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import StorageError, StoryError
from dlcodegen_core.evaluation.line_metrics import bootstrap_interval, latency_percentiles, paired_bootstrap_difference
from dlcodegen_core.evaluation.version_report import ReportProgress, VersionReport
from dlcodegen_core.inference.prediction import Prediction, PredictionRequest
from dlcodegen_core.inference.predictor import LoadedModel, Predictor
from dlcodegen_core.models import base_model
from dlcodegen_core.models.saved_model import ModelCard, load_training_features
from dlcodegen_core.registry.versions import VersionStore
from dlcodegen_core.retrieval.records import Neighbour
from dlcodegen_core.story.choosing import choose
from dlcodegen_core.story.correcting import taught_once
from dlcodegen_core.story.explaining import explain_line, explain_token, near_pairs
from dlcodegen_core.story.prompts import (
    StoryPrompt,
    StoryPrompts,
    asking,
    judged,
    judged_before,
    line_prompts,
    token_prompts,
)
from dlcodegen_core.story.story import (
    Chosen,
    Correction,
    Curves,
    Example,
    Explained,
    Figures,
    NearPair,
    ReportFigures,
    ReportRow,
    Score,
    Story,
    StoryAnswer,
    StoryModel,
)
from dlcodegen_core.story.story_file import from_bytes, to_bytes
from dlcodegen_core.training.sequence.source import SequenceSource

T = TypeVar("T")

PROMPTS = 40
SHOWN_LINES, SHOWN_CHARACTERS = 12, 2_000
WARM_UP = PredictionRequest("def f(x):\n    ")
MOST_POINTS = 400  # of a curve
NO_REPORT = "{version} was not measured against baselines. Do so on the Evaluate page, then make the story again."
NO_REPORT_OF_TOKENS = "Models that give the next token are measured against no baselines but the one in this story."
ALL_RIGHT = "It made no mistake on these {prompts} prompts, so there is nothing to correct."
NO_PAIRS = "It was trained on a folder, not on a stored dataset of pairs, so no pairs can be looked up."


@dataclass(frozen=True, slots=True)
class StoryTools:
    """What a story is made with. pairs: of a stored dataset and its revision. source_of: what a sequence model learned
    from. nearest: the nearest pairs of a dataset, None where nobody can tell.
    """

    versions: VersionStore
    predictor: Predictor
    pairs: Callable[[str, int], Sequence[Pair]]
    source_of: Callable[[ModelCard], SequenceSource]
    report: Callable[[str], VersionReport | None]
    nearest: Callable[[str, str, int], Sequence[Neighbour]] | None = None


def make_story(
    tools: StoryTools,
    version: str,
    progress: ReportProgress = lambda what, share: None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    prompts: int = PROMPTS,
) -> Story:
    """The story of one version; some seconds to a minute. prompts: how many are asked at most.

    Raises StoryError or DatasetError if there is nothing to ask or its source is gone, ModelError, EmbeddingError.
    """
    if version == base_model.NAME:
        raise StoryError("The base model has learned nothing of yours, so it has no story. Train a model of your own.")
    return _Making(tools, version, progress, now, prompts).make()


class _Making:
    """One story in the making."""

    def __init__(
        self, tools: StoryTools, version: str, progress: ReportProgress, now: Callable[[], datetime], prompts: int
    ) -> None:
        self._tools = tools
        self._progress = progress
        self._now = now
        self._count = prompts
        self._card = tools.versions.card(version)
        self._model = tools.predictor.model(version)
        self._lines = self._card.is_sequence
        self._ask = asking(self._model, tools.predictor)

    def make(self) -> Story:
        self._progress("finding prompts that it has not seen", 0.0)
        asked = self._asked()
        before = self._each(
            asked, "before the training", 0.05, lambda p: judged_before(p, asked.untrained, self._lines)
        )
        self._ask(WARM_UP)  # what is made at the first answer is no part of anybody's time
        answers = self._each(asked, "after it", 0.4, lambda prompt: self._ask(prompt.request))
        after = [judged(*pair, self._lines) for pair in zip(asked.prompts, answers, strict=True)]
        chosen = choose(before, after, self._lines)
        shown = [number for number, _why in chosen]
        explained = self._explained(asked, answers, shown)
        examples = tuple(
            _example(why, asked.prompts[number], before[number], after[number], told)
            for (number, why), told in zip(chosen, explained, strict=True)
        )
        self._progress("correcting a mistake", 0.95)
        correction, correction_note = self._corrected(asked, answers, chosen)
        report, report_note = self._report()
        story = Story(
            made_at=self._now().isoformat(timespec="seconds"),
            model=_model_of(self._card),
            untrained=asked.untrained.told,
            figures=self._figures(asked, before, after),
            examples=examples,
            curves=_curves_of(self._card),
            report=report,
            report_note=report_note,
            correction=correction,
            correction_note=correction_note,
        )
        # What is handed out is what its file will give back, also where a text is odd or very long.
        return from_bytes(to_bytes(story), f"The story of {self._card.version}")

    def _asked(self) -> StoryPrompts:
        card = self._card
        if self._lines:
            return line_prompts(card, self._tools.source_of(card), self._tools.predictor, self._count)
        if card.dataset_revision is None:
            raise StoryError(
                f"{card.version} was trained on a file that is not kept, so there are no prompts to tell its story "
                "with. Import the file as a dataset and train on that."
            )
        return token_prompts(card, self._tools.pairs(card.dataset, card.dataset_revision), self._count)

    def _each(self, asked: StoryPrompts, when: str, share: float, ask: Callable[[StoryPrompt], T]) -> list[T]:
        """An answer to every prompt, told on the way; it takes a third of the time or so."""
        answers = []
        for number, prompt in enumerate(asked.prompts):
            self._progress(f"asking what it would say {when}", share + 0.35 * number / len(asked.prompts))
            answers.append(ask(prompt))
        return answers

    def _explained(self, asked: StoryPrompts, answers: Sequence[Prediction], shown: Sequence[int]) -> list[Explained]:
        spread = None if self._lines else load_training_features(self._tools.versions.folder(self._card.version))
        told = []
        for place, number in enumerate(shown):
            self._progress("explaining its answers", 0.75 + 0.2 * place / len(shown))
            request, answer = asked.prompts[number].request, answers[number]
            if isinstance(self._model, LoadedModel):
                found = explain_token(self._model, answer, request, spread)
            else:
                found = explain_line(self._model, request, answer.completion)
            near, note = self._near(request, asked)
            told.append(replace(found, near=near, near_note=note))
        return told

    def _near(self, request: PredictionRequest, asked: StoryPrompts) -> tuple[tuple[NearPair, ...], str]:
        nearest, dataset = self._tools.nearest, self._card.dataset
        if nearest is None or self._card.dataset_revision is None:
            return (), NO_PAIRS if self._card.dataset_revision is None else ""
        return near_pairs(lambda prompt, count: nearest(dataset, prompt, count), request.prompt, asked.held_out_places)

    def _figures(self, asked: StoryPrompts, before: Sequence[StoryAnswer], after: Sequence[StoryAnswer]) -> Figures:
        places = [prompt.path or prompt.request.prompt for prompt in asked.prompts]
        return Figures(
            prompts=len(places),
            files=len({prompt.path for prompt in asked.prompts if prompt.path}),
            held_out=asked.held_out,
            before=_score(before, places, self._lines),
            after=_score(after, places, self._lines),
            gain=paired_bootstrap_difference(_marks(after, self._lines), _marks(before, self._lines), places),
        )

    def _corrected(
        self, asked: StoryPrompts, answers: Sequence[Prediction], chosen: Sequence[tuple[int, Chosen]]
    ) -> tuple[Correction | None, str]:
        """The mistake, corrected; the memory of that is gone afterwards."""
        place = next((place for place, (_number, why) in enumerate(chosen) if why == "mistake"), None)
        if place is None:
            return None, ALL_RIGHT.format(prompts=len(asked.prompts))
        number = chosen[place][0]
        prompt = asked.prompts[number]
        others = [n for n in range(len(answers)) if n != number]
        with taught_once(prompt.request, prompt.truth) as corrected:
            after = judged(prompt, corrected(answers[number], prompt.request), self._lines)
            again = [corrected(answers[n], asked.prompts[n].request).completion for n in others]
        alike = sum(text == answers[n].completion for n, text in zip(others, again, strict=True))
        return Correction(place, prompt.truth, after, alike, len(others)), ""

    def _report(self) -> tuple[ReportFigures | None, str]:
        if not self._lines:
            return None, NO_REPORT_OF_TOKENS
        try:
            report = self._tools.report(self._card.version)
        except StorageError as exc:
            return None, str(exc)
        return (_report_of(report), "") if report else (None, NO_REPORT.format(version=self._card.version))


def _example(why: Chosen, prompt: StoryPrompt, before: StoryAnswer, after: StoryAnswer, told: Explained) -> Example:
    shown = "\n".join(prompt.request.prompt.split("\n")[-SHOWN_LINES:])[-SHOWN_CHARACTERS:]
    return Example(why, prompt.path, prompt.line, prompt.language, shown, prompt.truth, before, after, told)


def _model_of(card: ModelCard) -> StoryModel:
    metrics = card.metrics
    return StoryModel(
        version=card.version,
        name=card.name,
        kind="sequence" if card.is_sequence else "deepcodenet",
        dataset=card.dataset,
        trained_at=card.created_at,
        seconds=_finite(metrics.get("seconds")),
        learned=int(metrics.get("samples") or card.samples),
        held_out=int(metrics.get("held_out_samples") or 0),
        parent=card.parent,
    )


def _score(answers: Sequence[StoryAnswer], places: Sequence[str], lines: bool) -> Score:
    times = [answer.total_ms for answer in answers if answer.latency_ms]
    return Score(
        right=bootstrap_interval(_marks(answers, lines=False), places),
        similarity=bootstrap_interval(_marks(answers, lines), places) if lines else None,
        p50_ms=latency_percentiles(times)[0] if times else None,
    )


def _marks(answers: Sequence[StoryAnswer], lines: bool) -> list[float]:
    """How alike each line is to the true one, or whether it is right."""
    return [answer.similarity if lines else float(answer.right) for answer in answers]


def _curves_of(card: ModelCard) -> Curves | None:
    """The card's records of the training; None of a version that has none."""
    step = max(1, -(-len(card.curves) // MOST_POINTS))
    records = [record for n, record in enumerate(card.curves) if n % step == 0 or n == len(card.curves) - 1]
    axis: Literal["epoch", "seconds"] = "seconds" if card.is_sequence else "epoch"
    places = [_finite(record.get(axis)) for record in records]
    if not records or None in places:
        return None
    lines = {
        name: tuple(_finite(record.get(name)) for record in records)
        for name in ("loss", "val_loss", "accuracy", "val_accuracy")
    }
    if card.is_sequence:
        lines["accuracy"] = (None,) * len(records)  # measured on a few passages only, so it is shown nowhere
    return Curves(axis, tuple(place for place in places if place is not None), **lines)


def _report_of(report: VersionReport) -> ReportFigures:
    board = report.scoreboard
    rows = [
        ReportRow(system.name, system.name == report.system, system.exact_match, system.edit_similarity, system.p50_ms)
        for system in board.systems
    ]
    rows.sort(key=lambda row: -(row.similarity.mean if row.similarity else -1.0))
    return ReportFigures(report.created_at, len(board.cases), board.files, tuple(rows))


def _finite(value: object) -> float | None:
    number = float(value) if isinstance(value, int | float) else math.nan
    return number if math.isfinite(number) else None
