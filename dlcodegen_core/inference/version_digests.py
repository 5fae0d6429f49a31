"""What tells one version's content from another's of the same name: in another home, or made anew in this one."""

import hashlib
from pathlib import Path

from dlcodegen_core.errors import ModelError
from dlcodegen_core.models.saved_model import CARD_FILE
from dlcodegen_core.registry.versions import VersionStore

Stamp = tuple[int, int, int]


class VersionDigests:
    """Digests of the versions' cards, which seal their other files by sha256.

    Thread-safe. A card is read when it has changed; otherwise a look costs that of its time stamp.
    """

    def __init__(self, versions: VersionStore) -> None:
        self._versions = versions
        self._kept: dict[str, tuple[Stamp, str]] = {}

    def of(self, version: str) -> str:
        """The digest of what lies there now. Raises ModelError if there is nothing, or it cannot be read."""
        file = self._versions.folder(version) / CARD_FILE
        try:
            stamp = _stamp(file)
            kept = self._kept.get(version)
            if kept is None or kept[0] != stamp:
                kept = self._kept[version] = (stamp, hashlib.sha256(file.read_bytes()).hexdigest())
        except OSError as exc:
            raise ModelError(
                f"Model {version}, {CARD_FILE}: it cannot be read ({exc.strerror}). Restore the file from a backup, "
                "or train the model again."
            ) from exc
        return kept[1]


def _stamp(file: Path) -> Stamp:
    status = file.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size
