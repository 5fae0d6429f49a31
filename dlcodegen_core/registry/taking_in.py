"""A bundle from elsewhere becomes a version: unpacked aside, proved, given the next number, and only then there."""

import shutil
import tempfile
from pathlib import Path
from typing import IO

from dlcodegen_core.errors import ModelError
from dlcodegen_core.models.saved_model import CARD_FILE, card_content
from dlcodegen_core.models.version_folders import claim_under_lock, registry_lock
from dlcodegen_core.registry.bundle_reading import unpack
from dlcodegen_core.registry.labels import Labels
from dlcodegen_core.registry.proving import prove
from dlcodegen_core.registry.register_file import RegisterFile
from dlcodegen_core.storage.files import disk_errors, flush_files, move, write_atomically
from dlcodegen_core.storage.locks import lock_folder


def take_in(root: Path, register: RegisterFile, source: IO[bytes], shown: str) -> str:
    """Read a bundle into a new version under `root`; return its name.

    shown: what the bundle is called. Raises ModelError or StorageError; nothing is left then.
    """
    # In sight of those who clear up, as a training that is saving is.
    with disk_errors(root.name), lock_folder(root, wait=True, shared=True):
        staged = Path(tempfile.mkdtemp(prefix=".import.", dir=root))
        try:
            called, labels = unpack(source, staged, shown)
            return _settle(root, register, staged, labels, shown, called)
        finally:
            shutil.rmtree(staged, ignore_errors=True)


def _settle(root: Path, register: RegisterFile, staged: Path, labels: Labels, shown: str, called: str) -> str:
    try:
        card = prove(staged)
    except ModelError as exc:
        reason = str(exc).removeprefix(f"Model {staged.name}").lstrip(", ")
        raise ModelError(f"The model in {shown} cannot be used: {reason}") from exc
    origin = f"{shown}, where it was {called}" + (f", fine-tuned from {card.parent}" if card.parent else "")
    with registry_lock(root):
        folder = claim_under_lock(root)
        # Paths and versions of another machine mean nothing, or something else, on this one.
        content = card_content(staged, version=folder.name, origin=origin, parent="", source_folder="")
        write_atomically(staged / CARD_FILE, content)
        flush_files(staged)
        if labels != Labels(card.name):
            register.change(lambda before: before.labelled(folder.name, labels))
        move(staged, folder)
    return folder.name
