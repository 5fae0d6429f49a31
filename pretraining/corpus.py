"""`python -m pretraining.corpus`: fetches the packages, selects their files, trains the tokenizer, writes the tokens.

Writes train.u16 and held-out.u16 (token numbers, each file closed by END_OF_FILE), tokenizer.json and manifest.json
into the cache, and the manifest beside this file. Held out are whole packages, named in packages.py. The evaluation
projects are fetched only to drop what resembles them. The same packages always give the same tokens.
"""

import argparse
import hashlib
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlcodegen_core.data.near_duplicates import near_duplicate_groups
from dlcodegen_core.data.source_files import SourceFile, language_of
from dlcodegen_core.models.sequence.tokenizer import END_OF_FILE, CodeTokenizer
from dlcodegen_core.storage.files import write_atomically, write_json_atomically
from pretraining.archives import CACHE, PackageUnavailable, fetched, members
from pretraining.licences import is_allowed, stated_licence
from pretraining.packages import EVALUATION, PACKAGES, Package
from pretraining.selection import selected

VOCABULARY = 8192
# Characters of each language that the tokenizer is trained on.
SAMPLE = {"python": 6_000_000, "typescript": 2_000_000, "tsx": 1_000_000, "javascript": 3_000_000, "other": 600_000}
MANIFEST = Path(__file__).parent / "corpus-manifest.json"


@dataclass(frozen=True, slots=True)
class Source:
    """What one package gives: its files, and the licence it states."""

    package: Package
    licence: str
    files: tuple[SourceFile, ...]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=CACHE)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    bring_all([*PACKAGES, *EVALUATION], options.cache)
    sources = read(PACKAGES, options.cache)
    sources = without_duplicates(sources, read(EVALUATION, options.cache))
    tokenizer = CodeTokenizer.train(sample(sources), VOCABULARY)
    manifest = write(sources, tokenizer, options.cache)
    write_json_atomically(MANIFEST, manifest)
    print(table(manifest))
    return 0


def bring_all(packages: Sequence[Package], cache: Path) -> None:
    """Ask the registries for all that is not in the cache yet, a few at a time."""

    def bring(package: Package) -> str:
        try:
            fetched(package, cache)
        except PackageUnavailable as exc:
            return f"left out: {exc}"
        return ""

    with ThreadPoolExecutor(4) as pool:
        for message in filter(None, pool.map(bring, packages)):
            _say(message)


def read(packages: Sequence[Package], cache: Path) -> list[Source]:
    """The selected files of each package whose own metadata states an allowed licence."""
    sources = []
    for package in packages:
        try:
            files = members(fetched(package, cache), lambda path: bool(language_of(path)) or _tells_licence(path))
        except PackageUnavailable:
            continue
        licence = stated_licence({path: content for path, content in files.items() if _tells_licence(path)})
        if package in PACKAGES and not is_allowed(licence):
            _say(f"left out: {package.spec}: its licence is {licence or 'not stated'!r}, not one of the allowed")
            continue
        sources.append(Source(package, licence, tuple(selected(files, package.registry, package in EVALUATION))))
    return sources


def without_duplicates(sources: Sequence[Source], evaluation: Sequence[Source]) -> list[Source]:
    """Of files that resemble each other only the first, and none that resembles one of `evaluation`."""
    texts = [file.text for source in (*evaluation, *sources) for file in source.files]
    groups = iter(near_duplicate_groups(texts))
    of_evaluation = {next(groups) for source in evaluation for _file in source.files}
    seen = set(of_evaluation)
    left, dropped, alike = [], 0, 0
    for source in sources:
        kept = []
        for file in source.files:
            group = next(groups)
            if group not in seen:
                seen.add(group)
                kept.append(file)
            elif group in of_evaluation:
                alike += 1
            else:
                dropped += 1
        left.append(Source(source.package, source.licence, tuple(kept)))
    _say(f"left out: {dropped:,} near-duplicates, and {alike:,} files like ones of the evaluation projects")
    return left


