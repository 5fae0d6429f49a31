"""A story: how one version came from knowing nothing to what it is, told by a few prompts that it had not seen.

Plain frozen data, all of it measured when the story was made, and all that is needed to show it: no model, no data and
no service. Four chapters: untrained, trained, explained, corrected. Nothing is computed here but whether it holds
together; a file from elsewhere is read through these same checks.
"""

from collections.abc import Mapping, Sized
from dataclasses import dataclass
from typing import Literal

from dlcodegen_core.evaluation.line_metrics import Interval

Kind = Literal["sequence", "deepcodenet"]
# Why an example is shown: of all measured prompts, training helped here most; it was drawn; it is the mistake that the
# version was surest of.
Chosen = Literal["helped", "drawn", "mistake"]
Source = Literal["network", "counts", "prompt", "neighbours", "base rate"]

FEWEST_EXAMPLES, MOST_EXAMPLES = 1, 6


@dataclass(frozen=True, slots=True)
class StoryModel:
    """The version that the story is about. learned, held_out: tokens of a sequence model, samples of DeepCodeNet.

    seconds: the training took. parent: the version it was fine-tuned from, else empty.
    """

    version: str
    name: str
    kind: Kind
    dataset: str
    trained_at: str
    seconds: float | None
    learned: int
    held_out: int
    parent: str = ""


@dataclass(frozen=True, slots=True)
class StoryAnswer:
    """What somebody answered to a prompt. similarity: to the truth, 0..100. latency_ms: stage -> milliseconds.

    right: a line is the same but for blanks at its end; of DeepCodeNet's completion, the first visible token.
    """

    text: str
    confidence: float | None
    right: bool
    similarity: float
    latency_ms: Mapping[str, float]
    cached: bool = False

    def __post_init__(self) -> None:
        _share("confidence", self.confidence)
        _within("similarity", self.similarity, 0, 100)
        _at_most("stages", self.latency_ms, 20)
        if any(taken < 0 for taken in self.latency_ms.values()):
            raise ValueError("latency_ms holds a time below 0")

    @property
    def total_ms(self) -> float:
        return sum(self.latency_ms.values())


@dataclass(frozen=True, slots=True)
class Origin:
    """Tokens in a row that one predictor gave, from one place where it saw any. places: up to three, in words."""

    text: str
    source: Source
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OriginToken:
    """One token: its probability, who gave most of that, which share of it, and how many tokens before it matched."""

    text: str
    probability: float
    source: Source
    share: float
    match: int

    def __post_init__(self) -> None:
        _share("probability", self.probability)
        _share("share", self.share)


@dataclass(frozen=True, slots=True)
class Repeated:
    """A stretch of the completion that stands word for word in what was learned. files: how many hold it, if known."""

    text: str
    characters: int
    place: str
    files: int | None


@dataclass(frozen=True, slots=True)
class Push:
    """What a feature group or one of the 544 numbers gave to the token, in nats; value is None for a group."""

    name: str
    push: float
    value: float | None = None


@dataclass(frozen=True, slots=True)
class NearPair:
    """A pair that was learned and whose prompt is like this one. similarity: -1..1."""

    prompt: str
    target: str
    place: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Explained:
    """Why the version answered as it did.

    Of a sequence model: origins, tokens and what is repeated. Of DeepCodeNet: token, its probability for the prompt
    and at the baseline, groups and the strongest dimensions. near: the nearest training pairs, nearest_note: why there
    are none. note: what to tell besides.
    """

    origins: tuple[Origin, ...] = ()
    tokens: tuple[OriginToken, ...] = ()
    repeated: Repeated | None = None
    token: str = ""
    probability: float | None = None
    baseline: str = ""
    baseline_probability: float | None = None
    groups: tuple[Push, ...] = ()
    dimensions: tuple[Push, ...] = ()
    near: tuple[NearPair, ...] = ()
    near_note: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        _share("probability", self.probability)
        _share("baseline_probability", self.baseline_probability)
        for name, most in (("origins", 300), ("tokens", 300), ("groups", 20), ("dimensions", 50), ("near", 10)):
            _at_most(name, getattr(self, name), most)


