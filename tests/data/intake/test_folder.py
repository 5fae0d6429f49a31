"""Reading folders of source: what is read, what is skipped and why, and that nothing in a folder can stop it."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data.intake import FileRules, entries, read_folder, walk
from dlcodegen_core.data.intake import reading as reading_module
from dlcodegen_core.data.intake.walk import CLOSED_FOLDERS, SKIPPED_FOLDERS
from dlcodegen_core.data.source_files import SUFFIXES, SourceReading, fingerprint_of
from dlcodegen_core.errors import DatasetError

LINK = "a symbolic link, which is not followed"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file that is read."""
    made = tmp_path / "project"
    made.mkdir()
    (made / "main.py").write_bytes(b"print(1)\n")
    return made


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def paths(reading: SourceReading) -> list[str]:
    return [file.path for file in reading.files]


def reasons(reading: SourceReading) -> dict[str, str]:
    return {file.path: file.reason for file in reading.skipped}


def test_files_of_all_known_languages_are_read(tmp_path: Path) -> None:
    names = [f"a.{suffixes.split()[0]}" for suffixes in SUFFIXES.values()]
    write(tmp_path, {name: f"text of {name}\n".encode() for name in names})
    reading = read_folder(tmp_path)
    assert {file.language: file.text for file in reading.files} == {
        language: f"text of {name}\n" for language, name in zip(SUFFIXES, names, strict=True)
    }
    assert reading.skipped == ()


def test_a_folders_own_files_come_by_name_before_those_of_its_subfolders(tmp_path: Path) -> None:
    names = ["b/x.py", "b/a/y.py", "z.py", "a/x.py", "b/z.py", "Z.py", "c.py"]
    write(tmp_path, {name: name.encode() for name in names})
    assert paths(read_folder(tmp_path)) == ["Z.py", "c.py", "z.py", "a/x.py", "b/x.py", "b/z.py", "b/a/y.py"]


def test_the_size_is_that_of_the_texts_read(folder: Path) -> None:
    write(folder, {"b.py": "é\r\n".encode(), "c.py": b""})
    assert read_folder(folder).size_bytes == len("print(1)\n") + len("é\n".encode())


def test_files_of_other_kinds_are_counted_by_suffix_and_not_listed(folder: Path) -> None:
    write(folder, {"Makefile": b"a", "a.md": b"a", "b.MD": b"a", ".py": b"a", "c.d/notes": b"a", "d.rb": b"a"})
    reading = read_folder(folder)
    assert reading.other_files == (("no suffix", 3), (".md", 2), (".rb", 1))
    assert reading.skipped == ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a\0", "binary"),
        (b"\xff", "not UTF-8"),
        (b"", "empty"),
        (b"x" * 999_999, "minified"),
        (b"# DO NOT EDIT\n", "generated"),
        (b"# line\n" * 200_000, "larger than 1 MB"),
        (b"print(1)\r\n", "a copy of another file (the same as main.py)"),
    ],
)
def test_a_file_that_is_no_hand_written_source_is_skipped_with_its_reason(
    folder: Path, content: bytes, told: str
) -> None:
    write(folder, {"sub/odd.py": content})
    reading = read_folder(folder)
    assert paths(reading) == ["main.py"]
    assert reasons(reading)["sub/odd.py"].startswith(told)


def test_a_file_of_exactly_the_largest_size_is_read(folder: Path) -> None:
    write(folder, {"large.py": b"# line 10\n" * 100_000, "larger.py": b"# line 10\n" * 100_000 + b"\n"})
    reading = read_folder(folder)
    assert paths(reading) == ["large.py", "main.py"]
    assert reasons(reading) == {"larger.py": "larger than 1 MB"}


@pytest.mark.parametrize("name", sorted(SKIPPED_FOLDERS))
def test_a_folder_of_tools_or_of_other_peoples_code_is_listed_once_and_not_entered(folder: Path, name: str) -> None:
    write(folder, {f"sub/{name}/a.py": b"a = 1\n", f"sub/{name}/deep/b.py": b"b = 1\n"})
    reading = read_folder(folder)
    assert paths(reading) == ["main.py"]
    assert reasons(reading) == {f"sub/{name}/": "a folder of tools, built files or others' code"}


@pytest.mark.parametrize(
    "name", ["node_modules", ".git", ".venv", "venv", "__pycache__", "dist", "build", "site-packages", "vendor"]
)
def test_the_usual_folders_are_among_them(name: str) -> None:
    assert name in SKIPPED_FOLDERS


def test_a_folder_that_was_asked_for_is_read_whatever_its_name(tmp_path: Path) -> None:
    write(tmp_path / "build", {"a.py": b"a = 1\n", "builder/b.py": b"b = 1\n"})
    assert paths(read_folder(tmp_path / "build")) == ["a.py", "builder/b.py"]


