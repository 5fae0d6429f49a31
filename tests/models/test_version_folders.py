"""How versions are numbered on disk, and what is not a version."""

from pathlib import Path

import pytest

from dlcodegen_core.models.version_folders import is_version_name, next_version_folder, version_folders


def _make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).mkdir()


def test_versions_come_oldest_first_by_number(tmp_path: Path) -> None:
    _make(tmp_path, "v10", "v2", "v1")
    assert [path.name for path in version_folders(tmp_path)] == ["v1", "v2", "v10"]


def test_half_written_and_foreign_folders_are_left_out(tmp_path: Path) -> None:
    _make(tmp_path, "v1", ".v2.a8f3", "v02", "v0", "version3", "V4", "v5 ", "v-6", "v7.old")
    assert [path.name for path in version_folders(tmp_path)] == ["v1"]


def test_without_a_folder_there_are_no_versions_and_none_is_made(tmp_path: Path) -> None:
    assert version_folders(tmp_path / "versions") == []
    assert next_version_folder(tmp_path / "versions") == tmp_path / "versions" / "v1"
    assert not (tmp_path / "versions").exists()


def test_the_next_number_follows_the_highest_and_fills_no_gap(tmp_path: Path) -> None:
    _make(tmp_path, "v1", "v9")
    assert next_version_folder(tmp_path).name == "v10"


def test_a_file_in_the_way_of_a_number_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "v1").touch()
    assert next_version_folder(tmp_path).name == "v2"


@pytest.mark.parametrize("name", ["v1", "v42", "v999999999"])
def test_a_number_behind_a_v_is_a_version_name(name: str) -> None:
    assert is_version_name(name)


@pytest.mark.parametrize(
    "name", ["", "v", "v0", "v01", "1", "V1", "v1/", "../v1", "v1/../v2", "v1\n", "v1\0", "v1.0", "v1２", "v1000000000"]
)
def test_nothing_else_may_become_part_of_a_path(name: str) -> None:
    assert not is_version_name(name)
