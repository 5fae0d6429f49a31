"""The rows of tests as the values they stand for."""

import json
from datetime import UTC
from typing import Any

from sqlalchemy import Connection, Row, select

from dlcodegen_core.experiments.records import Arm, Experiment
from dlcodegen_core.experiments.results import OutcomeRow, ShadowRow
from dlcodegen_core.experiments.tables import outcomes, shadows


def to_experiment(row: Row[Any]) -> Experiment:
    first, second = (Arm(version, share) for version, share in json.loads(row.arms))
    return Experiment(
        row.id, row.name, (first, second), row.shadow, row.measure, row.alpha, row.started_at.replace(tzinfo=UTC),
        row.ended_at and row.ended_at.replace(tzinfo=UTC), row.ended_because, row.conclusion,
    )  # fmt: skip


def outcome_rows(connection: Connection, test: int) -> list[OutcomeRow]:
    """All that was counted, in the order it came."""
    wanted = select(
        outcomes.c.arm,
        outcomes.c.result,
        outcomes.c.similarity,
        outcomes.c.pseudonym,
        outcomes.c.latency_ms,
        outcomes.c.shadow_similarity,
    ).where(outcomes.c.experiment_id == test)
    return [OutcomeRow(*row) for row in connection.execute(wanted.order_by(outcomes.c.id))]


def shadow_rows(connection: Connection, test: int) -> list[ShadowRow]:
    """All that the shadow answered."""
    wanted = select(shadows.c.same, shadows.c.likeness, shadows.c.latency_ms).where(shadows.c.experiment_id == test)
    return [ShadowRow(*row) for row in connection.execute(wanted.order_by(shadows.c.id))]