def sample(sources: Sequence[Source]) -> list[str]:
    """Files to train the tokenizer on, of each language so many characters, drawn by digest."""
    files = sorted(
        (
            (hashlib.sha256(f"{source.package.spec} {file.path}".encode()).digest(), file)
            for source in sources
            if not source.package.held_out
            for file in source.files
        ),
        key=lambda drawn: drawn[0],
    )
    room, texts = dict(SAMPLE), []
    for _digest, file in files:
        language = file.language if file.language in room else "other"
        if room[language] > 0:
            room[language] -= len(file.text)
            texts.append(file.text)
    return texts


def write(sources: Sequence[Source], tokenizer: CodeTokenizer, cache: Path) -> dict[str, object]:
    """Write the tokens and the tokenizer; returns the manifest."""
    streams: dict[bool, list[np.ndarray]] = {False: [], True: []}
    packages = []
    for source in sources:
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        encoded = tokenizer.encode_all([file.text for file in source.files])
        for file, tokens in zip(source.files, encoded, strict=True):
            streams[source.package.held_out].append(np.append(tokens, END_OF_FILE).astype("<u2"))
            size = {"files": 1, "bytes": len(file.text.encode()), "tokens": len(tokens) + 1}
            counts[str(file.language)].update(size)
        name, version = source.package.name, source.package.version
        packages.append(
            {
                "registry": source.package.registry,
                "package": name,
                "version": version,
                "licence": source.licence,
                "held_out": source.package.held_out,
                "languages": {language: dict(count) for language, count in sorted(counts.items())},
            }
        )
    manifest: dict[str, object] = {"vocabulary": len(tokenizer), "packages": packages}
    tokenizer_json = tokenizer.to_json().encode()
    write_atomically(cache / "tokenizer.json", tokenizer_json)
    manifest["tokenizer_sha256"] = hashlib.sha256(tokenizer_json).hexdigest()
    for held_out, name in ((False, "train"), (True, "held-out")):
        content = np.concatenate([np.array([END_OF_FILE], "<u2"), *streams[held_out]]).tobytes()
        write_atomically(cache / f"{name}.u16", content)
        manifest[f"{name.replace('-', '_')}_sha256"] = hashlib.sha256(content).hexdigest()
    write_json_atomically(cache / "manifest.json", manifest)
    return manifest


def table(manifest: dict[str, object]) -> str:
    """Markdown: tokens by language, and by licence."""
    by_language: dict[str, Counter[str]] = defaultdict(Counter)
    by_licence: Counter[str] = Counter()
    packages: Counter[str] = Counter()
    for package in manifest["packages"]:  # type: ignore[attr-defined]
        tokens = 0
        for language, counts in package["languages"].items():
            by_language[language].update(counts)
            by_language[language]["held_out"] += counts["tokens"] * package["held_out"]
            tokens += counts["tokens"]
        by_licence[package["licence"]] += tokens
        packages[package["licence"]] += 1
    lines = ["| language | files | MB | tokens | of them held out |", "|---|---|---|---|---|"]
    total: Counter[str] = Counter()
    for language, counts in sorted(by_language.items(), key=lambda item: -item[1]["tokens"]):
        total.update(counts)
        lines.append(_row(language, counts))
    lines += [_row("all", total), "", "| licence, as stated | packages | tokens |", "|---|---|---|"]
    lines += [f"| {licence} | {packages[licence]} | {tokens:,} |" for licence, tokens in by_licence.most_common()]
    return "\n".join(lines)


def _row(language: str, counts: Counter[str]) -> str:
    return (
        f"| {language} | {counts['files']:,} | {counts['bytes'] / 1e6:.1f} | {counts['tokens']:,} | "
        f"{counts['held_out']:,} |"
    )


def _tells_licence(path: str) -> bool:
    """Whether a file may state its package's licence: one of the package itself, not of what it ships of others."""
    return ".dist-info/" in path or re.fullmatch(r"(?i)package\.json|(licen[cs]e|copying)[^/]*", path) is not None


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
