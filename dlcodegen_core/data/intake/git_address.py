"""Where a git repository may be fetched from, and what git is then told about it.

Over https from anywhere, over http from this machine alone, and from a folder of this machine. Nothing that starts
another program (ssh, ext::), nothing that git could take for an option, and no password, which would be kept in files.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dlcodegen_core.errors import DatasetError

MAX_ADDRESS_CHARS = 2_000
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
_TRANSPORT = re.compile(r"[A-Za-z0-9+.-]+::")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SSH_STYLE = re.compile(r"[^/\\]+@[^/\\]+:|[A-Za-z0-9.-]+\.[A-Za-z]+:")
_BRANCH = re.compile(r"[^\0-\x20\x7f~^:?*\[\\-][^\0-\x20\x7f~^:?*\[\\]{0,249}")
_ADVICE = "Give an address that begins with https://, or the path of a repository on this machine"


@dataclass(frozen=True, slots=True)
class GitAddress:
    """url: for git. shown: for people. protocol: the only one git may speak. folder: on this machine, else None."""

    url: str
    shown: str
    protocol: str
    folder: Path | None = None


def git_address(address: str) -> GitAddress:
    """Check an address. Raises DatasetError, which never repeats a password."""
    address = address.strip()
    if not address:
        raise DatasetError(f"The repository's address is empty. {_ADVICE}.")
    if len(address) > MAX_ADDRESS_CHARS or not address.isprintable():
        raise DatasetError(f"The repository's address is too long or holds characters that no address has. {_ADVICE}.")
    if address.startswith("-") or _TRANSPORT.match(address):
        raise DatasetError(f"The repository's address begins in a way that is not allowed. {_ADVICE}.")
    scheme = _SCHEME.match(address)
    if scheme is None:
        if _SSH_STYLE.match(address) and not Path(address).exists():
            raise DatasetError(f"Repositories are not fetched over ssh. {_ADVICE}.")
        return _on_this_machine(Path(address))
    protocol = scheme[1].lower()
    if protocol in ("https", "http"):
        return _on_the_network(address, protocol)
    if protocol != "file":
        raise DatasetError(f"Repositories are not fetched over {protocol}. {_ADVICE}.")
    from urllib.request import url2pathname

    parts = urlsplit(address)
    if parts.netloc not in ("", "localhost"):
        raise DatasetError(f"A file:// address names a place on this machine and no server. {_ADVICE}.")
    return _on_this_machine(Path(url2pathname(parts.path)))


def checked_branch(branch: str) -> str:
    """A branch's or tag's name without blanks around it. Raises DatasetError if git could not have one of that name."""
    branch = branch.strip()
    if branch and (not _BRANCH.fullmatch(branch) or ".." in branch or "@{" in branch):
        raise DatasetError(
            f"{branch[:80]!r} cannot be the name of a branch. Give a name such as main, or none for the usual branch."
        )
    return branch


def _on_the_network(address: str, protocol: str) -> GitAddress:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError as exc:
        raise DatasetError(f"The repository's address cannot be understood. {_ADVICE}.") from exc
    if "@" in parts.netloc:
        raise DatasetError(
            "The repository's address holds a user name or a password. Give it without; for a repository that needs a "
            "login, clone it yourself and give the folder."
        )
    if not host:
        raise DatasetError(f"The repository's address names no server. {_ADVICE}.")
    if protocol == "http" and host not in _THIS_MACHINE:
        raise DatasetError(f"{host[:80]!r} is to be asked without encryption. Begin the address with https://.")
    del port  # only to see that it is a number
    return GitAddress(address, f"{protocol}://{parts.netloc}{parts.path}"[:200], protocol)


def _on_this_machine(path: Path) -> GitAddress:
    try:
        folder = path.expanduser().resolve()
        exists = folder.exists()
    except (OSError, RuntimeError, ValueError) as exc:
        raise DatasetError(f"{str(path)[:200]!r} cannot be a path. {_ADVICE}.") from exc
    if not exists:
        raise DatasetError(f"{folder}: there is no such repository. {_ADVICE}.")
    # as an address rather than a path, for which git would take short cuts around its own checks
    return GitAddress(folder.as_uri(), str(folder), "file", folder)
