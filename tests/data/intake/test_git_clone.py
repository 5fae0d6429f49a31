"""Fetching repositories with a real git: what arrives, what never runs, and how each failure is told."""

import http.server
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dlcodegen_core.data.intake import clone, commit_of, git_clone, read_folder
from dlcodegen_core.errors import DatasetError, StorageError

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

WHO = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", folder, *WHO, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits on main, one more on a branch, a tag, and a link that leads out."""
    made = tmp_path / "a repository"
    made.mkdir()
    git(made, "init", "-q", "-b", "main")
    (made / "a.py").write_bytes(b"a = 1\n")
    (made / "link.py").symlink_to("/etc/passwd")
    git(made, "add", ".")
    git(made, "commit", "-q", "-m", "first")
    (made / "b.py").write_bytes(b"b = 1\r\n")
    git(made, "add", ".")
    git(made, "commit", "-q", "-m", "second")
    git(made, "tag", "v1")
    git(made, "checkout", "-q", "-b", "side/branch")
    (made / "c.py").write_bytes(b"c = 1\n")
    git(made, "add", ".")
    git(made, "commit", "-q", "-m", "third")
    git(made, "checkout", "-q", "main")
    return made


@pytest.mark.parametrize("as_address", [True, False])
def test_the_newest_commit_alone_arrives(repository: Path, tmp_path: Path, as_address: bool) -> None:
    into = tmp_path / "into"
    commit = clone(repository.as_uri() if as_address else str(repository), into)
    assert commit == git(repository, "rev-parse", "main") == commit_of(into)
    assert git(into, "rev-list", "--count", "HEAD") == "1"
    assert git(into, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags") == "refs/heads/main"
    reading = read_folder(into)
    assert [(file.path, file.text) for file in reading.files] == [("a.py", "a = 1\n"), ("b.py", "b = 1\n")]
    assert {file.path for file in reading.skipped} == {".git/", "link.py"}


@pytest.mark.parametrize("branch", ["side/branch", "v1"])
def test_a_branch_or_a_tag_can_be_chosen(repository: Path, tmp_path: Path, branch: str) -> None:
    assert clone(str(repository), tmp_path / "into", branch) == git(repository, "rev-parse", branch)


def test_no_setting_hook_filter_or_helper_of_the_person_runs(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    script = f"#!/bin/sh\necho ran >> '{ran}'\ncat\n"
    template = tmp_path / "template/hooks"
    template.mkdir(parents=True)
    for name in ("post-checkout", "post-merge", "reference-transaction"):
        for folder in (template, repository / ".git/hooks"):
            (folder / name).write_text(script)
            (folder / name).chmod(0o755)
    (tmp_path / "program").write_text(script)
    (tmp_path / "program").chmod(0o755)
    (repository / ".gitattributes").write_text("*.py filter=evil\n")
    git(repository, "add", ".gitattributes")
    git(repository, "commit", "-q", "-m", "attributes")
    ran.unlink(missing_ok=True)  # the hooks of the repository ran for its own commit, as they should
    home = tmp_path / "person"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f"[init]\n\ttemplateDir = {template.parent}\n[core]\n\thooksPath = {template}\n"
        f'[filter "evil"]\n\tsmudge = {tmp_path}/program\n[uploadpack]\n\tpackObjectsHook = {tmp_path}/program\n'
        f"[credential]\n\thelper = {tmp_path}/program\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "filter.evil.smudge")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(tmp_path / "program"))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(template.parent))
    git(tmp_path, "clone", "-q", str(repository), "as usual")
    assert ran.exists()
    ran.unlink()
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    clone(str(repository), tmp_path / "into")
    assert not ran.exists()
    assert not (tmp_path / "into/.git/hooks").exists()


def test_submodules_are_not_fetched(repository: Path, tmp_path: Path) -> None:
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repository), "module")
    git(repository, "commit", "-q", "-m", "module")
    clone(str(repository), tmp_path / "into")
    assert list((tmp_path / "into/module").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_repository_of_another_user_can_be_fetched(repository: Path, tmp_path: Path) -> None:
    for path in [repository, *repository.rglob("*")]:
        os.chown(path, 12345, 12345, follow_symlinks=False)
    assert clone(str(repository), tmp_path / "into") == commit_of(repository)


@pytest.mark.parametrize("existed", [True, False])
def test_a_failure_leaves_the_folder_as_it_was(repository: Path, tmp_path: Path, existed: bool) -> None:
    into = tmp_path / "into"
    if existed:
        into.mkdir()
    with pytest.raises(DatasetError, match=r"a repository: it has no such branch\. Check the branch's name"):
        clone(str(repository), into, "none")
    assert into.exists() is existed
    assert not existed or list(into.iterdir()) == []


def test_a_folder_in_use_is_not_touched(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    (tmp_path / "into/mine").touch()
    with pytest.raises(StorageError, match="into is not empty"):
        clone(str(repository), tmp_path / "into")
    assert (tmp_path / "into/mine").exists()


def test_a_repository_without_a_commit_is_told(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "empty")
    with pytest.raises(DatasetError, match=r"empty: it holds no commit\. Check the address, or give"):
        clone(str(tmp_path / "empty"), tmp_path / "into")


def test_a_folder_that_is_no_repository_is_told(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(DatasetError, match=r"plain: there is no git repository\. Check the address"):
        clone(str(tmp_path / "plain"), tmp_path / "into")


def test_a_repository_beyond_the_size_is_refused(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_clone, "MAX_CLONE_BYTES", 1_000)
    with pytest.raises(DatasetError, match=r"takes more than 0 MB\. Clone it yourself and give the part"):
        clone(str(repository), tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_a_machine_without_git_is_told(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DatasetError, match=r"git is not there to fetch it .*Install git, or download"):
        clone(str(repository), tmp_path / "into")


Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """Start a server on this machine that gives one answer to everything; returns its address."""
    running: list[http.server.ThreadingHTTPServer] = []

    def start(answer: Answer) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *_words: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_port}/a.git?token=secret"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def status(code: int, *headers: tuple[str, str], body: bytes = b"") -> Answer:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for header in headers:
            handler.send_header(*header)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (status(401, ("WWW-Authenticate", 'Basic realm="x"')), "it needs a login, or there is no such repository"),
        (status(403), "the server refuses to give it"),
        (status(404), "there is no such repository"),
        (status(500), "its server does not answer as it should"),
        (status(200), "it holds no commit"),
        (status(200, body=b"<html>a page</html>\n"), "there is no git repository"),
        # to where git may not go
        (status(302, ("Location", "https://127.0.0.1:9/a.git/info/refs")), "its server does not answer as it should"),
        (status(302, ("Location", "file:///etc")), "its server does not answer as it should"),
    ],
)
def test_what_a_server_answers_is_told_in_plain_words(
    serve: Callable[[Answer], str], tmp_path: Path, answer: Answer, told: str
) -> None:
    with pytest.raises(DatasetError, match=rf"^http://127\.0\.0\.1:\d+/a\.git: ({told})") as caught:
        clone(serve(answer), tmp_path / "into")
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "into").exists()


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="its server does not answer"):
        clone("http://127.0.0.1:9/a.git", tmp_path / "into")
    with pytest.raises(DatasetError, match=r"its server (cannot be found|does not answer)"):
        clone("https://no-such-server.invalid/a.git", tmp_path / "into")


def test_a_download_that_takes_too_long_or_is_not_wanted_any_more_ends_with_all_it_started(
    serve: Callable[[Answer], str], tmp_path: Path
) -> None:
    address = serve(lambda _handler: time.sleep(20))
    started = time.monotonic()
    with pytest.raises(DatasetError, match=r"took too long and was stopped\. Try again later"):
        clone(address, tmp_path / "into", timeout_seconds=0.3)
    with pytest.raises(DatasetError, match="the download was stopped, as you asked"):
        clone(address, tmp_path / "into", cancelled=lambda: time.monotonic() > started + 1)

    def broken() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clone(address, tmp_path / "into", cancelled=broken)
    assert time.monotonic() - started < 10
    assert not (tmp_path / "into").exists()
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not any(address.encode() in command for command in commands)
