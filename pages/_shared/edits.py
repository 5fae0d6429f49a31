"""Changes to a dataset that a person has made but not saved yet. Knows no widget and no database."""

from dataclasses import dataclass, field, replace

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import Edits, PairRow


@dataclass(slots=True)
class PendingEdits:
    """What is to become the next revision of `dataset`, on top of `base_revision`."""

    dataset: str
    base_revision: int
    changed: dict[int, Pair] = field(default_factory=dict)
    added: list[Pair] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.changed) + len(self.added) + len(self.deleted)

    def change(self, row: PairRow, prompt: str, target: str, language: str | None) -> None:
        """Give a row new texts and a language; giving it its old ones takes the change back."""
        self.deleted.discard(row.id)
        changed = replace(row.pair, prompt=prompt, target=target, language=language)
        if changed == row.pair:
            self.changed.pop(row.id, None)
        else:
            self.changed[row.id] = changed

    def keep(self, row_id: int) -> None:
        """Take a deletion back."""
        self.deleted.discard(row_id)

    def delete(self, row_ids: list[int]) -> None:
        """Mark rows for deletion; their changes go with them."""
        for row_id in row_ids:
            self.changed.pop(row_id, None)
            self.deleted.add(row_id)

    def shown(self, row: PairRow) -> tuple[Pair, str]:
        """A row as it would look after saving, and what was done to it: "", changed or deleted."""
        if row.id in self.deleted:
            return row.pair, "deleted"
        if row.id in self.changed:
            return self.changed[row.id], "changed"
        return row.pair, ""

    def told(self) -> str:
        """`2 changed, 1 added, 3 deleted`."""
        parts = ((len(self.changed), "changed"), (len(self.added), "added"), (len(self.deleted), "deleted"))
        return ", ".join(f"{count} {word}" for count, word in parts if count)

    def to_edits(self) -> Edits:
        return Edits(dict(self.changed), tuple(self.added), frozenset(self.deleted))
