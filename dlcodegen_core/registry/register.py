"""What is said of versions: which is production, which candidate, who was before, and the labels. Values alone.

Every change gives a new register; `RegisterFile` puts it on disk. Knows nothing of what lies in the folders.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dlcodegen_core.errors import ModelError
from dlcodegen_core.models import base_model
from dlcodegen_core.models.version_folders import is_version_name
from dlcodegen_core.registry.labels import Labels

PRODUCTION, CANDIDATE = "production", "candidate"
ALIASES = (PRODUCTION, CANDIDATE)
FORMAT = 1
MOMENTS_KEPT = 500


@dataclass(frozen=True, slots=True)
class Moment:
    """An alias that moved. version and before: empty where it stood on none. how: promoted, rolled back, …"""

    at: str
    alias: str
    version: str
    before: str
    how: str


@dataclass(frozen=True, slots=True)
class Register:
    """production and candidate: empty where unset. earlier: those that were production, the latest last; empty for a
    time without one. history: every move, the latest last. deleted_at: when versions went into the trash.
    """

    production: str = ""
    candidate: str = ""
    earlier: tuple[str, ...] = ()
    history: tuple[Moment, ...] = ()
    labels: Mapping[str, Labels] = field(default_factory=dict)
    deleted_at: Mapping[str, str] = field(default_factory=dict)

    def alias_of(self, version: str) -> str:
        """The alias that stands on a version, empty if none does."""
        return next((alias for alias in ALIASES if getattr(self, alias) == version), "")

    def promoted(self, version: str, at: str) -> "Register":
        """A version becomes production; if it was the candidate, nothing is a candidate any more."""
        if version == self.production:
            return self
        moved = self._remembering(at, PRODUCTION, version, self.production, "made production")
        candidate = "" if version == self.candidate else self.candidate
        return replace(moved, production=version, candidate=candidate, earlier=(*self.earlier, self.production))

    def rolled_back(self, at: str, usable: Callable[[str], bool]) -> "Register":
        """Back to the latest earlier production that can still be used. Raises ModelError if there is none."""
        earlier = list(self.earlier)
        while earlier:
            version = earlier.pop()
            if version != self.production and (not version or usable(version)):
                moved = self._remembering(at, PRODUCTION, version, self.production, "rolled back")
                # A version is never both.
                candidate = "" if version and version == self.candidate else self.candidate
                return replace(moved, production=version, candidate=candidate, earlier=tuple(earlier))
        raise ModelError("There is no earlier production version to go back to. Choose one and make it production.")

    def with_candidate(self, version: str, at: str) -> "Register":
        """A version becomes the candidate. Raises ModelError if it is production already."""
        if version == self.production:
            raise ModelError(f"{version} is production already. A candidate is another version, to be compared to it.")
        if version == self.candidate:
            return self
        moved = self._remembering(at, CANDIDATE, version, self.candidate, "made candidate")
        return replace(moved, candidate=version)

    def cleared(self, alias: str, at: str) -> "Register":
        """An alias stands on nothing. That there was no production can be rolled back as well."""
        before = getattr(self, alias)
        if not before:
            return self
        moved = self._remembering(at, alias, "", before, "taken away")
        if alias == CANDIDATE:
            return replace(moved, candidate="")
        return replace(moved, production="", earlier=(*self.earlier, before))

    def labelled(self, version: str, labels: Labels) -> "Register":
        return replace(self, labels={**self.labels, version: labels})

    def deleted(self, version: str, at: str) -> "Register":
        return replace(self, deleted_at={**self.deleted_at, version: at})

    def forgotten(self, version: str) -> "Register":
        """Nothing is said of a version that is gone for good, but in the history."""
        return replace(
            self,
            labels={name: labels for name, labels in self.labels.items() if name != version},
            deleted_at={name: at for name, at in self.deleted_at.items() if name != version},
            earlier=tuple(name for name in self.earlier if name != version),
        )

    def _remembering(self, at: str, alias: str, version: str, before: str, how: str) -> "Register":
        kept = (*self.history, Moment(at, alias, version, before, how))[-MOMENTS_KEPT:]
        return replace(self, history=kept, earlier=self.earlier[-MOMENTS_KEPT:])

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "production": self.production,
            "candidate": self.candidate,
            "earlier": list(self.earlier),
            "history": [[each.at, each.alias, each.version, each.before, each.how] for each in self.history],
            "labels": {version: labels.to_json() for version, labels in self.labels.items()},
            "deleted_at": dict(self.deleted_at),
        }

    @classmethod
    def from_json(cls, value: Any) -> "Register":
        """The inverse of `to_json`. Raises ModelError, ValueError, KeyError, TypeError or AttributeError."""
        if value["format"] != FORMAT:
            raise ValueError(f"its format is {value['format']!r}, expected is {FORMAT}")
        read = cls(
            production=value["production"],
            candidate=value["candidate"],
            earlier=tuple(value["earlier"]),
            history=tuple(Moment(*map(str, each)) for each in value["history"]),
            labels={version: Labels.from_json(labels) for version, labels in value["labels"].items()},
            deleted_at={version: str(at) for version, at in value["deleted_at"].items()},
        )
        named = (read.production, read.candidate, *read.earlier)
        if not all(name in ("", base_model.NAME) or is_version_name(name) for name in named):
            raise ValueError("it names something that is no version")
        return read
