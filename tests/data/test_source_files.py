"""Source files, the languages their names stand for, and the fingerprint that saved models remember."""

import pytest

from dlcodegen_core.data.source_files import (
    SUFFIXES,
    SourceFile,
    fingerprint_of,
    language_of,
)
from dlcodegen_core.features.language import LANGUAGES


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("train.py", "python"),
        ("stubs/train.pyi", "python"),
        ("src/index.mjs", "javascript"),
        ("Button.jsx", "javascript"),
        ("api.d.ts", "typescript"),
        ("Button.tsx", "tsx"),
        ("Main.java", "java"),
        ("main.go", "go"),
        ("lib.rs", "rust"),
        ("list.c", "c"),
        ("list.h", "c"),
        ("LIST.HPP", "cpp"),
        ("list.cc", "cpp"),
    ],
)
def test_a_file_name_tells_the_language(name: str, language: str) -> None:
    assert language_of(name) == language


@pytest.mark.parametrize("name", ["README.md", "Makefile", ".py", "", "notes", "archive.py.zip"])
def test_other_file_names_tell_nothing(name: str) -> None:
    assert language_of(name) is None


def test_the_languages_and_their_suffixes_are_those_of_the_house() -> None:
    assert tuple(SUFFIXES) == LANGUAGES
    usual = "py pyi pyw js jsx mjs cjs ts mts cts tsx java go rs c h cpp cc cxx c++ hpp hh hxx h++ ipp tpp cu cuh"
    assert " ".join(SUFFIXES.values()) == usual
    for language, suffixes in SUFFIXES.items():
        assert {language_of(f"a.{suffix}") for suffix in suffixes.split()} == {language}


FILES = [SourceFile("a.py", "a\n"), SourceFile("b.py", "b\n")]


@pytest.mark.parametrize(
    "others",
    [
        FILES[::-1],
        FILES[:1],
        [FILES[0], SourceFile("c.py", "b\n")],
        [FILES[0], SourceFile("b.py", "c\n")],
        [SourceFile("a.pya\n", ""), FILES[1]],
    ],
)
def test_the_fingerprint_tells_paths_texts_and_their_order(others: list[SourceFile]) -> None:
    assert fingerprint_of(others) != fingerprint_of(FILES)


def test_the_fingerprint_stays_what_saved_models_remember() -> None:
    assert fingerprint_of(FILES) == "435403f57be8e608d5ae4638759b462902d507f409801bc18c48d67e69abc5fb"
