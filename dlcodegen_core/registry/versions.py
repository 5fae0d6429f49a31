"""The saved versions: list them, describe them, find the newest. Their files belong to `models.saved_model`."""

import threading
from dataclasses import dataclass
from pathlib import Path

from dlcodegen_core.errors import ModelError
from dlcodegen_core.models import base_model
from dlcodegen_core.models.saved_model import CARD_FILE, ModelCard, load_card
from dlcodegen_core.models.version_folders import is_version_name, version_folders


@dataclass(frozen=True, slots=True)
class DamagedVersion:
    """A version that cannot be used, and why."""

    version: str
    problem: str


class VersionStore:
    """All versions under one folder, whichever process made them; thread-safe."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._cards: dict[str, tuple[int, ModelCard]] = {}
        self._latest: tuple[int, str | None] = (-1, None)

    def latest(self) -> str | None:
        """The newest version's name, or None before the first training. Costs one look at the folder's time stamp."""
        try:
            changed = self._root.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if self._latest[0] != changed:
            folders = version_folders(self._root)
            self._latest = (changed, folders[-1].name if folders else None)
        return self._latest[1]

    def resolve(self, version: str | None) -> str:
        """The version to use: the one asked for, the newest, or the base model. Raises ModelError if there is none."""
        chosen = version or self.latest() or (base_model.NAME if base_model.is_there() else None)
        if chosen is None:
            raise ModelError("There is no trained model yet. Train one on the Train page, or with the train command.")
        return chosen

    def folder(self, version: str) -> Path:
        """Where a version lies. Raises ModelError if there is none of that name."""
        if version == base_model.NAME and base_model.is_there():
            return base_model.FOLDER
        folder = self._root / version
        if not is_version_name(version) or not folder.is_dir():
            there = ", ".join(path.name for path in version_folders(self._root)[-5:]) or "none yet"
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
        return [self._card_or_damage(path.name) for path in reversed(version_folders(self._root))]

    def base(self) -> ModelCard | None:
        """The card of the base model, None where none is shipped. Raises ModelError if it is damaged."""
        return self.card(base_model.NAME) if base_model.is_there() else None

    def _card_or_damage(self, version: str) -> ModelCard | DamagedVersion:
        try:
            return self.card(version)
        except ModelError as exc:
            return DamagedVersion(version, str(exc))
