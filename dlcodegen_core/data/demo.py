"""The two datasets of the first launch: three example pairs, and real code from the user's own Python.

The second one is read from the standard library when it is first needed; nothing of it ships with this program.
"""

import ast
import hashlib
import os
import sysconfig
import tokenize
import warnings
from collections.abc import Iterator
from pathlib import Path

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.errors import DatasetError

EXAMPLE_NAME = "Three-pair example"
LIBRARY_NAME = "Python standard library"
LIBRARY_PAIRS = 2000
PAIRS_PER_FILE = 50
MAX_LINE_CHARACTERS = 120
# Tests, tools that happen to be written in Python, and files that are data in Python's clothes.
SKIPPED_FOLDERS = {
    "test", "tests", "idlelib", "lib2to3", "turtledemo", "site-packages", "dist-packages", "__pycache__",
    "pydoc_data", "encodings", "ensurepip", "msilib",
}  # fmt: skip

EXAMPLE_PAIRS = (
    Pair("def async fetch_data(url):", "    async with aiohttp.ClientSession() as session:", "python"),
    Pair("function useAsyncData() {", "  const [data, setData] = useState(null);", "javascript"),
    Pair("import React from 'react';", "export default function Component() {}", "javascript"),
)


def ensure_demo_datasets(store: DatasetStore) -> None:
    """Make the demo datasets unless they were made before; one that a person deleted does not come back."""
    taken = {info.name for info in store.infos()}  # a person may have used the name for something else
    if EXAMPLE_NAME not in taken and not store.has_ever_had("example"):
        store.create(EXAMPLE_NAME, EXAMPLE_PAIRS, origin="example", note="the format's own example", once=True)
    if LIBRARY_NAME not in taken and not store.has_ever_had("standard library"):
        pairs = standard_library_pairs(LIBRARY_PAIRS)
        note = "lines before, next line; read from the Python found on this machine"
        store.create(LIBRARY_NAME, pairs, origin="standard library", note=note, once=True)


def standard_library_pairs(
    count: int = LIBRARY_PAIRS, seed: int = 0, lines_before: int = 4, folder: Path | None = None
) -> list[Pair]:
    """About `count` pairs "lines before" -> "next line" from whole files, the same for the same library and seed.

    The prompt ends with the indentation of the next line, as an editor would have put it. Raises DatasetError if
    no Python source can be found.
    """
    root = folder or Path(sysconfig.get_path("stdlib"))
    pairs: list[Pair] = []
    seen: set[tuple[str, str]] = set()
    for path in _files(root, seed):
        for pair in _spread(list(_pairs_of(path, root, lines_before)), PAIRS_PER_FILE):
            if (pair.prompt, pair.target) not in seen:
                seen.add((pair.prompt, pair.target))
                pairs.append(pair)
        if len(pairs) >= count:
            return pairs[:count]
    if not pairs:
        raise DatasetError(f"No Python source was found under {root}. Upload a dataset of your own.")
    return pairs


def _files(root: Path, seed: int) -> list[Path]:
    """Candidate files in an order that depends on seed and name alone."""
    paths: list[Path] = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = set(subfolders) - SKIPPED_FOLDERS  # not entered: site-packages may hold 100,000 files
        paths += [Path(folder, name) for name in names if name.endswith(".py")]
    return sorted(paths, key=lambda path: hashlib.sha256(f"{seed} {path.relative_to(root)}".encode()).digest())


def _pairs_of(path: Path, root: Path, lines_before: int) -> Iterator[Pair]:
    """One pair for each line of code with enough lines before it; nothing for a file that is not sound Python."""
    try:
        with tokenize.open(path) as file:
            text = file.read()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old escapes in other people's strings
            inside_strings = _lines_inside_strings(ast.parse(text))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    lines = text.split("\n")
    source = path.relative_to(root).as_posix()
    for index in range(lines_before, len(lines)):
        line = lines[index].rstrip()
        code = line.lstrip()
        if len(code) < 2 or len(line) > MAX_LINE_CHARACTERS or code.startswith("#") or index + 1 in inside_strings:
            continue
        indentation = line[: len(line) - len(code)]
        before = "\n".join(lines[index - lines_before : index])
        if before.strip() and "\0" not in before:
            yield Pair(f"{before}\n{indentation}", code, "python", source, index + 1)


def _lines_inside_strings(tree: ast.AST) -> set[int]:
    """Numbers of the lines that belong to a string over several lines, docstrings among them."""
    numbers: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr):
            if node.end_lineno and node.end_lineno > node.lineno:
                numbers.update(range(node.lineno, node.end_lineno + 1))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            numbers.add(node.lineno)
    return numbers


def _spread(pairs: list[Pair], most: int) -> list[Pair]:
    """At most `most` of the pairs, evenly over the whole file."""
    if len(pairs) <= most:
        return pairs
    return [pairs[index * len(pairs) // most] for index in range(most)]
