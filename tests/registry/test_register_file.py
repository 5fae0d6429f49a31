"""The file of aliases and labels: one step from the old to the new, read again only when it changed."""

import os
from pathlib import Path

import pytest

from dlcodegen_core.errors import ModelError
from dlcodegen_core.registry.register import Register
from dlcodegen_core.registry.register_file import FILE, RegisterFile

AT = "2026-01-01T00:00:00+00:00"


def test_without_a_file_nothing_is_said_and_none_is_made(tmp_path: Path) -> None:
    assert RegisterFile(tmp_path).read() == Register()
    assert list(tmp_path.iterdir()) == []


def test_what_one_writes_another_reads_at_once(tmp_path: Path) -> None:
    one, other = RegisterFile(tmp_path), RegisterFile(tmp_path)
    for number in range(1, 6):  # within one tick of the file system's clock, and of the same size
        one.change(lambda register, version=f"v{number}": register.promoted(version, AT))
        assert other.read().production == f"v{number}"


def test_an_unchanged_file_is_read_once(tmp_path: Path) -> None:
    file = RegisterFile(tmp_path)
    file.change(lambda register: register.promoted("v1", AT))
    os.utime(tmp_path / FILE, (1, 1))
    assert file.read() is file.read()


def test_a_step_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    RegisterFile(tmp_path).change(lambda register: register)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "[" * 50_000, '{"format": 1}', '{"format": 9}', "\xff"])
def test_a_damaged_file_is_told_with_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content, "latin-1")
    with pytest.raises(ModelError, match=r"registry\.json cannot be read .*Restore it from a backup, or delete it"):
        RegisterFile(tmp_path).read()
