"""What a person may force in or out, and how a mistake is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data.intake.file_rules import FileRules, ForcedPaths
from dlcodegen_core.errors import DatasetError


@pytest.mark.parametrize(
    ("glob", "told"),
    [
        ("", r"The glob '' to force in is empty\. Leave it out"),
        ("  ", "is empty"),
        ("!a", r"starts with !, which only a \.gitignore file may\. Write \\!"),
        ("# a", "starts with #"),
        ("a\nb", "holds a line end"),
        ("a\0", "holds a line end or a NUL"),
        ("a/../../b", "leads out of the source"),
        ("a\\", r"cannot be understood\. Write it as in a \.gitignore file"),
        ("[a", "cannot be understood"),
        ("x" * 501, "has 501 characters, at most 500"),
    ],
)
def test_a_glob_that_cannot_be_one_is_named(glob: str, told: str) -> None:
    with pytest.raises(DatasetError, match=told):
        FileRules(force_in=("*.py", glob))


def test_the_error_tells_which_way_the_glob_was_to_force() -> None:
    with pytest.raises(DatasetError, match="'!a' to force out"):
        FileRules(force_out=("!a",))
    with pytest.raises(DatasetError, match="201 globs to force out; at most 200"):
        FileRules(force_out=("a",) * 201)


@pytest.mark.parametrize(
    ("glob", "folder", "may"),
    [
        ("*.js", "any/where", True),
        ("build/", "vendor", True),
        ("/vendor/a/b.py", "vendor", True),
        ("/vendor/a/b.py", "vendor/a", True),
        ("/vendor/a/b.py", "vendor/b", False),
        ("/vendor/a/b.py", "other", False),
        ("vendor/*/b.py", "vendor/x", True),
        ("vendor/*.py", "node_modules", False),
        ("**/x/*.py", "node_modules", True),
        ("/a.py", "vendor", False),
    ],
)
def test_a_folder_is_looked_into_only_if_a_glob_could_name_something_in_it(glob: str, folder: str, may: bool) -> None:
    assert ForcedPaths(FileRules(force_in=(glob,))).may_be_in(folder) is may


@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=4), st.text("ab*/?", min_size=1, max_size=8))
def test_every_file_that_a_glob_names_can_be_reached(parts: list[str], glob: str) -> None:
    try:
        forced = ForcedPaths(FileRules(force_in=(glob,)))
    except DatasetError:
        return
    if forced.is_in("/".join(parts), is_folder=False):
        assert all(forced.may_be_in("/".join(parts[:length])) for length in range(1, len(parts)))
