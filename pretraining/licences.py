"""Which licence a package states about itself, as an SPDX expression, and whether the corpus may hold it.

Read from the package's own metadata, never from a list of ours. This is a check of what is stated, no legal advice.
"""

import json
import re
from collections.abc import Mapping
from email.parser import BytesHeaderParser

ALLOWED = {"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "PSF-2.0"}
_CLASSIFIERS = {
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "Python Software Foundation License": "PSF-2.0",
    "BSD License": "BSD",
}
_IN_WORDS = {
    "mit": "MIT",
    "mit license": "MIT",
    "the mit license": "MIT",
    "the mit license (mit)": "MIT",
    "mit license (mit)": "MIT",
    "apache 2.0": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD",
    "bsd license": "BSD",
    "new bsd": "BSD-3-Clause",
    "modified bsd license": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd-3-clause license": "BSD-3-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd 2-clause license": "BSD-2-Clause",
    "isc": "ISC",
    "isc license": "ISC",
    "psf-2.0": "PSF-2.0",
}


def stated_licence(files: Mapping[str, bytes]) -> str:
    """The licence that a package's files state, "" if none, or its own words if they are none that is known.

    files: METADATA or package.json, and LICENSE files, by path.
    """
    metadata = next((content for path, content in files.items() if path.endswith(".dist-info/METADATA")), None)
    text = "\n".join(
        content.decode("utf-8", "replace")
        for path, content in sorted(files.items())
        if re.search(r"(?i)licen[cs]e|copying", path.rpartition("/")[2]) or "/licenses/" in path
    )
    if metadata is not None:
        return _of_python(metadata, text)
    if "package.json" in files:
        return _which_bsd(_of_npm(files["package.json"]), text)
    return ""


def is_allowed(expression: str) -> bool:
    """Whether an SPDX expression leaves the choice of an allowed licence: one side of each OR, all of each AND."""
    words = re.findall(r"\(|\)|[^\s()]+", expression)
    if not words:
        return False
    allowed, rest = _any_of(words)
    return allowed and not rest


def _of_python(metadata: bytes, text: str) -> str:
    headers = BytesHeaderParser().parsebytes(metadata)
    if expression := str(headers.get("License-Expression") or "").strip():
        return expression
    stated = [
        str(line).rpartition(" :: ")[2]
        for line in headers.get_all("Classifier", [])
        if str(line).startswith("License :: ") and str(line) != "License :: OSI Approved"
    ]
    if stated:
        # more than one may mean "choose" or "both"; both are then asked of them
        names = sorted({_CLASSIFIERS.get(name, name.replace(" ", "-")) for name in stated})
        return " AND ".join(_which_bsd(name, text) for name in names)
    words = str(headers.get("License") or "").strip()
    first = words.splitlines()[0].strip() if words else ""
    return _which_bsd(_IN_WORDS.get(first.lower(), first), text)


def _of_npm(package_json: bytes) -> str:
    try:
        stated = json.loads(package_json).get("license", "")
    except (ValueError, AttributeError):
        return ""
    if isinstance(stated, dict):
        stated = stated.get("type", "")
    return _IN_WORDS.get(stated.lower(), stated) if isinstance(stated, str) else ""


def _which_bsd(name: str, text: str) -> str:
    """ "BSD" alone does not say which; the text of the licence does."""
    if name != "BSD":
        return name
    words = " ".join(text.lower().split())
    if "redistributions in binary form" not in words or "all advertising materials" in words:
        return "BSD"
    return "BSD-3-Clause" if "neither the name" in words or "names of" in words else "BSD-2-Clause"


def _any_of(words: list[str]) -> tuple[bool, list[str]]:
    allowed, words = _all_of(words)
    while words and words[0].upper() == "OR":
        other, words = _all_of(words[1:])
        allowed = allowed or other
    return allowed, words


def _all_of(words: list[str]) -> tuple[bool, list[str]]:
    allowed, words = _one(words)
    while words and words[0].upper() == "AND":
        other, words = _one(words[1:])
        allowed = allowed and other
    return allowed, words


def _one(words: list[str]) -> tuple[bool, list[str]]:
    if not words:
        return False, ["something is missing"]
    if words[0] == "(":
        allowed, rest = _any_of(words[1:])
        return (allowed, rest[1:]) if rest[:1] == [")"] else (False, rest)
    return words[0] in ALLOWED, words[1:]
