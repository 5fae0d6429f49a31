from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Package:
    """registry: "pip" or "npm". spec: name and version as the registry's client reads them."""

    registry: str
    spec: str
    licence: str = ""
    held_out: bool = False

    @property
    def name(self) -> str:
        return self.spec.partition("==")[0] if self.registry == "pip" else self.spec.rpartition("@")[0]
