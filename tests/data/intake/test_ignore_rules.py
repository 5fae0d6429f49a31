"""Rules in .gitignore's syntax: what git says of them is right."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcodegen_core.data.intake.ignore_rules import IgnoreRules, is_a_rule

PATHS = ["a", "b.py", "ab", "a.b", "d/a", "d/b.py", "d/e/a", "d/e/ab.py", "e/d/a", "#x", "!y", "a b", "d/[c]", "ba1"]


@pytest.mark.parametrize(
    ("lines", "path", "is_folder", "verdict"),
    [
        (["*.pyc"], "a/b/c.pyc", False, True),
        (["*.pyc"], "a/b/c.py", False, None),
        (["/a.py"], "a.py", False, True),
        (["/a.py"], "b/a.py", False, None),
        (["build/"], "x/build", True, True),
        (["build/"], "x/build", False, None),
        (["*.log", "!logs/"], "logs/a.log", False, True),
        (["a", "!a"], "a", False, False),
        (["docs/**"], "docs", True, None),
        (["docs/**"], "docs/a/b.md", False, True),
        (["a/**/z"], "a/z", False, True),
        (["# a", "", "  "], "a", False, None),
        (["\\#a"], "#a", False, True),
        (["[[:digit:]].py"], "7.py", False, True),
        (["a\\", "[z-a]", "[", "b"], "b", False, True),
    ],
)
def test_the_last_rule_that_matches_decides(lines: list[str], path: str, is_folder: bool, verdict: bool | None) -> None:
    assert IgnoreRules(lines).verdict(path, is_folder) is verdict


LINES = st.text("ab.*?/!#[]-d e", min_size=1, max_size=8) | st.sampled_from(["**/a", "d/**", "*", "!*/", "!a", "d/*/"])


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository that holds an empty file for each of PATHS."""
    if shutil.which("git") is None:
        pytest.skip("git, which knows, is not installed")
    made = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", made], check=True)
    for path in PATHS:
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).touch()
    return made


# git reads a set of characters that holds a slash; here it is no rule
@settings(max_examples=60, deadline=None)
@given(st.lists(LINES.filter(lambda line: not ("[" in line and "/" in line)), max_size=5))
def test_the_rules_agree_with_git(repository: Path, lines: list[str]) -> None:
    (repository / ".gitignore").write_text("\n".join(lines) + "\n")
    listed = subprocess.run(
        ["git", "-C", repository, "ls-files", "-z", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    rules = IgnoreRules(lines)
    assert {path for path in PATHS if not _is_ignored(rules, path)} == {path for path in listed if path in PATHS}


def _is_ignored(rules: IgnoreRules, path: str) -> bool:
    """As git goes: down from the top, and not into what is ignored."""
    folders = [path[:place] for place, character in enumerate(path) if character == "/"]
    return any(rules.verdict(folder, True) for folder in folders) or bool(rules.verdict(path, False))


@pytest.mark.parametrize("line", ["a*" * 40 + "b", "*a*" * 30 + "b", "[ab]*" * 40 + "c", "?*" * 40 + "c"])
def test_no_pattern_takes_for_ever(line: str) -> None:
    started = time.perf_counter()
    assert IgnoreRules([line]).verdict("a" * 250, is_folder=False) is None
    assert time.perf_counter() - started < 1


def test_a_pattern_of_many_double_stars_is_no_rule() -> None:
    assert is_a_rule("**/a/**/b/*.py")
    assert not is_a_rule("**/a/**/b/**/c/**/d/*.py")


@given(st.lists(st.text()), st.text(min_size=1), st.booleans())
def test_any_lines_give_rules_and_any_path_a_verdict(lines: list[str], path: str, is_folder: bool) -> None:
    assert IgnoreRules(lines).verdict(path, is_folder) in (True, False, None)
