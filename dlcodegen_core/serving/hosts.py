"""Under which names this server is asked, and from which sites: what keeps web pages of others out.

A page of a foreign site can have the browser send requests here. It cannot choose the Host of a server that it reached
under a name of its own (DNS rebinding), and it cannot hide its Origin.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from dlcodegen_core.outbound import is_this_machine


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """This machine's own names, and others that were allowed; `*.example.org` stands for all below example.org."""

    names: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def answers_to(self, host: str) -> bool:
        """Whether a Host header names this server."""
        name = host_name(host)
        if name is None:
            return False
        if is_this_machine(name) and name not in ("0.0.0.0", "::"):
            return True
        return any(
            name.endswith(allowed[1:]) if allowed.startswith("*.") else name == allowed.strip("[]")
            for allowed in self.names
        )

    def lets_in(self, origin: str) -> bool:
        """Whether a page of this origin may ask."""
        return origin.lower() in self.origins or (
            origin.startswith(("http://", "https://")) and self.answers_to(urlsplit_netloc(origin))
        )


def host_name(host: str) -> str | None:
    """The name in a Host header, without its port; None if it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    if parts.netloc != host or "@" in host or not parts.hostname:
        return None
    return parts.hostname.rstrip(".")


def urlsplit_netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