@dataclass(frozen=True, slots=True)
class Example:
    """One prompt in the story: its last lines, where it stands, what was really there, and both answers."""

    chosen: Chosen
    path: str
    line: int | None
    language: str | None
    prompt: str
    truth: str
    before: StoryAnswer
    after: StoryAnswer
    explained: Explained


@dataclass(frozen=True, slots=True)
class Score:
    """One side over all measured prompts. right: share, 0..1. similarity: 0..100, None where only a token is asked.

    With 95 % intervals. p50_ms: the median time of an answer, None where nothing had to be computed.
    """

    right: Interval
    similarity: Interval | None
    p50_ms: float | None

    def __post_init__(self) -> None:
        _share("right", self.right.mean)
        _within("similarity", self.similarity.mean if self.similarity else None, 0, 100)
        _within("p50_ms", self.p50_ms, 0, 1e9)


@dataclass(frozen=True, slots=True)
class Figures:
    """Both sides over the same prompts. held_out: whether the version had not learned from them.

    gain: how much better it is after, with its 95 % interval: in similarity, or in the share that is right where only
    a token is asked.
    """

    prompts: int
    files: int
    held_out: bool
    before: Score
    after: Score
    gain: Interval


@dataclass(frozen=True, slots=True)
class Curves:
    """The training's curves: values at `places`, which are epochs or seconds. None where a value was not measured."""

    axis: Literal["epoch", "seconds"]
    places: tuple[float, ...]
    loss: tuple[float | None, ...]
    val_loss: tuple[float | None, ...]
    accuracy: tuple[float | None, ...]
    val_accuracy: tuple[float | None, ...]

    def __post_init__(self) -> None:
        if {len(line) for line in (self.loss, self.val_loss, self.accuracy, self.val_accuracy)} != {len(self.places)}:
            raise ValueError("its lines differ in length")
        _at_most("points", self.places, 1_000)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A system of the version's report. own: whether it is the version. The figures are None without an answer."""

    name: str
    own: bool
    right: Interval | None
    similarity: Interval | None
    p50_ms: float | None


@dataclass(frozen=True, slots=True)
class ReportFigures:
    """The scoreboard of the version's report, best first."""

    made_at: str
    prompts: int
    files: int
    rows: tuple[ReportRow, ...]

    def __post_init__(self) -> None:
        _at_most("systems", self.rows, 100)


@dataclass(frozen=True, slots=True)
class Correction:
    """The mistake of example `example` (from 0), the text given as its correction, and the answer after that.

    alike: of how many other prompts of the story the answer stayed the same, of `others` that were asked again.
    """

    example: int
    given: str
    after: StoryAnswer
    alike: int
    others: int


@dataclass(frozen=True, slots=True)
class Story:
    """untrained: who answered before, in words. report_note, correction_note: why there is none, else empty."""

    made_at: str
    model: StoryModel
    untrained: str
    figures: Figures
    examples: tuple[Example, ...]
    curves: Curves | None
    report: ReportFigures | None
    report_note: str
    correction: Correction | None
    correction_note: str

    def __post_init__(self) -> None:
        _within("the number of examples", len(self.examples), FEWEST_EXAMPLES, MOST_EXAMPLES)
        if self.correction is not None and not 0 <= self.correction.example < len(self.examples):
            raise ValueError(f"the correction is of example {self.correction.example}, which there is not")

    @property
    def title(self) -> str:
        return f"{self.model.version} {self.model.name}".strip()


def _share(name: str, value: float | None) -> None:
    _within(name, value, 0, 1)


def _at_most(name: str, values: Sized, most: int) -> None:
    if len(values) > most:
        raise ValueError(f"it has {len(values):,} {name}, more than {most}")


def _within(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise ValueError(f"{name} is {value}, not from {low} to {high}")