def test_links_are_listed_and_never_followed(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside", {"secret.py": b"key = 1\n"})
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "sub").mkdir()
    (folder / "sub/up").symlink_to("..", target_is_directory=True)
    (folder / "self.py").symlink_to("self.py")
    (folder / "gone.py").symlink_to("nowhere.py")
    (folder / "other.py").symlink_to(tmp_path / "outside/secret.py")
    (folder / "outside").symlink_to(tmp_path / "outside", target_is_directory=True)
    reading = read_folder(folder)
    assert paths(reading) == ["main.py"]
    assert reasons(reading) == dict.fromkeys(["gone.py", "loop", "other.py", "outside", "self.py", "sub/up"], LINK)


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.py")
    assert reasons(read_folder(folder)) == {"pipe.py": "a device or a pipe, not a file"}


def test_a_file_that_may_not_be_read_is_skipped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_as_usual = os.open

    def refuse(path: str, flags: int) -> int:
        if path.endswith("locked.py"):
            raise PermissionError(13, "Permission denied")
        return open_as_usual(path, flags)

    write(folder, {"locked.py": b"a = 1\n"})
    monkeypatch.setattr(os, "open", refuse)  # the tests may run as root, whom no permission stops
    reading = read_folder(folder)
    assert paths(reading) == ["main.py"]
    assert reasons(reading) == {"locked.py": "it cannot be read (Permission denied)"}


def test_a_folder_that_may_not_be_opened_is_skipped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan_as_usual = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("locked/"):
            raise PermissionError(13, "Permission denied")
        return scan_as_usual(path)

    write(folder, {"locked/a.py": b"a = 1\n"})
    monkeypatch.setattr(os, "scandir", refuse)
    reading = read_folder(folder)
    assert paths(reading) == ["main.py"]
    assert reasons(reading) == {"locked/": "it cannot be opened (Permission denied)"}


def test_folders_may_nest_deeper_than_python_calls(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for _ in range(1_200):
        Path("d").mkdir()
        os.chdir("d")
    Path("deep.py").write_bytes(b"deep = 1\n")
    try:
        assert paths(read_folder(folder)) == ["main.py", "d/" * 1_200 + "deep.py"]
    finally:  # shutil.rmtree, which tidies up behind the tests, is itself recursive
        Path("deep.py").unlink()
        for _ in range(1_200):
            os.chdir("..")
            Path("d").rmdir()


def test_names_of_any_bytes_can_be_written_as_utf_8(folder: Path) -> None:
    for name, content in [
        (b"odd\xff.py", b"a = 1\n"),
        (b"odd\xfe.py", b"a = 1\n"),
        (b"bad\xff.py", b""),
        (b"n.\xff", b""),
    ]:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(content)
    Path(os.fsdecode(os.fsencode(folder) + b"/sub\xff")).mkdir()
    write(folder, {os.fsdecode(b"sub\xff/c.py"): b"c = 1\n"})
    reading = read_folder(folder)
    assert paths(reading) == ["main.py", "odd?.py", "sub?/c.py"]
    assert reasons(reading)["odd?.py"] == "a copy of another file (the same as odd?.py)"
    repr(reading).encode()
    "".join([*paths(reading), *reasons(reading), *dict(reading.other_files)]).encode()
    fingerprint_of(reading.files)


@pytest.mark.parametrize(("limit", "read", "left"), [(30, 3, None), (29, 2, "1 more file"), (20, 2, "1 more file")])
def test_what_goes_beyond_the_total_is_left_out_in_one_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, read: int, left: str | None
) -> None:
    monkeypatch.setattr(reading_module, "MAX_TOTAL_BYTES", limit)
    write(tmp_path, {f"{number}.py": b"number = %d" % number for number in range(3)})  # of ten bytes each
    reading = read_folder(tmp_path)
    assert len(reading.files) == read
    assert reading.size_bytes <= limit
    assert [file.path for file in reading.skipped] == ([left] if left else [])


def test_no_smaller_file_slips_in_after_the_total_is_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "MAX_TOTAL_BYTES", 15_000_000)
    write(tmp_path, {f"{n:02}.py": b"# line %02d\n" % n * 100_000 for n in range(16)} | {"zz.py": b"a\n", "zz.md": b""})
    reading = read_folder(tmp_path)
    assert len(reading.files) == 15
    assert reasons(reading) == {"2 more files": "left out: more than 15 MB in all"}
    assert reading.other_files == ((".md", 1),)


def test_progress_is_told_from_nothing_to_all(folder: Path) -> None:
    write(folder, {"a.md": b"", "sub/b.py": b"b = 1\n"})
    heard: list[tuple[int, int]] = []
    read_folder(folder, lambda done, total: heard.append((done, total)))
    assert heard[-2:] == [(0, 2), (2, 2)]


