"""Paths that came from elsewhere: which may be trusted."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data.intake.member_paths import inside_path, shown


@pytest.mark.parametrize(
    ("path", "inside"),
    [("a/b.py", "a/b.py"), ("./a//b.py", "a/b.py"), ("a/./b/", "a/b"), ("./", ""), ("", ""), ("..a/b..", "..a/b..")],
)
def test_a_path_inside_is_given_in_its_shortest_form(path: str, inside: str) -> None:
    assert inside_path(path) == (inside, "")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("../a.py", "leads outside"),
        ("a/../../b.py", "leads outside"),
        ("a/..", "leads outside"),
        ("/etc/passwd", "absolute"),
        ("C:/a.py", "absolute"),
        ("c:a.py", "absolute"),
        ("a\\b.py", "backslash"),
        ("..\\a.py", "backslash"),
        ("a.py\0.txt", "NUL"),
        ("a/" * 501, "longer than 1,000"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused_with_its_reason(path: str, told: str) -> None:
    inside, reason = inside_path(path)
    assert inside == ""
    assert told in reason


@given(st.text("ab./\\:C\0", max_size=12) | st.text())
def test_no_path_leads_outside(path: str) -> None:
    inside, _reason = inside_path(path)
    assert not PurePosixPath(inside).is_absolute()
    assert not PureWindowsPath(inside).drive
    assert not {"..", "."} & set(inside.split("/"))
    shown(path).encode()
