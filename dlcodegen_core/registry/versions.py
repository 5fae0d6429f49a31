"""The saved versions: which there are, which answers, what is said of them; the trash; bundles in and out.

The files of a version belong to `models.saved_model` and are never changed. What changes, aliases and labels, is one
small file beside them. Every change is a single step on disk, made while a lock is held: whoever looks, and whatever
dies half-way, an alias stands on a version that is there.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from dlcodegen_core.errors import ModelError
from dlcodegen_core.models import base_model
from dlcodegen_core.models.saved_model import CARD_FILE, WEIGHTS_FILE, ModelCard, files_of, load_card
from dlcodegen_core.models.version_folders import (
    TRASH,
    clear_leftovers,
    is_version_name,
    registry_lock,
    version_folders,
)
from dlcodegen_core.registry.bundle import bundle
from dlcodegen_core.registry.labels import Labels
from dlcodegen_core.registry.model_card import model_card
from dlcodegen_core.registry.proving import prove
from dlcodegen_core.registry.register import ALIASES, Moment, Register
from dlcodegen_core.registry.register_file import RegisterFile, is_settled
from dlcodegen_core.registry.taking_in import take_in
from dlcodegen_core.registry.trash import TrashedVersion, in_trash, size_of, take_out, trashed_versions
from dlcodegen_core.storage.files import move, write_atomically


@dataclass(frozen=True, slots=True)
class DamagedVersion:
    """A version that cannot be used, and why."""

    version: str
    problem: str


class VersionStore:
    """All versions under one folder, whichever process made them; thread-safe.

    on_gone: each is called with the name of a version after it was deleted here.
    """

    def __init__(self, root: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.on_gone: list[Callable[[str], None]] = []
        self.root = root
        self._now = now
        self._register = RegisterFile(root)
        self._lock = threading.Lock()
        self._cards: dict[str, tuple[int, ModelCard]] = {}
        self._usable: tuple[str, int, int] | None = None
        self._listed: tuple[int, tuple[str, ...]] = (-1, ())

    # Which there are, and which one answers.

    def latest(self) -> str | None:
        """The newest version's name, or None before the first training. Costs one look at the folder's time stamp."""
        names = self._names()
        return names[-1] if names else None

    def resolve(self, version: str | None) -> str:
        """The version to use: the one asked for, by name or alias; else production, the newest, or the base model.

        Production that is gone or damaged is passed over, and `production_problem` tells so. Raises ModelError if
        there is no such version, or none at all.
        """
        if version in ALIASES:
            stands_on = self.alias(version)
            if not stands_on:
                raise ModelError(f"No version is {version} yet. Choose one on the Models page, or name a version.")
            return stands_on
        if version:
            if version not in self._names():
                self.folder(version)  # the base model, or an error that says what there is
            return version
        production = self._register.read().production
        if production and self._is_usable(production):
            return production
        chosen = self.latest() or (base_model.NAME if base_model.is_there() else None)
        if chosen is None:
            raise ModelError("There is no trained model yet. Train one on the Train page, or with the train command.")
        return chosen

    def answering(self) -> str | None:
        """The version that answers if none is named, None if there is none at all. Raises ModelError as `register`."""
        try:
            return self.resolve(None)
        except ModelError:
            if self.latest() is None and not base_model.is_there():
                return None
            raise

    def production_problem(self) -> str:
        """Why production does not answer, empty if it does or nothing is production."""
        production = self._register.read().production
        problem = self._problem_of(production) if production else None
        return f"Production is {production}, which cannot be used. {problem}" if problem else ""

    def folder(self, version: str) -> Path:
        """Where a version lies. Raises ModelError if there is none of that name."""
        if version == base_model.NAME and base_model.is_there():
            return base_model.FOLDER
        folder = self.root / version
        if not is_version_name(version) or not folder.is_dir():
            there = ", ".join(path.name for path in version_folders(self.root)[-5:]) or "none yet"
            raise ModelError(f"There is no model version {version!r}. There are: {there}.")
        return folder

    def card(self, version: str) -> ModelCard:
        """What is known of a version. Raises ModelError if it is missing or damaged."""
        folder = self.folder(version)
        try:
            changed = (folder / CARD_FILE).stat().st_mtime_ns
        except OSError:
            changed = -1
        with self._lock:
            kept = self._cards.get(version)
        if kept and kept[0] == changed:
            return kept[1]
        card = load_card(folder)
        with self._lock:
            self._cards[version] = (changed, card)
        return card

    def all(self) -> list[ModelCard | DamagedVersion]:
        """Every version that was trained here, newest first, with those that are damaged."""
        return [self._card_or_damage(path.name) for path in reversed(version_folders(self.root))]

    def base(self) -> ModelCard | None:
        """The card of the base model, None where none is shipped. Raises ModelError if it is damaged."""
        return self.card(base_model.NAME) if base_model.is_there() else None

    def size_bytes(self, version: str) -> int:
        """All files of a version together. Raises ModelError if there is none of that name."""
        return size_of(self.folder(version))

    # Aliases.

    def register(self) -> Register:
        """All that is said of versions now. Raises ModelError if its file is damaged."""
        return self._register.read()

    def alias(self, alias: str) -> str | None:
        """The version that an alias stands on, None if on none. Raises ModelError for another word."""
        if alias not in ALIASES:
            raise ModelError(f"There is no alias {alias!r}. There are: {', '.join(ALIASES)}.")
        return getattr(self._register.read(), alias) or None

    def history(self) -> tuple[Moment, ...]:
        """Every move of an alias, the latest first."""
        return self._register.read().history[::-1]

    def promote(self, version: str) -> None:
        """Make a version, or `candidate`, production. Raises ModelError if it cannot be loaded; nothing changes then.

        A candidate that is promoted is the candidate no more.
        """
        self._point(version, lambda register, found: register.promoted(found, self._moment()))

    def set_candidate(self, version: str) -> None:
        """Make a version the candidate, to be compared with production. Raises ModelError as `promote` does."""
        self._point(version, lambda register, found: register.with_candidate(found, self._moment()))

    def roll_back(self) -> str:
        """Go back to what was production before, further with each call; return which version answers now.

        Versions that are gone or damaged are passed over. Where nothing was production before the first promotion,
        nothing is again, and the newest version answers. Raises ModelError if there is nothing to go back to.
        """
        with registry_lock(self.root):
            self._register.change(lambda register: register.rolled_back(self._moment(), self._can_be_used))
        return self.resolve(None)

    def clear(self, alias: str) -> None:
        """Have an alias stand on nothing. Raises ModelError for another word."""
        self.alias(alias)
        with registry_lock(self.root):
            self._register.change(lambda register: register.cleared(alias, self._moment()))

    # Labels and the model card.

    def labels(self, version: str) -> Labels:
        """Name, note and tags; before anybody edited them, the name it was trained under. Raises ModelError."""
        written = self._register.read().labels.get(version)
        return written if written is not None else Labels(self.card(version).name)

    def label(self, version: str, name: str, note: str = "", tags: Iterable[str] = ()) -> Labels:
        """Write labels in place of those there are. Raises ModelError if they cannot be used."""
        labels = Labels.of(name, note, tags)
        if version == base_model.NAME:
            raise ModelError("The base model ships with the program and cannot be labelled.")
        with registry_lock(self.root):
            self.folder(version)
            self._register.change(lambda register: register.labelled(version, labels))
        return labels

    def model_card(self, version: str, report: Mapping[str, str] | None = None, heading: int = 1) -> str:
        """The model card as Markdown, no text of a person in it being markup. Raises ModelError."""
        labels = self.labels(version)
        return model_card(self.card(version), labels, files_of(self.folder(version)), report, heading)

    # The trash.

    def delete(self, version: str) -> None:
        """Move a version into the trash. Raises ModelError if an alias stands on it or it is the base model."""
        if version == base_model.NAME:
            raise ModelError("The base model ships with the program and cannot be deleted.")
        with registry_lock(self.root):
            folder = self.folder(version)
            if alias := self._register.read().alias_of(version):
                raise ModelError(
                    f"{version} is {alias} and stays. Make another version {alias}, or take the alias away, and then "
                    "delete it."
                )
            self._register.change(lambda register: register.deleted(version, self._moment()))
            move(folder, self.root / TRASH / version)
        for tell in self.on_gone:
            tell(version)

    def trash(self) -> list[TrashedVersion]:
        """What lies in the trash, the newest version first."""
        return trashed_versions(self.root, self._register.read())

    def restore(self, version: str) -> None:
        """Bring a version back from the trash, under its number. Raises ModelError if it does not lie there."""
        with registry_lock(self.root):
            move(in_trash(self.root, version), self.root / version)

    def purge(self, version: str) -> None:
        """Remove a version from the trash for good. Raises ModelError if it does not lie there."""
        with registry_lock(self.root):
            doomed = take_out(self.root, version)
            self._register.change(lambda register: register.forgotten(version))
        shutil.rmtree(doomed, ignore_errors=True)

    # Bundles.

    def bundle(self, version: str | None, report: Mapping[str, str] | None = None) -> bytes:
        """A version as the content of one file, see `registry.bundle`. Raises ModelError if it is damaged."""
        chosen = self.resolve(version)
        return bundle(self.folder(chosen), self.labels(chosen), report)

    def export_bundle(self, version: str | None, out: str | Path, report: Mapping[str, str] | None = None) -> Path:
        """Write a version as one file; return its path. Raises ModelError or StorageError."""
        target = Path(out).expanduser()
        if target.is_dir():
            target = target / f"{self.resolve(version)}.zip"
        write_atomically(target, self.bundle(version, report))
        return target

    def import_bundle(self, source: str | Path | IO[bytes], name: str = "") -> str:
        """Take in a bundle as a new version; return its name. It is checked, loaded and asked before it is there.

        name: what the bundle is called, needed for an upload. Raises ModelError or StorageError; nothing is left then.
        """
        if isinstance(source, str | Path):
            path = Path(source).expanduser()
            try:
                with path.open("rb") as file:
                    return self.import_bundle(file, name or path.name)
            except OSError as exc:
                raise ModelError(f"{path.name} cannot be opened: {exc.strerror}. Check its path.") from exc
        return take_in(self.root, self._register, source, "".join(filter(str.isprintable, name))[:100] or "The bundle")

    def tidy(self) -> None:
        """Remove what processes that were killed had begun to write. For the start of a workbench."""
        clear_leftovers(self.root)

    def _point(self, version: str, step: Callable[[Register, str], Register]) -> None:
        chosen = self.resolve(version)
        prove(self.folder(chosen))  # it takes a while, so the lock is not held yet
        with registry_lock(self.root):
            self.folder(chosen)
            self._register.change(lambda register: step(register, chosen))

    def _names(self) -> tuple[str, ...]:
        """The versions that are there, oldest first."""
        try:
            changed = self.root.stat().st_mtime_ns
        except FileNotFoundError:
            return ()
        if self._listed[0] == changed:
            return self._listed[1]
        names = tuple(path.name for path in version_folders(self.root))
        if is_settled(changed):
            self._listed = (changed, names)
        return names

    def _is_usable(self, version: str) -> bool:
        """`_problem_of` in a few microseconds where nothing has changed: it is on the way of every prediction."""
        folder = base_model.FOLDER if version == base_model.NAME else self.root / version
        try:
            seen = (version, os.stat(f"{folder}/{CARD_FILE}").st_mtime_ns, os.stat(f"{folder}/{WEIGHTS_FILE}").st_size)  # noqa: PTH116
        except OSError:
            return False
        if seen != self._usable:
            if self._problem_of(version) is not None:
                return False
            self._usable = seen
        return True

    def _problem_of(self, version: str) -> str | None:
        """Why a version cannot answer, as far as a glance tells; None if it seems to be all right."""
        try:
            self.card(version)
            if not (self.folder(version) / WEIGHTS_FILE).is_file():
                return f"{WEIGHTS_FILE} is missing. Restore it from a backup, or make another version production."
        except ModelError as exc:
            return str(exc)
        return None

    def _can_be_used(self, version: str) -> bool:
        try:
            prove(self.folder(version))
        except ModelError:
            return False
        return True

    def _card_or_damage(self, version: str) -> ModelCard | DamagedVersion:
        try:
            return self.card(version)
        except ModelError as exc:
            return DamagedVersion(version, str(exc))

    def _moment(self) -> str:
        return self._now().isoformat(timespec="seconds")