def test_whoever_hears_the_progress_may_stop_the_reading(folder: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_folder(folder, stop)


def test_what_is_not_a_folder_is_told_as_such(folder: Path) -> None:
    with pytest.raises(DatasetError, match=r"project/none: there is no such folder\. Check the path"):
        read_folder(folder / "none")
    with pytest.raises(DatasetError, match=r"main\.py/x: there is no such folder"):
        read_folder(folder / "main.py/x")
    with pytest.raises(DatasetError, match=r"main\.py is not a folder\. Give the folder"):
        read_folder(folder / "main.py")
    with pytest.raises(DatasetError, match=r"cannot be opened: File name too long\. Check the path"):
        read_folder(folder / ("a" * 300))
    with pytest.raises(DatasetError, match=r"'a\\x00b' cannot be a path"):
        read_folder(Path("a\0b"))


def test_a_folder_without_usable_source_tells_how_many_were_skipped_and_mostly_why(tmp_path: Path) -> None:
    broken = {f"{number}.py": b"a" * number + b"\xff" for number in range(3)}
    write(tmp_path, broken | {"a.py": b"", "b.py": b"", "c.rb": b"", "README": b""})
    with pytest.raises(DatasetError) as caught:
        read_folder(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: there is no source file that can be used. "
        "Skipped: 5, most often (3) for this reason: not UTF-8. Files of other kinds: 2 (no suffix, .rb). "
        f"Give a folder with code in one of these languages: {', '.join(SUFFIXES)}."
    )


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"can be used\. Give a folder with code in one of these languages: python,"):
        read_folder(tmp_path)


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=20).filter(lambda name: not {0, 47} & set(name)))
def test_any_name_and_content_is_either_read_or_skipped(content: bytes, name: bytes) -> None:
    with tempfile.TemporaryDirectory() as made:
        write(Path(made), {"main.py": b"print(1)\n", os.fsdecode(name + b".go"): content})
        reading = read_folder(Path(made))
        assert len(reading.files) + len(reading.skipped) == 2
        repr(reading).encode()


def test_a_pipe_that_took_a_files_place_is_not_waited_for_either(folder: Path) -> None:
    os.mkfifo(folder / "pipe.py")
    assert reasons(read_folder(folder, rules=FileRules(force_in=("*",)))) == {
        "pipe.py": "a device or a pipe, not a file"
    }


def test_rules_of_gitignore_files_hold_at_every_level_as_git_has_them(folder: Path) -> None:
    write(
        folder,
        {
            ".gitignore": b"# made by a program\n*.gen.py\n/local.py\nscratch/\n!keep.gen.py\n",
            "a.gen.py": b"a = 1\n",
            "keep.gen.py": b"b = 1\n",
            "local.py": b"c = 1\n",
            "sub/local.py": b"d = 1\n",
            "sub/.gitignore": b"!a.gen.py\nown.py\n",
            "sub/a.gen.py": b"e = 1\n",
            "sub/own.py": b"f = 1\n",
            "sub/scratch/deep/g.py": b"g = 1\n",
            "own.py": b"h = 1\n",
        },
    )
    reading = read_folder(folder)
    assert paths(reading) == ["keep.gen.py", "main.py", "own.py", "sub/a.gen.py", "sub/local.py"]
    assert reasons(reading) == {
        "a.gen.py": "ignored by git's rules (.gitignore)",
        "local.py": "ignored by git's rules (.gitignore)",
        "sub/own.py": "ignored by git's rules (sub/.gitignore)",
        "sub/scratch/": "ignored by git's rules (.gitignore)",
    }


def test_rules_that_git_keeps_aside_hold_and_a_gitignore_file_overrules_them(folder: Path) -> None:
    write(
        folder,
        {
            ".git/info/exclude": b"mine.py\nours.py\n",
            ".gitignore": b"!ours.py\n",
            "mine.py": b"a = 1\n",
            "ours.py": b"b = 1\n",
        },
    )
    reading = read_folder(folder)
    assert paths(reading) == ["main.py", "ours.py"]
    assert reasons(reading)["mine.py"] == "ignored by git's rules (.git/info/exclude)"


def test_a_gitignore_file_that_is_a_link_is_not_used(folder: Path, tmp_path: Path) -> None:
    write(tmp_path, {"rules": b"*.py\n"})
    (folder / ".gitignore").symlink_to(tmp_path / "rules")
    assert paths(read_folder(folder)) == ["main.py"]


def test_a_gitignore_file_beyond_all_measure_is_told_and_not_used(folder: Path) -> None:
    write(folder, {".gitignore": b"*.py\n" * 50_000})
    reading = read_folder(folder)
    assert paths(reading) == ["main.py"]
    assert reasons(reading)[".gitignore"].startswith("its rules are not used: too large")


