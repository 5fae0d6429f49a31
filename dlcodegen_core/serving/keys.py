"""The keys that programs show to be let in. Known by their digests alone, and compared in constant time.

`DLCODEGEN_API_KEY` holds one key, or several as `name:key,name2:key2`, so that each can be taken away alone and the log
tells who asked.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field

from starlette.datastructures import Headers

from dlcodegen_core.errors import ConfigError
from dlcodegen_core.outbound import is_this_machine

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_ADVICE = "Give one key, or several as laptop:KEY,editor:KEY2"
HOW_TO_MAKE_ONE = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """Name -> digest of a key. Empty where none is asked for."""

    digests: dict[str, bytes] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, text: str) -> "ApiKeys":
        """As DLCODEGEN_API_KEY has them. Raises ConfigError, which repeats no key."""
        digests: dict[str, bytes] = {}
        parts = [part.strip() for part in text.split(",") if part.strip()]
        for number, part in enumerate(parts, start=1):
            name, colon, key = part.partition(":")
            if not colon:
                name, key = "default" if len(parts) == 1 else f"key-{number}", part
            if not _NAME.fullmatch(name):
                raise ConfigError(
                    f"DLCODEGEN_API_KEY: key {number} has a name that is empty, too long or holds more than letters, "
                    f"digits, dots and dashes. {_ADVICE}."
                )
            if not key or not key.isascii() or not key.isprintable() or " " in key:
                raise ConfigError(f"DLCODEGEN_API_KEY: the key {name!r} is empty or cannot be sent. {_ADVICE}.")
            if name in digests:
                raise ConfigError(f"DLCODEGEN_API_KEY: there are two keys named {name!r}. {_ADVICE}.")
            digests[name] = _digest(key)
        return cls(digests)

    def __bool__(self) -> bool:
        return bool(self.digests)

    def name_of(self, key: str) -> str | None:
        """Whose key it is, None if nobody's. Takes as long for any key."""
        shown, found = _digest(key), None
        for name, digest in self.digests.items():
            if hmac.compare_digest(shown, digest):
                found = name
        return found

    def admit(self, headers: Headers) -> str | None:
        """Whose key a request shows, as a bearer token or as X-API-Key; None if it shows none of these."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        shown = [token.strip()] if scheme.lower() == "bearer" else []
        names = [self.name_of(key) for key in (headers.get("x-api-key", "").strip(), *shown) if key]
        return next((name for name in names if name is not None), None)


def check_binding(host: str | None, keys: ApiKeys) -> None:
    """Raises ConfigError where other machines could reach a server that asks for no key. None is every interface."""
    if keys or (host and not is_every_interface(host) and is_this_machine(host)):
        return
    raise ConfigError(
        f"The server would be reachable from other machines (it listens on {host or 'every interface'}), and no key is "
        f"set. Set DLCODEGEN_API_KEY, for example to what `{HOW_TO_MAKE_ONE}` prints, or listen on 127.0.0.1."
    )


def is_every_interface(host: str) -> bool:
    return host.strip("[]") in ("", "0.0.0.0", "::", "::0", "0")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
