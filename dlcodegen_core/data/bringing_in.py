"""From a path on this machine to a stored dataset: look at what is there, then import it.

The path is a table of pairs, a folder of source or an archive of either. Knows how to tell them apart; how each is
read, cut and stored is others' business.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from dlcodegen_core.data.cutting import CutOptions, cut_pairs
from dlcodegen_core.data.formats import ColumnChoice, TableFile, format_of, open_table
from dlcodegen_core.data.intake import (
    FileRules,
    commit_of,
    extract_table,
    read_archive,
    read_folder,
    tables_in_archive,
)
from dlcodegen_core.data.intake.archive import ARCHIVE_SUFFIXES, TABLE_SUFFIXES
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.source_files import SourceReading
from dlcodegen_core.data.store import MAX_NAME_CHARACTERS, DatasetInfo, DatasetStore
from dlcodegen_core.errors import DatasetError

LEFT_OUT_KEPT = 5_000
PREVIEW_ROWS = 8

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Look:
    """What a path holds. `table` is None for source, and then `files` counts by language what can be read.

    left_out: path, reason, and whether a glob can force it in; only the first LEFT_OUT_KEPT of `left_out_count`.
    other_files: how many files of other kinds, by suffix. tables: in an archive without source, the tables in it.
    """

    files: Mapping[str, int] = field(default_factory=dict)
    size_bytes: int = 0
    left_out: tuple[tuple[str, str, bool], ...] = ()
    left_out_count: int = 0
    other_files: tuple[tuple[str, int], ...] = ()
    commit: str | None = None
    table: "TableLook | None" = None
    tables: tuple[str, ...] = ()

    @property
    def file_count(self) -> int:
        return sum(self.files.values())

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Look":
        table = value["table"] and TableLook.from_json(value["table"])
        left_out = tuple((path, reason, forced) for path, reason, forced in value["left_out"])
        others = tuple((suffix, count) for suffix, count in value["other_files"])
        given = {"table": table, "left_out": left_out, "other_files": others, "tables": tuple(value["tables"])}
        return cls(**{**value, **given})


@dataclass(frozen=True, slots=True)
class TableLook:
    """The columns of a table, its first rows as short texts, and which columns seem to be which."""

    format: str
    columns: tuple[str, ...]
    preview: tuple[Mapping[str, str], ...]
    guess: Mapping[str, str | None] | None

    @classmethod
    def of(cls, table: TableFile) -> "TableLook":
        guess = table.guess()
        return cls(table.format, table.columns, tuple(table.preview(PREVIEW_ROWS)), asdict(guess) if guess else None)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "TableLook":
        return cls(value["format"], tuple(value["columns"]), tuple(value["preview"]), value["guess"])


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to import from `path`, and under which name. shown: what people call the path.

    rules and cut are for source, columns for tables (None guesses them), member for a table in an archive.
    """

    path: Path
    name: str
    shown: str = ""
    origin: str = ""
    commit: str | None = None
    rules: FileRules = field(default_factory=FileRules)
    cut: CutOptions = field(default_factory=CutOptions)
    columns: ColumnChoice | None = None
    member: str = ""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "ImportRequest":
        columns = value["columns"]
        rules = {key: tuple(globs) for key, globs in value["rules"].items()}
        given = {
            "path": Path(value["path"]),
            "rules": FileRules(**rules),
            "cut": CutOptions(**value["cut"]),
            "columns": ColumnChoice(**columns) if columns else None,
        }
        return cls(**{**value, **given})


def is_archive(name: str) -> bool:
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def name_for(shown: str) -> str:
    """A name for the dataset from a path, a file's name or an address."""
    last = PurePosixPath(shown.rstrip("/")).name
    endings = (".git", *ARCHIVE_SUFFIXES, *TABLE_SUFFIXES)
    ending = next((ending for ending in endings if last.lower().endswith(ending)), "")
    plain = "".join(character if character.isprintable() and character != "\\" else " " for character in last)
    return plain[: len(plain) - len(ending)].strip()[:MAX_NAME_CHARACTERS] or "my code"