TASTE = {
    "ignored.py": b"a = 1\n",
    "vendor/theirs/lib.py": b"b = 1\n",
    "parser_gen.py": b"# DO NOT EDIT\nc = 1\n",
    "small.min.js": b"d=1;" * 2_000,
    "the_copy.py": b"print(1)\n",
    "Makefile": b"all: main\n",
}


@pytest.mark.parametrize("name", TASTE)
def test_what_was_left_out_as_a_matter_of_taste_can_be_forced_in(folder: Path, name: str) -> None:
    write(folder, TASTE | {".gitignore": b"ignored.py\n", "vendor/theirs/other.py": b"e = 1\n"})
    before, after = read_folder(folder), read_folder(folder, rules=FileRules(force_in=(f"/{name}",)))
    assert name not in paths(before)
    assert sorted(paths(after)) == sorted([*paths(before), name])
    assert next(file.text for file in after.files if file.path == name) == TASTE[name].decode()


def test_the_list_tells_what_a_rule_could_force_in(folder: Path) -> None:
    write(folder, TASTE | {".gitignore": b"ignored.py\n", "empty.py": b"", "odd.py": b"\xff", "large.py": b"#" * 2**20})
    able = {file.path: file.can_be_forced for file in read_folder(folder).skipped}
    assert {path for path, can in able.items() if can} == {
        "ignored.py", "vendor/", "parser_gen.py", "small.min.js", "the_copy.py"
    }  # fmt: skip
    assert {path for path, can in able.items() if not can} == {"empty.py", "odd.py", "large.py"}


@pytest.mark.parametrize(
    ("content", "told"), [(b"a\0", "binary"), (b"\xff", "not UTF-8"), (b"# line\n" * 200_000, "larger than 1 MB")]
)
def test_what_is_not_safe_cannot_be_forced_in(folder: Path, content: bytes, told: str) -> None:
    write(folder, {"odd.py": content})
    (folder / "link.py").symlink_to("main.py")
    reading = read_folder(folder, rules=FileRules(force_in=("*",)))
    assert paths(reading) == ["main.py"]
    assert reasons(reading)["link.py"] == LINK
    assert reasons(reading)["odd.py"].startswith(told)


@pytest.mark.parametrize("name", sorted(CLOSED_FOLDERS))
def test_the_folders_of_version_control_stay_closed_to_every_rule(folder: Path, name: str) -> None:
    write(folder, {f"{name}/hook.py": b"a = 1\n", f"{name}/config": b"password = x\n"})
    reading = read_folder(folder, rules=FileRules(force_in=("*", f"/{name}/config")))
    assert paths(reading) == ["main.py"]
    assert f"{name}/" in reasons(reading)


def test_a_folder_that_is_entered_for_one_forced_file_is_still_listed_once(folder: Path) -> None:
    write(folder, {f"node_modules/p{number}/index.js": b"n = %d\n" % number for number in range(20)})
    reading = read_folder(folder, rules=FileRules(force_in=("node_modules/p7/*.js",)))
    assert paths(reading) == ["main.py", "node_modules/p7/index.js"]
    assert reasons(reading) == {"node_modules/": "a folder of tools, built files or others' code"}
    assert reading.other_files == ()


def test_a_whole_folder_can_be_forced_in(folder: Path) -> None:
    write(folder, {"vendor/a.py": b"a = 1\n", "vendor/b/build/c.py": b"c = 1\n", "build/d.py": b"d = 1\n"})
    reading = read_folder(folder, rules=FileRules(force_in=("/vendor/",)))
    assert paths(reading) == ["main.py", "vendor/a.py", "vendor/b/build/c.py"]
    assert list(reasons(reading)) == ["build/"]


def test_what_is_forced_out_stays_out_even_if_it_is_forced_in_as_well(folder: Path) -> None:
    write(folder, {"a.py": b"a = 1\n", "tests/b.py": b"b = 1\n", "notes.md": b"c\n", "more.md": b"d\n"})
    reading = read_folder(folder, rules=FileRules(force_in=("*.py", "notes.md"), force_out=("a.*", "tests/", "*.md")))
    assert paths(reading) == ["main.py"]
    assert reasons(reading) == dict.fromkeys(["a.py", "notes.md", "tests/"], "left out by your rule")
    assert reading.other_files == ((".md", 1),)


def test_a_folder_of_too_many_entries_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MAX_ENTRIES", 10)
    write(folder, {f"sub/{number}.md": b"" for number in range(8)})
    assert paths(read_folder(folder)) == ["main.py"]
    write(folder, {"sub/x.md": b""})
    with pytest.raises(DatasetError, match=r"holds more than 10 files and folders\. Give a smaller part"):
        read_folder(folder)
    assert entries.MAX_ENTRIES == 100_000
