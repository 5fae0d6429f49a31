"""Reading a bundle that came from elsewhere. Nothing it claims is believed: names, sizes and digests are checked, and
nothing of it lands outside of the folder it is unpacked to, under names of our own.
"""

import contextlib
import hashlib
import json
import stat
import struct
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from dlcodegen_core.errors import ModelError
from dlcodegen_core.models.saved_model import CARD_FILE, TRAINING_FEATURES_FILE, WEIGHTS_FILE
from dlcodegen_core.registry.bundle import FORMAT, LABELS_FILE, MANIFEST_FILE, MODEL_CARD_FILE
from dlcodegen_core.registry.labels import Labels
from dlcodegen_core.storage.files import disk_errors

# What may be in a bundle, and how large each of it at most.
LARGEST = {
    MANIFEST_FILE: 64_000,
    CARD_FILE: 16_000_000,
    LABELS_FILE: 64_000,
    MODEL_CARD_FILE: 1_000_000,
    TRAINING_FEATURES_FILE: 16_000_000,
    WEIGHTS_FILE: 2_000_000_000,
}
NEEDED = {MANIFEST_FILE, CARD_FILE, LABELS_FILE, MODEL_CARD_FILE, WEIGHTS_FILE}
MAX_BYTES = sum(LARGEST.values())
CHUNK = 1 << 20
_AGAIN = "Export the version again, and copy the file whole"


def unpack(file: IO[bytes], into: Path, name: str) -> tuple[str, Labels]:
    """Put the version's own files into `into`; return what it was called where it came from, and its labels.

    name: what errors call the bundle. Raises ModelError if the bundle is foreign, damaged or built to do harm, and
    StorageError if the disk refuses. What is in `into` then is not to be used.
    """
    with _damage_told(name):
        if file.seek(0, 2) > MAX_BYTES:
            raise ModelError(f"{name} has more than {MAX_BYTES:,} bytes, more than any bundle. It is not read.")
        file.seek(0)
        if file.read(4) != b"PK\3\4":
            raise ModelError(f"{name} is no bundle of a version. Choose a file that was exported on the Models page.")
        with zipfile.ZipFile(file) as archive:
            members = _checked_members(archive, name)
            manifest = _manifest(archive, members, name)
            expected = manifest["files"]
            for member in sorted(set(members) - {MANIFEST_FILE}):
                target = into / member if member in (CARD_FILE, WEIGHTS_FILE, TRAINING_FEATURES_FILE) else None
                digest = _copy(archive, members[member], target)
                if expected[member] != {"size_bytes": members[member].file_size, "sha256": digest}:
                    raise ModelError(f"{name}: {member} is not what was exported. {_AGAIN}.")
            labels = _labels(archive.read(members[LABELS_FILE]), name)
    return manifest["version"], labels


def _checked_members(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        # Compared with the names we know, so no path can lead anywhere.
        if info.orig_filename not in LARGEST or info.filename not in LARGEST:
            raise ModelError(f"{name} holds {info.filename[:60]!r}, which is no part of a bundle. It is not read.")
        if info.filename in found:
            raise ModelError(f"{name} holds {info.filename} twice. It is not read.")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 0x1 or info.file_size != info.compress_size:
            raise ModelError(
                f"{name} was packed anew: {info.filename} is compressed or encrypted. Use the file as it was exported."
            )
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise ModelError(f"{name}: {info.filename} is no ordinary file. It is not read.")
        if info.file_size > LARGEST[info.filename]:
            raise ModelError(
                f"{name}: {info.filename} has {info.file_size:,} bytes; at most {LARGEST[info.filename]:,} are read."
            )
        found[info.filename] = info
    if missing := sorted(NEEDED - set(found)):
        raise ModelError(f"{name} is no bundle of a version: {', '.join(missing)} is missing. {_AGAIN}.")
    end = 0
    for info in sorted(found.values(), key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise ModelError(f"{name} is built like a zip bomb: its files overlap. It is not read.")
        end = info.header_offset + len(info.filename) + info.compress_size
    return found


def _manifest(archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], name: str) -> dict[str, Any]:
    value = json.loads(archive.read(members[MANIFEST_FILE]))
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise ModelError(f"{name} is a bundle of another version of this program. Import it with that one.")
    files = value.get("files")
    if not isinstance(files, dict) or set(files) != set(members) - {MANIFEST_FILE}:
        raise ModelError(f"{name}: its list of files and its files differ. {_AGAIN}.")
    if not isinstance(value.get("version"), str) or len(value["version"]) > 40:
        raise ModelError(f"{name}: its list does not say which version it is. {_AGAIN}.")
    return value


def _labels(content: bytes, name: str) -> Labels:
    try:
        return Labels.from_json(json.loads(content))
    except ModelError as exc:
        raise ModelError(f"{name}, {LABELS_FILE}: {exc}") from exc


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path | None) -> str:
    """The sha256 of a member, which is written to `target` if there is one."""
    digest = hashlib.sha256()
    with archive.open(info) as member, _written(target) as write:
        while chunk := member.read(CHUNK):
            digest.update(chunk)
            write(chunk)
    return digest.hexdigest()


@contextlib.contextmanager
def _written(target: Path | None) -> "Iterator[Any]":
    if target is None:
        yield lambda chunk: None
        return
    with disk_errors(target.name):
        file = target.open("xb")

    def write(chunk: bytes) -> None:
        # What goes wrong with the disk is not the bundle's fault.
        with disk_errors(target.name):
            file.write(chunk)

    with file:
        yield write
        with disk_errors(target.name):
            file.flush()


@contextlib.contextmanager
def _damage_told(name: str) -> Iterator[None]:
    try:
        yield
    except (
        zipfile.BadZipFile, struct.error, EOFError, OSError, ValueError, TypeError, OverflowError, NotImplementedError,
        RuntimeError, KeyError,
    ) as exc:  # fmt: skip
        raise ModelError(f"{name} is damaged ({str(exc).rstrip('.') or type(exc).__name__}). {_AGAIN}.") from exc
