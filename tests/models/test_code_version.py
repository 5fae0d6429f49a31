"""Which code trained a model: told from git's own files, and from the package alone where there are none."""

import subprocess
from pathlib import Path

import pytest

import dlcodegen_core
from dlcodegen_core.models.code_version import code_version, commit_of


def _git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.org")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    _git(folder, "init", "-q")
    _git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    return folder


def test_the_commit_is_the_one_that_git_tells(checkout: Path) -> None:
    assert commit_of(checkout) == _git(checkout, "rev-parse", "HEAD")


def test_a_packed_branch_and_a_commit_without_a_branch_are_found(checkout: Path) -> None:
    told = _git(checkout, "rev-parse", "HEAD")
    _git(checkout, "pack-refs", "--all")
    assert commit_of(checkout) == told
    _git(checkout, "checkout", "-q", "--detach")
    assert commit_of(checkout) == told


def test_a_second_work_tree_has_its_own_commit(checkout: Path) -> None:
    _git(checkout, "worktree", "add", "-q", "-b", "other", "../second")
    _git(checkout.parent / "second", "commit", "-q", "--allow-empty", "-m", "second")
    assert commit_of(checkout.parent / "second") == _git(checkout, "rev-parse", "other") != commit_of(checkout)


@pytest.mark.parametrize("head", ["", "ref: refs/heads/none", "ref: ../../etc/passwd", "not a commit", "\0"])
def test_what_is_no_checkout_has_no_commit(tmp_path: Path, head: str) -> None:
    assert commit_of(tmp_path) == ""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text(head)
    assert commit_of(tmp_path) == ""


def test_the_package_tells_its_version_first() -> None:
    assert code_version().startswith(dlcodegen_core.__version__)
