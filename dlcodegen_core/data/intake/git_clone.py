"""Fetching one commit of a git repository into a folder, with a git that obeys nobody but us.

It reads no settings of the machine or the person, asks for no password, runs no hook, filter or helper program, fetches
no submodules, speaks one protocol and is stopped, with all it started, after a time or beyond a size. Links in the
repository are made as links, so that whoever reads the folder can tell them from source and not follow them.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from dlcodegen_core import outbound
from dlcodegen_core.data.intake.git_address import GitAddress, checked_branch, git_address
from dlcodegen_core.data.intake.git_commit import commit_of
from dlcodegen_core.errors import DatasetError, StorageError
from dlcodegen_core.storage.files import disk_errors

MAX_CLONE_BYTES = 2_000_000_000
SECONDS_BETWEEN_LOOKS = 0.1
# Measuring a folder of a hundred thousand files takes a second; it must not become the work itself.
_SHARE_OF_TIME_MEASURING = 0.1
_ERROR_BYTES = 20_000
# What git needs of a person's environment: itself, the way out of a company's network, and its certificates.
_ENVIRONMENT = (
    "PATH", "SYSTEMROOT", "https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE",
)  # fmt: skip
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.autocrlf=false",
    "core.askPass=",
    "credential.helper=",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=30",
)
# What git says, in lower case, and what to tell a person; the first that fits counts.
_TOLD = (
    (("remote branch", "not found in upstream"), "it has no such branch. Check the branch's name, or leave it out"),
    (
        ("could not read username",),
        "it needs a login, or there is no such repository. Check the address; if it needs a login, clone it yourself "
        "and give the folder",
    ),
    (("authentication failed",), "it needs a login. Clone it yourself and give the folder"),
    (("error: 401",), "it needs a login. Clone it yourself and give the folder"),
    (("error: 403",), "the server refuses to give it. Clone it yourself and give the folder"),
    (("dubious ownership",), "it belongs to another user, and git does not trust it. Copy it to a folder of your own"),
    (("could not resolve",), "its server cannot be found. Check the address and your connection to the network"),
    (
        ("certificate",),
        "its server cannot prove who it is (the certificate). Check the address, or ask who runs the server",
    ),
    (("no space left",), "the disk is full. Free some space and try again"),
    (("dumb http transport",), "its server cannot send one commit alone. Clone it yourself and give the folder"),
    (("does not appear to be a git repository",), "there is no git repository. Check the address"),
    (("not found",), "there is no such repository. Check the address"),
    (("is this a git repository",), "there is no git repository. Check the address"),
    (("failed to connect",), "its server does not answer. Check the address and your connection to the network"),
    (("couldn't connect",), "its server does not answer. Check the address and your connection to the network"),
    (("timed out",), "its server does not answer in time. Try again later"),
    (("operation too slow",), "the connection is too slow. Try again later"),
    (("unable to access",), "its server does not answer as it should. Check the address and try again later"),
    (("early eof",), "the connection broke. Try again"),
)


def clone(
    address: str,
    into: Path,
    branch: str = "",
    timeout_seconds: float = 120,
    cancelled: Callable[[], bool] = lambda: False,
) -> str:
    """Fetch the newest commit of a branch or a tag, the usual branch if empty, into `into`; return the commit's hash.

    into: a folder that is empty or does not exist; on failure it is left as it was. cancelled is asked ten times a
    second. Raises DatasetError that says what to do, OfflineError, StorageError if the folder cannot be made.
    """
    source, branch = git_address(address), checked_branch(branch)
    if source.folder is None:
        server = urlsplit(source.url)
        outbound.allow(server.hostname or "", server.port or (443 if source.protocol == "https" else 80))
    existed = _check_target(into)
    try:
        with tempfile.TemporaryDirectory(prefix="clone-") as home:
            _run(source, into, branch, Path(home), time.monotonic() + timeout_seconds, cancelled)
        commit = commit_of(into)
        if commit is None:
            raise DatasetError(
                f"{source.shown}: it holds no commit. Check the address, or give a repository with at least one."
            )
        return commit
    except BaseException:
        shutil.rmtree(into, ignore_errors=True)
        if existed:
            into.mkdir(exist_ok=True)
        raise


def _check_target(into: Path) -> bool:
    """Whether the folder to fill exists already. Raises StorageError unless it can be filled."""
    with disk_errors(into.name):
        into.parent.mkdir(parents=True, exist_ok=True)
        if not into.exists():
            return False
        if next(into.iterdir(), None) is not None:
            raise StorageError(f"{into} is not empty. Choose a folder of another name.")
        return True


def _run(
    source: GitAddress, into: Path, branch: str, home: Path, deadline: float, cancelled: Callable[[], bool]
) -> None:
    """Run git to its end, or end it. Raises DatasetError."""
    said = home / "said"
    with said.open("wb") as errors:
        try:
            process = subprocess.Popen(
                _command(source, into, branch),
                cwd=home,
                env=_environment(source, home),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,  # so that all it starts can be ended with it
            )
        except OSError as exc:
            raise DatasetError(
                f"{source.shown}: git is not there to fetch it ({exc.strerror}). Install git, or download the "
                "repository as a zip file and give that."
            ) from exc
        try:
            _watch(process, source, into, deadline, cancelled)
        finally:
            _end(process)
    if process.returncode != 0:
        raise DatasetError(f"{source.shown}: {_in_plain_words(said)}.")


def _command(source: GitAddress, into: Path, branch: str) -> list[str]:
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    chosen = [f"--branch={branch}"] if branch else []
    return [
        "git", *settings, "clone", "--quiet", "--depth=1", "--single-branch", "--no-tags", "--no-recurse-submodules",
        "--template=", *chosen, "--", source.url, str(into.absolute()),
    ]  # fmt: skip


def _environment(source: GitAddress, home: Path) -> dict[str, str]:
    settings = home / "gitconfig"
    settings.write_text(_trusted(source.folder) if source.folder else "", encoding="utf-8", errors="surrogateescape")
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return kept | {
        "HOME": str(home),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_ALLOW_PROTOCOL": source.protocol,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "GIT_SSH_COMMAND": "false",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_LAZY_FETCH": "1",  # a repository of this machine may name a program to fetch its missing parts with
        "GIT_ATTR_NOSYSTEM": "1",
    }


def _trusted(folder: Path) -> str:
    """Settings that let git read one repository that belongs to another user; a person asked for it by its path."""
    lines = ["[safe]"]
    for trusted in (folder, folder / ".git"):
        quoted = str(trusted).replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'\tdirectory = "{quoted}"')
    return "\n".join(lines) + "\n"


def _watch(
    process: "subprocess.Popen[bytes]",
    source: GitAddress,
    into: Path,
    deadline: float,
    cancelled: Callable[[], bool],
) -> None:
    """Wait until git ends. Raises DatasetError if it takes too long or too much room, or is not wanted any more."""
    next_measuring = 0.0
    while process.poll() is None:
        if cancelled():
            raise DatasetError(f"{source.shown}: the download was stopped, as you asked.")
        now = time.monotonic()
        if now > deadline:
            raise DatasetError(
                f"{source.shown}: the download took too long and was stopped. Try again later, or clone it yourself "
                "and give the folder."
            )
        if now > next_measuring:
            _check_size(source, into)
            spent = time.monotonic() - now
            next_measuring = now + max(0.5, spent / _SHARE_OF_TIME_MEASURING)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS_BETWEEN_LOOKS)
    _check_size(source, into)


def _check_size(source: GitAddress, into: Path) -> None:
    if _size_of(into) > MAX_CLONE_BYTES:
        raise DatasetError(
            f"{source.shown}: the repository takes more than {MAX_CLONE_BYTES // 10**6:,} MB. Clone it yourself and "
            "give the part of it that you need."
        )


def _size_of(folder: Path) -> int:
    """The bytes of all files in a folder that somebody else is filling; what vanishes meanwhile counts nothing."""
    size, waiting = 0, [str(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        size += entry.stat(follow_symlinks=False).st_size
    return size


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End git and whatever it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


def _in_plain_words(said: Path) -> str:
    """Why git failed, by what it said; never git's own words, in which an address could stand."""
    with said.open("rb") as file:
        words = file.read(_ERROR_BYTES).decode("utf-8", "replace").lower()
    for signs, told in _TOLD:
        if all(sign in words for sign in signs):
            return told
    return "git cannot fetch it. Check the address, or clone it yourself and give the folder"
