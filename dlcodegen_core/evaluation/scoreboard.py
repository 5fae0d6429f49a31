"""All systems on the same lines: who completes them best, how sure of it, how fast, and on which lines.

Means come with 95 % intervals from drawing the files anew. A system that fails or takes too long keeps what it
answered until then, and says so; comparisons of two systems are made on the cases that both have answered.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np

from dlcodegen_core.errors import WorkbenchError
from dlcodegen_core.evaluation.baselines.line_system import LineGuess, LineSystem
from dlcodegen_core.evaluation.line_cases import LineCase
from dlcodegen_core.evaluation.line_metrics import (
    bootstrap_interval,
    edit_similarity,
    exact_match,
    first_code_token,
    latency_percentiles,
)
from dlcodegen_core.evaluation.scores import Answer, Question, Scoreboard, SystemScore
from dlcodegen_core.models.reliability import expected_calibration_error, reliability_bins

PROMPT_TAIL_CHARACTERS = 600
SECONDS_LIMIT = 120.0

# (system's name, cases it is done with, cases); may raise to cancel
ScoreboardProgress = Callable[[str, int, int], None]


def run_scoreboard(
    systems: Sequence[LineSystem],
    cases: Sequence[LineCase],
    seconds_limit_per_system: float = SECONDS_LIMIT,
    progress: ScoreboardProgress | None = None,
    now: Callable[[], float] = time.perf_counter,
) -> Scoreboard:
    """Put every case to every system. A system's WorkbenchError ends its turn and is told in its row.

    Raises ValueError without cases or if two systems have one name.
    """
    names = [system.name for system in systems]
    if not cases or len(set(names)) < len(names):
        raise ValueError(
            f"{len(cases)} cases for the systems {names}: give 1 case or more, and each system its own name"
        )
    questions = tuple(
        Question(case.prompt[-PROMPT_TAIL_CHARACTERS:], case.target, case.path, case.line, case.language)
        for case in cases
    )
    return Scoreboard(
        questions, tuple(_examine(system, cases, seconds_limit_per_system, progress, now) for system in systems)
    )


def _examine(
    system: LineSystem,
    cases: Sequence[LineCase],
    seconds_limit: float,
    progress: ScoreboardProgress | None,
    now: Callable[[], float],
) -> SystemScore:
    answers: list[Answer] = []
    begin = now()
    try:
        # Once for nothing: what is loaded at the first request belongs to no line's latency.
        system.complete(cases[0].prompt)
        for number, case in enumerate(cases, start=1):
            if now() - begin > seconds_limit:
                break
            asked = now()
            guess = system.complete(case.prompt)
            answers.append(_mark(case, guess, (now() - asked) * 1000))
            if progress:
                progress(system.name, number, len(cases))
    except WorkbenchError as exc:
        return _score(system.name, cases, answers, failure=str(exc))
    return _score(system.name, cases, answers, failure=None)


def _mark(case: LineCase, guess: LineGuess, latency_ms: float) -> Answer:
    first = first_code_token(case.target)
    return Answer(
        guess=guess.text,
        confidence=guess.confidence,
        first_token=bool(first) and first_code_token(guess.text) == first,
        exact_match=exact_match(guess.text, case.target),
        edit_similarity=edit_similarity(guess.text, case.target),
        latency_ms=latency_ms,
    )


def _score(name: str, cases: Sequence[LineCase], answers: list[Answer], failure: str | None) -> SystemScore:
    if not answers:
        return SystemScore(name, failure=failure)
    files = [case.path for case in cases[: len(answers)]]
    hits = np.array([answer.exact_match for answer in answers])
    confidences = [answer.confidence for answer in answers if answer.confidence is not None]
    calibrated = len(confidences) == len(answers)
    p50_ms, p95_ms = latency_percentiles([answer.latency_ms for answer in answers])
    return SystemScore(
        name=name,
        answers=tuple(answers),
        first_token=bootstrap_interval([answer.first_token for answer in answers], files),
        exact_match=bootstrap_interval(hits, files),
        edit_similarity=bootstrap_interval([answer.edit_similarity for answer in answers], files),
        calibration_error=expected_calibration_error(np.array(confidences), hits) if calibrated else None,
        reliability=reliability_bins(confidences, hits) if calibrated else (),
        p50_ms=p50_ms,
        p95_ms=p95_ms,
        failure=failure,
    )