def look_into(path: Path, shown: str, rules: FileRules, progress: Progress) -> Look:
    """What an import of this path would read, and what it would leave out and why.

    Raises DatasetError if nothing there can be used. `progress` may raise to call it off.
    """
    _check_there(path, shown)
    if not path.is_dir() and not is_archive(path.name):
        return Look(table=TableLook.of(_table(path, shown)))
    try:
        reading = _read_source(path, shown, rules, progress)
    except DatasetError:
        tables = () if path.is_dir() else tuple(tables_in_archive(path, shown))
        if not tables:
            raise
        return Look(tables=tables)
    languages = Counter(file.language or "other" for file in reading.files)
    return Look(
        files=dict(languages.most_common()),
        size_bytes=reading.size_bytes,
        left_out=_left_out(reading),
        left_out_count=len(reading.skipped),
        other_files=reading.other_files,
        commit=commit_of(path) if path.is_dir() else None,
    )


def import_dataset(store: DatasetStore, request: ImportRequest, progress: Progress) -> DatasetInfo:
    """Read, cut and store; whole or not at all. Raises DatasetError or StorageError. `progress` may raise."""
    store.check_free(request.name)
    shown = request.shown or request.path.name
    _check_there(request.path, shown)
    if request.path.is_dir() or (is_archive(request.path.name) and not request.member):
        return _import_source(store, request, shown, progress)
    if not request.member:
        return _import_table(store, request, _table(request.path, shown), progress)
    with tempfile.TemporaryDirectory(prefix="table-") as folder:
        progress("unpacking", 0, 0)
        file = extract_table(request.path, request.member, Path(folder), name=shown)
        return _import_table(store, request, open_table(file, PurePosixPath(request.member).name), progress)


def _import_source(store: DatasetStore, request: ImportRequest, shown: str, progress: Progress) -> DatasetInfo:
    reading = _read_source(request.path, shown, request.rules, progress)
    commit = request.commit or (commit_of(request.path) if request.path.is_dir() else None)
    pairs = cut_pairs(reading.files, request.cut, commit, lambda done, total: progress("cutting pairs", done, total))
    if not pairs:
        raise DatasetError(
            f"{shown}: no pair could be cut from its {len(reading.files):,} files. Choose more kinds of pairs, or "
            "“next line”, which every file with code has."
        )
    intake = {
        "files": dict(Counter(file.language or "other" for file in reading.files).most_common()),
        "size_bytes": reading.size_bytes,
        "left_out": _left_out(reading),
        "left_out_count": len(reading.skipped),
        "other_files": reading.other_files,
        "commit": commit,
        "kinds": request.cut.kinds,
    }
    note = f"{len(reading.files):,} files; {', '.join(request.cut.kinds)}"
    return store.create(
        request.name, pairs, request.origin, note, intake=intake,
        stored=lambda count: progress("storing pairs", count, len(pairs)),
    )  # fmt: skip


def _import_table(store: DatasetStore, request: ImportRequest, table: TableFile, progress: Progress) -> DatasetInfo:
    left_out: list[tuple[str, str, bool]] = []
    count = 0

    def problem(number: int, fault: str) -> None:
        nonlocal count
        count += 1
        if len(left_out) < LEFT_OUT_KEPT:
            left_out.append((f"row {number:,}", fault, False))

    def pairs() -> Iterator[Pair]:
        yield from table.pairs(request.columns, problem)
        # Told when the last row has been read, which is before the dataset is finished.
        intake.update(left_out=left_out, left_out_count=count)

    intake: dict[str, Any] = {"left_out": left_out, "left_out_count": 0}
    total = table.row_count or 0
    return store.create(
        request.name, pairs(), request.origin, intake=intake,
        stored=lambda stored: progress("storing pairs", stored, total),
    )  # fmt: skip


def _read_source(path: Path, shown: str, rules: FileRules, progress: Progress) -> SourceReading:
    def heard(done: int, total: int) -> None:
        progress("reading files", done, total)

    return read_folder(path, heard, rules) if path.is_dir() else read_archive(path, heard, rules, shown)


def _check_there(path: Path, shown: str) -> None:
    try:
        there = path.exists()
    except (OSError, ValueError):  # a name that is too long, or holds a NUL
        there = False
    if not there:
        raise DatasetError(f"{shown}: there is no such file or folder. Check the path.")


def _table(path: Path, shown: str) -> TableFile:
    if format_of(path.name) is None and path.is_file():
        raise DatasetError(
            f"{shown}: this kind of file is not known. Give a table of pairs (.json, .jsonl, .csv, .parquet), an "
            "archive of source (.zip, .tar.gz) or a folder."
        )
    return open_table(path, shown if format_of(shown) == format_of(path.name) else None)


def _left_out(reading: SourceReading) -> tuple[tuple[str, str, bool], ...]:
    return tuple((file.path, file.reason, file.can_be_forced) for file in reading.skipped[:LEFT_OUT_KEPT])
