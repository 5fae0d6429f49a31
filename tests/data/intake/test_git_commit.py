"""Which commit a folder stands at: git's own answer, without asking git."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlcodegen_core.data.intake import commit_of

WHO = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", folder, *WHO, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git, whose answer is the right one, is not installed")
    made = tmp_path / "repository"
    made.mkdir()
    git(made, "init", "-q", "-b", "main")
    (made / "a.py").write_bytes(b"a = 1\n")
    git(made, "add", "a.py")
    git(made, "commit", "-q", "-m", "first")
    return made


def test_a_branchs_newest_commit_is_told(repository: Path) -> None:
    assert commit_of(repository) == git(repository, "rev-parse", "HEAD")


def test_a_commit_that_git_packed_away_is_told(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    git(repository, "pack-refs", "--all")
    assert not (repository / ".git/refs/heads/main").exists()
    assert commit_of(repository) == commit


def test_a_commit_without_a_branch_is_told(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    assert commit_of(repository) == git(repository, "rev-parse", "HEAD")


def test_a_second_work_tree_has_its_own_commit(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "side/branch", str(tmp_path / "second"))
    git(tmp_path / "second", "commit", "-q", "--allow-empty", "-m", "second")
    assert commit_of(tmp_path / "second") == git(tmp_path / "second", "rev-parse", "HEAD")
    assert commit_of(tmp_path / "second") != commit_of(repository)


def test_a_repository_without_a_commit_has_none(repository: Path) -> None:
    git(repository, "checkout", "-q", "--orphan", "empty")
    assert commit_of(repository) is None


def test_what_is_no_work_tree_has_none(repository: Path, tmp_path: Path) -> None:
    (repository / "sub").mkdir()
    for folder in (tmp_path, repository / "sub", repository / "a.py", tmp_path / "none", Path("a\0b")):
        assert commit_of(folder) is None


@pytest.mark.parametrize(
    "head", ["ref: ../../secret", "ref: refs/../../secret", "ref: /etc/hostname", "", "0" * 39, "x" * 40, "ref: refs/"]
)
def test_a_head_that_leads_elsewhere_tells_nothing(tmp_path: Path, head: str) -> None:
    (tmp_path / "work/.git").mkdir(parents=True)
    (tmp_path / "secret").write_text("a" * 40)
    (tmp_path / "work/.git/HEAD").write_text(f"{head}\n")
    assert commit_of(tmp_path / "work") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.binary(max_size=30).map(lambda name: b"ref: refs/" + name))
def test_any_head_gives_a_commit_or_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".git").mkdir(exist_ok=True)
    (tmp_path / ".git/HEAD").write_bytes(content)
    assert commit_of(tmp_path) is None
