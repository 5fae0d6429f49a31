"""How versions are numbered on disk, and what is not a version."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dlcodegen_core.errors import ModelError
from dlcodegen_core.models.version_folders import (
    claim_version,
    clear_leftovers,
    is_version_name,
    new_version,
    next_version_folder,
    version_folders,
)


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


def test_a_claimed_number_is_nobody_elses(tmp_path: Path) -> None:
    root = tmp_path / "versions"
    assert [claim_version(root).name for _claim in range(3)] == ["v1", "v2", "v3"]
    assert version_folders(root) == []


def test_a_number_is_not_used_again_after_its_version_is_gone(tmp_path: Path) -> None:
    _make(tmp_path, "v1", "v7")
    assert claim_version(tmp_path).name == "v8"
    (tmp_path / "v7").rmdir()
    assert claim_version(tmp_path).name == "v9"


def test_numbers_in_the_trash_are_taken(tmp_path: Path) -> None:
    (tmp_path / "trash" / "v4").mkdir(parents=True)
    assert claim_version(tmp_path).name == "v5"


def test_many_threads_claim_different_numbers(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda _n: claim_version(tmp_path).name, range(24)))
    assert sorted(claimed, key=lambda name: int(name[1:])) == [f"v{number}" for number in range(1, 25)]


def test_a_damaged_count_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "last_number").write_text("many")
    with pytest.raises(ModelError, match=r"last_number does not hold a number\. Delete the file"):
        claim_version(tmp_path)


def test_leftovers_go_and_everything_else_stays(tmp_path: Path) -> None:
    _make(tmp_path, "v1", ".v2.a8f3", ".import.x1", "trash", "trash/.v1.k3")
    (tmp_path / ".v2.a8f3" / "model.safetensors").write_text("half")
    for name in (".registry.json.ab", ".last_number.cd", ".gitignore", "registry.json"):
        (tmp_path / name).touch()
    clear_leftovers(tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".gitignore", "registry.json", "registry.lock", "trash", "v1"]
    assert list((tmp_path / "trash").iterdir()) == []


def test_what_is_being_written_is_no_leftover(tmp_path: Path) -> None:
    with new_version(tmp_path / "v1") as temporary:
        (temporary / "model.json").touch()
        clear_leftovers(tmp_path)
        assert temporary.is_dir()
    assert (tmp_path / "v1" / "model.json").is_file()


def test_clearing_up_where_nothing_is_makes_nothing(tmp_path: Path) -> None:
    clear_leftovers(tmp_path / "versions")
    assert not (tmp_path / "versions").exists()
