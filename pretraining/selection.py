"""Which files of a package are source that a person wrote and others may learn from, and what is cut from them.

Knows nothing of licences or archives. Near-duplicates are another module's concern.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from dlcodegen_core.data.private_data import holds_secret, without_addresses
from dlcodegen_core.data.source_content import source_text
from dlcodegen_core.data.source_files import SourceFile, language_of

# Of one package, by kind.
MOST_CHARACTERS = {
    "python": 400_000,
    "typescript": 350_000,
    "javascript": 350_000,
    "other": 500_000,
    "declarations": 10_000,
}
WRITTEN_IN_TYPESCRIPT = 5  # files
LARGEST_FILE = 200_000  # bytes
LONGEST_MEAN_LINE = 400
LONGEST_LINE = 2_000
SHORTEST_FILE = 200  # characters; shorter ones only re-export
MOST_DATA_LINES = 0.5  # share of lines that are nothing but a literal
FEW_LINES = 40

_OTHERS_CODE = {
    "_vendor", "_vendored", "_vendored_packages", "vendor", "vendored", "vendors", "third_party", "third-party",
    "thirdparty", "node_modules", "bower_components", "extern", "externals", "_extern", "external", "packages_vendored",
    "pluggable_vendor", "typeshed",
}  # fmt: skip
_DATA = {"testdata", "test_data", "test-data", "fixtures", "__fixtures__", "__snapshots__", "snapshots", "locale",
         "locales", "i18n", "lang", "langs", "cldr"}  # fmt: skip
_BUILT = {"dist", "build", "out", "umd", "cjs", "_cjs", "_esm", "_types", "bundles", "bundle", "min", "es5", "amd",
          "types", "coverage", "prebuilds", "generated", "__generated__", "gen"}  # fmt: skip
_GENERATED = re.compile(
    r"(?i)@generated|do not (?:edit|modify)|auto-?\s?generated|generated (?:by|from|automatically|code)|code generated"
    r"|this file (?:is|was) (?:auto|generated)"
)
_GENERATED_NAMES = re.compile(r"(?i)(?:_pb2(?:_grpc)?\.pyi?|-lock\.\w+|\.(?:pb|min|bundle|generated)\.\w+)$")
_COMPILED = re.compile(r"sourceMappingURL=|__esModule|_interopRequire|@babel/runtime|\b_jsxs?\(|__awaiter\b|tslib")
_OBJECTIVE_C = re.compile(r"^@(?:interface|protocol|class|property|implementation)\b|^#import\b", re.MULTILINE)
_COMMENTS = re.compile(
    r"\A(#![^\n]*\n)?((?:[ \t]*(?:#|//)[^\n]*\n|[ \t]*\n|[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*\n)+)", re.DOTALL
)
_LICENCE = re.compile(r"(?i)copyright|licen[cs]e|spdx")
_LITERAL = re.compile(r"""^\s*(?:["'\[({\d-].*[,\])}"']|[\w$]+:\s*["'\d].*,)\s*$""")


def selected(files: Mapping[str, bytes], registry: str, everything: bool = False) -> list[SourceFile]:
    """The files of one package that may be learned from: at most so many characters of each kind, drawn by digest.

    Small shares of many packages teach more than all of a few large ones. everything: without that limit.
    """
    paths = [path for path in files if language_of(path) and not is_left_out(path, registry)]
    if registry == "pip":
        # in wheels, scripts for browsers are mostly built ones
        paths = [path for path in paths if _kind(path) not in ("javascript", "typescript")]
    written = sum(_kind(path) == "typescript" for path in paths)
    found: list[SourceFile] = []
    room = dict(MOST_CHARACTERS)
    for path in sorted(paths, key=lambda path: hashlib.sha256(path.encode()).digest()):
        kind = _kind(path)
        # A package that ships its TypeScript ships JavaScript as what was compiled from it.
        if (room[kind] <= 0 and not everything) or (kind == "javascript" and written >= WRITTEN_IN_TYPESCRIPT):
            continue
        text = clean(files[path])
        if text and not (kind == "other" and _OBJECTIVE_C.search(text)):
            room[kind] -= len(text)
            found.append(SourceFile(path, text, language_of(path)))
    return sorted(found, key=lambda file: file.path)


def is_left_out(path: str, registry: str) -> bool:
    """Others' code, data of tests, built or generated, as the path says."""
    *folders, name = (part.lower() for part in PurePosixPath(path).parts)
    skipped = _OTHERS_CODE | _DATA | (_BUILT if registry == "npm" else set())
    return bool(skipped & set(folders)) or _GENERATED_NAMES.search(name) is not None


def clean(content: bytes) -> str:
    """The text to learn from, without licence header and addresses; "" if nothing of the file may be used."""
    if len(content) > LARGEST_FILE:
        return ""
    text, reason = source_text(content)
    if reason or _GENERATED.search(text[:2_000]) or _COMPILED.search(text) or holds_secret(text):
        return ""
    text = without_addresses(_without_licence(text)).rstrip() + "\n"
    lines = text.split("\n")
    if len(text) < SHORTEST_FILE or max(map(len, lines)) > LONGEST_LINE or len(text) / len(lines) > LONGEST_MEAN_LINE:
        return ""
    return "" if is_data(lines) else text


def is_data(lines: list[str]) -> bool:
    """Whether it is a table rather than a program."""
    filled = [line for line in lines if line.strip()]
    literals = sum(_LITERAL.match(line) is not None for line in filled)
    return len(filled) >= FEW_LINES and literals > MOST_DATA_LINES * len(filled)


def is_declaration(path: str) -> bool:
    """Whether it declares types only: no code follows from such files."""
    return path.endswith((".d.ts", ".d.mts", ".d.cts", ".pyi"))


def _kind(path: str) -> str:
    language = str(language_of(path))
    if is_declaration(path):
        return "declarations"
    if language in ("typescript", "tsx"):
        return "typescript"
    return language if language in MOST_CHARACTERS else "other"


def _without_licence(text: str) -> str:
    """The same header on every file of a package would be learned by heart; names stand in it besides."""
    comments = _COMMENTS.match(text)
    if comments is None or not _LICENCE.search(comments[2]):
        return text
    return (comments[1] or "") + text[comments.end() :]
