"""What a file holds, told from its first bytes, for files whose name promises something else.

A look, not a check: whatever passes here may still turn out to be damaged when it is read.
"""

import re
from pathlib import Path, PurePath

from dlcodegen_core.errors import DatasetError

FORMATS = ("json", "jsonl", "csv", "parquet")
TITLES = {"json": "JSON", "jsonl": "JSON Lines", "csv": "CSV", "parquet": "Parquet"}
_SUFFIXES = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_HEAD_BYTES = 65_536
PARQUET_MAGIC = b"PAR1"
_FOREIGN = (
    (b"PK\x03\x04", "an Excel workbook or another archive", "In the spreadsheet, save it as CSV UTF-8."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "In the spreadsheet, save it as CSV UTF-8."),
    (b"\x1f\x8b", "compressed with gzip", "Unpack it first."),
    (b"BZh", "compressed with bzip2", "Unpack it first."),
    (b"\xfd7zXZ\0", "compressed with xz", "Unpack it first."),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it first."),
    (b"\xff\xfe", "UTF-16 text", "Save it as UTF-8."),
    (b"\xfe\xff", "UTF-16 text", "Save it as UTF-8."),
)
_SEED = re.compile(rb'\{\s*"(inputs|targets|languages|sources|lines|kinds|commits|suffixes)"\s*:\s*\[')
_OBJECT = re.compile(rb'\{\s*("[^"]*"\s*:|\})')
_LIST = re.compile(rb'\[\s*([{\["\]\-0-9tfn]|\Z)')


def format_of(name: str) -> str | None:
    """The format that a file's suffix stands for, one of FORMATS; None for an unknown one."""
    return _SUFFIXES.get(PurePath(name).suffix.lower())


def check_content(path: Path, name: str, file_format: str) -> None:
    """Raise DatasetError if the file is empty or its content is plainly of another format. May raise OSError."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.strip():
        raise DatasetError(f"{name} is empty. Choose a file with pairs of prompt and completion in it.")
    for magic, what, remedy in _FOREIGN:
        if head.startswith(magic):
            raise DatasetError(f"{name} is {what}, not {TITLES[file_format]}. {remedy}")
    found = _looks_like(head)
    if file_format in found or (not found and file_format != "parquet"):
        return
    if not found:
        raise DatasetError(
            f"{name} is not a Parquet file: it does not begin with {PARQUET_MAGIC.decode()}. If it holds text, "
            "let its name end in .csv, .jsonl or .json, whichever it is; otherwise get or export it anew."
        )
    renamed = f"{PurePath(name).stem}.{found[0]}"
    raise DatasetError(f"{name} holds {TITLES[found[0]]}, not {TITLES[file_format]}. Rename it to {renamed}.")


def _looks_like(head: bytes) -> tuple[str, ...]:
    """The formats a file that begins like this may have; none if it might be CSV or anything else."""
    if head.startswith(PARQUET_MAGIC):
        return ("parquet",)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _SEED.match(text):
        return ("json",)
    if _LIST.match(text):
        return ("json", "jsonl")  # neither can use a list, and each says so in its own words
    if not _OBJECT.match(text):
        return ()
    first, _end, rest = text.partition(b"\n")
    if not rest.strip():
        return ("jsonl", "json")
    if not first.rstrip().endswith(b"}"):
        return ("json",)  # the object goes on after the first line, so it is one for the whole file
    return ("jsonl",) if rest.lstrip().startswith(b"{") else ("jsonl", "json")
