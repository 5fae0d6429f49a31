"""What was said, counted: by the version that answered, and by day. Needs no texts, so forgetting changes nothing."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, select

from dlcodegen_core.feedback.records import ACCEPTED, EDITED, REJECTED
from dlcodegen_core.feedback.tables import events


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each outcome was told."""

    accepted: int = 0
    edited: int = 0
    rejected: int = 0

    @property
    def total(self) -> int:
        return self.accepted + self.edited + self.rejected

    def rate(self, outcome: str) -> float | None:
        """The share of an outcome, None where nothing was told."""
        return getattr(self, outcome) / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class VersionFeedback:
    """What became of a version's own answers, taught ones left out.

    similarity: mean over what was kept, 0..1, of the completion to it. retention: mean over the `retained` of them
    that were looked at later, 0..1. Both None where there is nothing to tell.
    """

    version: str
    counts: Counts
    similarity: float | None
    retention: float | None
    retained: int


@dataclass(frozen=True, slots=True)
class DayFeedback:
    """What was told on one day (UTC), whoever had answered."""

    day: date
    counts: Counts


@dataclass(frozen=True, slots=True)
class Statistics:
    """versions: the one with most to tell first. days: in order, those without feedback left out. taught: what became
    of answers from the memory of corrections. forgotten: events whose texts are gone."""

    versions: tuple[VersionFeedback, ...]
    days: tuple[DayFeedback, ...]
    taught: Counts
    forgotten: int

    @property
    def total(self) -> int:
        return sum(one.counts.total for one in self.days)


def statistics(connection: Connection) -> Statistics:
    """All of it, from the database's own counting."""
    is_taught = events.c.taught_by.is_not(None)
    own = _counted(connection, events.c.version, ~is_taught)
    means = {
        row.version: row
        for row in connection.execute(
            select(
                events.c.version,
                func.avg(events.c.similarity).label("similarity"),
                func.avg(events.c.retention).label("retention"),
                func.count(events.c.retention).label("retained"),
            )
            .where(~is_taught)
            .group_by(events.c.version)
        )
    }
    versions = [
        VersionFeedback(version, counts, means[version].similarity, means[version].retention, means[version].retained)
        for version, counts in own.items()
    ]
    versions.sort(key=lambda one: (-one.counts.total, one.version))
    days = _counted(connection, func.date(events.c.at), True)
    told = [DayFeedback(date.fromisoformat(str(day)), counts) for day, counts in days.items()]
    taught = _counted(connection, is_taught, is_taught)
    forgotten = connection.scalar(select(func.count()).where(events.c.forgotten)) or 0
    return Statistics(
        tuple(versions), tuple(sorted(told, key=lambda one: one.day)), next(iter(taught.values()), Counts()), forgotten
    )


def _counted(connection: Connection, by: Any, wanted: Any) -> dict[Any, Counts]:
    """The counts of the wanted events, by something that is the same for many."""
    found: dict[Any, dict[str, int]] = {}
    query = select(by, events.c.outcome, func.count()).group_by(by, events.c.outcome)
    for key, outcome, count in connection.execute(query if wanted is True else query.where(wanted)):
        found.setdefault(key, {})[outcome] = count
    return {key: Counts(one.get(ACCEPTED, 0), one.get(EDITED, 0), one.get(REJECTED, 0)) for key, one in found.items()}
