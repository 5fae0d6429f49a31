"""What an A/B test is, what is counted in it, and what comes out. Values alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dlcodegen_core.errors import ExperimentError
from dlcodegen_core.experiments.e_process import Interval, block_sizes

ACCEPTED, EDITED, REJECTED = "accepted", "edited", "rejected"
RESULTS = (ACCEPTED, EDITED, REJECTED)
# What counts as success: taken as it was; taken, with changes or without; how much of it was kept, a rejected one 0.
BY_ACCEPTED, BY_KEPT, BY_SIMILARITY = "accepted", "kept", "similarity"
MEASURES = (BY_ACCEPTED, BY_KEPT, BY_SIMILARITY)
LETTERS = ("A", "B")
MAX_NAME_CHARACTERS = 80
MAX_TEXT_CHARACTERS = 4_000  # of a shadow's text; it is compared, not read
SIMILARITY_DIGITS = 3
_ARM = re.compile(r"([1-9][0-9]{0,8}):([AB])")


@dataclass(frozen=True, slots=True)
class Arm:
    """A version and its share of the traffic, 0..1."""

    version: str
    share: float = 0.5


@dataclass(frozen=True, slots=True)
class Experiment:
    """An A/B test. shadow: a version computed beside every answer and never shown, empty for none.

    alpha: the chance of finding a difference where there is none. ended_because and conclusion: empty while it runs.
    """

    id: int
    name: str
    arms: tuple[Arm, Arm]
    shadow: str
    measure: str
    alpha: float
    started_at: datetime
    ended_at: datetime | None = None
    ended_because: str = ""
    conclusion: str = ""

    @property
    def runs(self) -> bool:
        return self.ended_at is None

    @property
    def sizes(self) -> tuple[int, int]:
        """How many answers of each arm are set against each other at a time."""
        return block_sizes(self.arms[0].share, self.arms[1].share)

    def label(self, arm: int) -> str:
        """What names an arm of this test in feedback and requests, such as `7:A`."""
        return f"{self.id}:{LETTERS[arm]}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which version answers a request, and as which arm. shadow: a version to be computed beside it, empty for none."""

    version: str
    arm: str
    shadow: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a person did with an answer. Raises ExperimentError for values that cannot be.

    arm: as in Chosen. similarity: of what was kept with what was offered, 0..1; known already unless it was edited.
    user: a user or a session, empty if unknown. request: whatever names it, so that it counts once; empty if unknown.
    kept: the text that was kept, to hold the shadow's answer to the same question against; it is not written down.
    question: as in `ExperimentStore.record_shadow`.
    """

    arm: str
    version: str
    result: str
    similarity: float | None = None
    user: str = ""
    request: str = ""
    question: str = ""
    kept: str = ""
    latency_ms: float | None = None

    def __post_init__(self) -> None:
        parse_arm(self.arm)
        if self.result not in RESULTS:
            raise ExperimentError(f"The outcome is {self.result!r}. Use one of: {', '.join(RESULTS)}.")
        known = {ACCEPTED: 1.0, REJECTED: 0.0}.get(self.result, self.similarity)
        if isinstance(known, bool) or not isinstance(known, int | float) or not 0 <= known <= 1:
            raise ExperimentError(f"The similarity of an edited answer is {known!r}. Give a number from 0 to 1.")
        # Rounded, so that few different values have to be reckoned with.
        object.__setattr__(self, "similarity", round(float(known), SIMILARITY_DIGITS))


def parse_arm(label: str) -> tuple[int, int]:
    """The test and the arm's number that a label such as `7:A` names. Raises ExperimentError."""
    found = _ARM.fullmatch(label) if isinstance(label, str) else None
    if found is None:
        raise ExperimentError(f"{label!r} names no arm of an A/B test. Send the arm that came with the answer, as 7:A.")
    return int(found[1]), LETTERS.index(found[2])


@dataclass(frozen=True, slots=True)
class ArmResult:
    """An arm and its answers. value: the mean of what counts as success, and its limits at the test's level.

    users: how many different ones; anonymous: outcomes without one. kept_similarity: how alike kept and offered texts
    are, over those that were kept. latency_ms: the median. The last two are None where nothing is known.
    """

    version: str
    share: float
    counts: Mapping[str, int]
    value: Interval
    users: int
    anonymous: int
    kept_similarity: float | None
    latency_ms: float | None

    @property
    def outcomes(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class ShadowResult:
    """How the shadow did. same: share of its answers equal to the shown one; likeness: their mean edit similarity.

    compared: answers that were kept and that the shadow had answered too; kept_by_shadow and kept_by_shown are the mean
    similarities of the kept text with each of the two. Figures without an answer are None.
    """

    version: str
    answers: int
    same: float | None
    likeness: float | None
    compared: int
    kept_by_shadow: float | None
    kept_by_shown: float | None
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class EvidencePoint:
    """After so many outcomes of both arms, what speaks for the first being better and what for the second."""

    outcomes: int
    for_first: float = 0.5
    for_second: float = 0.5

    @property
    def e_value(self) -> float:
        return self.for_first + self.for_second


FIRST, SECOND, ALIKE, OPEN = "first", "second", "alike", "open"


@dataclass(frozen=True, slots=True)
class Verdict:
    """decision: FIRST or SECOND is better, they are ALIKE, or it is still OPEN. winner: its version, or empty."""

    decision: str
    winner: str
    sentence: str

    @property
    def decided(self) -> bool:
        return self.decision != OPEN


@dataclass(frozen=True, slots=True)
class Results:
    """All that a test has to tell. difference: the second arm's value less the first's.

    evidence: thinned out for drawing, from the start to the present. enough: the e-value that decides. needed: how
    many more outcomes of each arm decide it if things go on as they are; None where nobody can say. waiting: outcomes
    without a counterpart in the other arm yet.
    """

    experiment: Experiment
    arms: tuple[ArmResult, ArmResult]
    difference: Interval
    evidence: tuple[EvidencePoint, ...]
    enough: float
    needed: tuple[int, int] | None
    waiting: int
    verdict: Verdict
    shadow: ShadowResult | None

    @property
    def outcomes(self) -> int:
        return self.arms[0].outcomes + self.arms[1].outcomes

    @property
    def e_value(self) -> float:
        return self.evidence[-1].e_value
