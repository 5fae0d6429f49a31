"""The names under which clients ask for models, and the versions that they mean.

A client must name some model, and often can only name those that its author knew. `dlcodegen` and `production` are
whatever answers now; a version's own name and `candidate` are themselves.
"""

from dataclasses import dataclass

from dlcodegen_core.errors import ModelError
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.registry.register import ALIASES, CANDIDATE, PRODUCTION
from dlcodegen_core.registry.versions import VersionStore
from dlcodegen_core.serving.speaking import NotHere

OURS = "dlcodegen"
LATEST = ":latest"


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A name that is answered to, and the card of the version behind it."""

    name: str
    card: ModelCard


def version_named(versions: VersionStore, name: str) -> str | None:
    """The version that a name stands for, None for whichever answers now. Raises NotHere for any other name, and
    ModelError for `candidate` while nothing is one.
    """
    wanted = name.removesuffix(LATEST)
    if wanted in ("", OURS, PRODUCTION):
        return None
    if wanted == CANDIDATE:
        return versions.resolve(CANDIDATE)
    try:
        return versions.resolve(wanted)
    except ModelError as exc:
        raise NotHere(f"There is no model {name!r}. Use {OURS}, or one of those that are listed.") from exc


def version_or_production(versions: VersionStore, name: str) -> str | None:
    """The same, where a name that is not known stands for whichever answers now."""
    try:
        return version_named(versions, name)
    except NotHere:
        return None


def named_models(versions: VersionStore) -> list[NamedModel]:
    """Every name that is answered to: ours first, then the candidate, then the versions, the newest first."""
    found = []
    try:
        found.append(NamedModel(OURS, versions.card(versions.resolve(None))))
    except ModelError:
        return []  # nothing was trained, and no base model ships: there is nothing to name
    register = versions.register()
    found += [NamedModel(alias, versions.card(version)) for alias in ALIASES if (version := getattr(register, alias))]
    cards = [card for card in versions.all() if isinstance(card, ModelCard)]
    base = versions.base()
    return found + [NamedModel(card.version, card) for card in (*cards, *((base,) if base else ()))]
