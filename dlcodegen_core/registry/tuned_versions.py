"""Acts on the verdicts of fine-tunings: the version becomes production or candidate, once, and a note says which.

The process that fine-tunes only writes its verdict into the version's card. Whoever keeps the workbench open acts on
it when the process has ended, or at the next start. Kept in the job's folder, `settled.json` tells that it was done;
the history of the aliases does so too, should the power fail between the two.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from dlcodegen_core.errors import ModelError, WorkbenchError
from dlcodegen_core.registry.versions import VersionStore
from dlcodegen_core.storage.files import write_json_atomically
from dlcodegen_core.storage.locks import lock_file
from dlcodegen_core.training.events import Finished
from dlcodegen_core.training.job import JobFolder
from dlcodegen_core.training.tuning.decision import PRODUCTION

logger = logging.getLogger(__name__)

SETTLED_FILE = "settled.json"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a fine-tuned version: the alias that it got, empty if none, and why in a sentence."""

    version: str
    alias: str
    note: str


def pin_production(versions: VersionStore) -> None:
    """Before a fine-tuning: what answers now is made production, if nothing is, so that the new version does not answer
    merely because it is the newest. Raises ModelError."""
    if versions.alias("production") is None and versions.latest() is not None:
        versions.promote(versions.resolve(None))


def settle_tunings(versions: VersionStore, jobs: Sequence[JobFolder]) -> list[Settlement]:
    """Act on every verdict that nobody has acted on; what was done now. Safe to call at any time, in any process.

    A version whose turn cannot be taken now, for it is damaged or the disk is full, is left for the next time.
    """
    due = [job for job in jobs if _is_due(job)]
    if not due:
        return []
    lock = lock_file(due[0].path.parent / "settling.lock", wait=True)
    assert lock is not None  # it waits
    done = []
    with lock:
        # The oldest first: of two fine-tunings of one parent only the first may take its place.
        for job in sorted(due, key=lambda job: job.id):
            if (job.path / SETTLED_FILE).exists():
                continue
            try:
                settlement = _settled(versions, _version_of(job))
                write_json_atomically(job.path / SETTLED_FILE, asdict(settlement))
            except WorkbenchError as exc:
                logger.warning("What training %s made could not be put in its place: %s", job.id, exc)
                continue
            done.append(settlement)
    return done


def settlement_of(job: JobFolder) -> Settlement | None:
    """What became of the version that a fine-tuning made, None if nobody has acted on it yet."""
    try:
        return Settlement(**json.loads((job.path / SETTLED_FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _is_due(job: JobFolder) -> bool:
    if (job.path / SETTLED_FILE).exists():
        return False
    try:
        return bool(job.request.parent) and bool(_version_of(job))
    except WorkbenchError:
        return False  # a damaged job; its version, if it made one, is a version like any other


def _version_of(job: JobFolder) -> str:
    """The version that a job made last, empty if none."""
    return next((event.metrics.version for event in reversed(job.events()) if isinstance(event, Finished)), "")


def _settled(versions: VersionStore, version: str) -> Settlement:
    moved = next((moment for moment in versions.history() if moment.version == version), None)
    if moved:
        return Settlement(version, moved.alias, f"{version} was made {moved.alias}.")
    try:
        card = versions.card(version)
    except ModelError:
        return Settlement(version, "", f"{version} was deleted before anything was made of it.")
    verdict = card.tuning.get("verdict")
    production = versions.alias("production")
    if verdict == PRODUCTION and production == card.parent:
        versions.promote(version)
        return Settlement(version, "production", f"{version} is production now, in place of {card.parent}.")
    versions.set_candidate(version)
    if verdict != PRODUCTION:
        return Settlement(version, "candidate", f"{version} stays candidate; {production or 'the newest'} answers on.")
    return Settlement(
        version,
        "candidate",
        f"{version} was judged fit for production, but it was made from {card.parent}, and production is "
        f"{production or 'no version'} by now. It stays candidate.",
    )
