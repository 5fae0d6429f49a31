"""Files that a browser sent: read by the rules of folders, their paths trusted no further than needed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data.intake import FileRules, file_tree, read_uploaded
from dlcodegen_core.errors import DatasetError


def test_an_upload_is_read_like_a_folder_without_the_folder_that_holds_all() -> None:
    reading = read_uploaded(
        [
            ("project/b/c.py", b"c = 1\n"),
            ("project/.gitignore", b"left.py\n"),
            ("project/left.py", b"l = 1\n"),
            ("project/a.py", b"a = 1\n"),
            ("project/vendor/v.py", b"v = 1\n"),
            ("project/README.md", b"read\n"),
        ]
    )
    assert [(file.path, file.text, file.language) for file in reading.files] == [
        ("a.py", "a = 1\n", "python"),
        ("b/c.py", "c = 1\n", "python"),
    ]
    assert [file.path for file in reading.skipped] == ["left.py", "vendor/"]
    assert dict(reading.other_files) == {".md": 1, "no suffix": 1}


def test_two_folders_at_the_top_stay() -> None:
    reading = read_uploaded([("a/x.py", b"x = 1\n"), ("b/y.py", b"y = 1\n")])
    assert [file.path for file in reading.files] == ["a/x.py", "b/y.py"]


def test_paths_that_lead_elsewhere_and_those_that_come_twice_are_listed() -> None:
    files = [
        (path, b"x = %d\n" % number) for number, path in enumerate(["a.py", "../b.py", "/c.py", "./a.py", "d\\e.py"])
    ]
    reading = read_uploaded(files)
    assert [file.path for file in reading.files] == ["a.py"]
    assert {file.path: file.reason for file in reading.skipped} == {
        "../b.py": "its path leads outside (..)",
        "/c.py": "its path is absolute and leads outside",
        "./a.py": "another file has the same path",
        "d\\e.py": "its path holds a backslash",
    }


def test_a_file_that_is_too_large_is_listed_and_rules_hold() -> None:
    files = [("a.py", b"# line\n" * 200_000), ("b.py", b"b = 1\n"), ("c.py", b"c = 1\n")]
    reading = read_uploaded(files, rules=FileRules(force_out=("c.py",)))
    assert [file.path for file in reading.files] == ["b.py"]
    assert [file.reason for file in reading.skipped] == ["left out by your rule", "larger than 1 MB"]


def test_an_upload_without_source_is_told() -> None:
    with pytest.raises(DatasetError, match=r"The upload: there is no source file.*Upload a folder with code in one of"):
        read_uploaded([("a.md", b"a\n")])
    with pytest.raises(DatasetError, match="there is no source file that can be used"):
        read_uploaded([])


def test_too_many_files_or_folders_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_tree, "MAX_ENTRIES", 20)
    with pytest.raises(DatasetError, match="The upload holds more than 20 files and folders"):
        read_uploaded((f"{number}.py", b"a\n") for number in range(21))
    with pytest.raises(DatasetError, match="The upload holds more than 20 files and folders"):
        read_uploaded([("a/" * 30 + "b.py", b"a\n"), ("c.py", b"c\n")])


def test_whoever_hears_the_progress_may_stop_the_reading() -> None:
    def stop(done: int, total: int) -> None:
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        read_uploaded([("a.py", b"a\n")], stop)


@given(st.lists(st.tuples(st.text("ab/.\\\0p:y", max_size=10) | st.text(), st.binary(max_size=40))))
def test_any_upload_gives_a_reading(files: list[tuple[str, bytes]]) -> None:
    reading = read_uploaded([*files, ("main.py", b"print(1)\n"), ("x/y.py", b"print(2)\n")])
    repr(reading).encode()
    assert all(not {"", ".."} & set(file.path.split("/")) for file in reading.files)
