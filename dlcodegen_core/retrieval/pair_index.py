"""The index of a dataset: built from its newest revision, brought up to date after edits, asked for neighbours.

A build adds the prompts that came and deletes those that went. It says so on the collection before it begins and when
it is through, so a killed one is told from a whole one. One that was called off is gone on with; of one that was
killed, the next build trusts nothing but the vectors in the cache.
"""

import contextlib
from collections.abc import Callable
from typing import NamedTuple

from dlcodegen_core.data.store import DatasetInfo, DatasetStore
from dlcodegen_core.errors import RetrievalError, StorageError
from dlcodegen_core.features.embedding import CachedEmbedder
from dlcodegen_core.retrieval.chroma import Chroma, Collection
from dlcodegen_core.retrieval.index_card import (
    IndexCard,
    collection_name,
    label_of,
    name_beginning,
    prompt_key,
    row_ids,
)
from dlcodegen_core.retrieval.index_locks import IndexLocks
from dlcodegen_core.retrieval.records import IndexState, IndexStatus, Neighbour

NEIGHBOURS_AT_MOST = 100
ADDED_AT_ONCE = 250
SPARE = 3  # times as many are looked for where some of the nearest may have gone from the dataset
ROWS_NAMED = NEIGHBOURS_AT_MOST * SPARE  # of the same prompt; more are never asked for
TOLD_EVERY = 1_000

Progress = Callable[[str, int, int], None]


class _Found(NamedTuple):
    """What there is for a dataset and an embedder. card: of another embedder's index if the status says so."""

    status: IndexStatus
    card: IndexCard
    collection: Collection | None = None


class PairIndex:
    """The indices of all datasets; thread-safe.

    embedder: gives the one in use. All that names a dataset raises DatasetError if there is none of that name,
    EmbeddingError if no embedder can be used, RetrievalError if Chroma cannot, and StorageError if the disk refuses.
    """

    def __init__(
        self, store: DatasetStore, chroma: Chroma, locks: IndexLocks, embedder: Callable[[], CachedEmbedder]
    ) -> None:
        self._store = store
        self._chroma = chroma
        self._locks = locks
        self._embedder = embedder

    def state(self, name: str) -> IndexState:
        """Where the index of a dataset stands, with the embedder in use."""
        info = self._store.info(name)
        status, card, _collection = self._find(info, self._embedder().identity)
        is_whole = status.can_be_asked
        return IndexState(
            status, card.revision if is_whole else 0, info.revision, card.pairs if is_whole else 0, card.embedder
        )

    def build(self, name: str, progress: Progress) -> IndexState:
        """Build the index of the newest revision, or bring it up to date; finishes what a killed build has begun.

        progress may raise to call it off; what is in then stays in. Raises RetrievalError also while somebody else
        builds the same index.
        """
        info = self._store.info(name)
        embedder = self._embedder()
        key = collection_name(info, embedder.identity)
        with self._locks.building(key, name):
            # Others may have built since we read it; to write on from what is remembered would lose theirs.
            self._chroma.reopen()
            collection = self._chroma.collection(key)
            if collection is not None and not self._can_go_on(info, embedder.identity, _card_on(collection)):
                self._remove(key, name)
                collection = None
            if collection is not None:
                try:
                    self._follow(collection, info, embedder, progress)
                except RetrievalError:
                    # Damaged, it may be. All in it can be made again, and the vectors are still in the cache.
                    self._remove(key, name)
                    collection = None
            if collection is None:
                made = self._chroma.create(key, IndexCard(embedder.identity).begun(info).to_metadata())
                self._follow(made, info, embedder, progress)
        return self.state(name)

    def nearest(self, name: str, prompt: str, count: int) -> list[Neighbour]:
        """At most `count` pairs whose prompts are most like `prompt`, the most alike first; none for a blank one.

        Rows that have gone from the dataset since the index was built are left out. Raises RetrievalError also if
        there is no whole index of the embedder in use.
        """
        if not 1 <= count <= NEIGHBOURS_AT_MOST:
            raise RetrievalError(f"{count} neighbours cannot be looked for. Ask for 1 to {NEIGHBOURS_AT_MOST}.")
        info = self._store.info(name)
        embedder = self._embedder()
        if not self._chroma.may_hold_something:
            raise RetrievalError(_refusal(name, IndexStatus.MISSING))
        (vector,) = embedder.embed([prompt])
        with self._locks.reading(name):
            status, card, collection = self._find(info, embedder.identity)
            if collection is None or not status.can_be_asked:
                raise RetrievalError(_refusal(name, status, card.embedder, embedder.identity))
            if not vector.any():
                return []
            found = collection.nearest(vector, count if status is IndexStatus.CURRENT else count * SPARE)
        if not found:
            raise RetrievalError(_lost(name))
        similarities = {row_id: min(1.0, max(0.0, one)) for label, one in found for row_id in row_ids(label)}
        rows = self._store.rows(name, list(similarities)[: count * SPARE])
        return [Neighbour(row.id, similarities[row.id], row.pair) for row in rows[:count]]

    def _follow(self, collection: Collection, info: DatasetInfo, embedder: CachedEmbedder, progress: Progress) -> None:
        """Bring a collection to a revision of its dataset."""
        card = _card_on(collection)
        assert card is not None
        if card.follows(info):
            self._check(collection, info, embedder)
            return
        with self._locks.alone(info.name):
            collection.write(card.begun(info).to_metadata())
        try:
            self._add_and_delete(collection, info, embedder, progress)
            self._check(collection, info, embedder)
        except RetrievalError:
            raise
        except BaseException:
            # Called off, as a rule. Where this cannot be written down the next build begins anew, and why we ended
            # is still what matters.
            with contextlib.suppress(RetrievalError, StorageError):
                collection.settle()
                collection.write(card.left_off(info).to_metadata())
            raise
        collection.settle()
        collection.write(card.whole(info).to_metadata())

    def _add_and_delete(
        self, collection: Collection, info: DatasetInfo, embedder: CachedEmbedder, progress: Progress
    ) -> None:
        wanted, there = self._prompts(info, progress), collection.labels()
        collection.delete(there.keys() - wanted.keys())
        collection.relabel({key: label for key, label in wanted.items() if there.get(key, label) != label})
        came = [key for key in wanted if key not in there]
        for start in range(0, len(came), ADDED_AT_ONCE):
            progress("building the index", len(wanted) - len(came) + start, len(wanted))
            labels = {key: wanted[key] for key in came[start : start + ADDED_AT_ONCE]}
            rows = self._store.rows(info.name, [row_ids(label)[0] for label in labels.values()], info.revision)
            collection.add(labels, embedder.embed([row.pair.prompt for row in rows]))
        progress("building the index", len(wanted), len(wanted))

    def _prompts(self, info: DatasetInfo, progress: Progress) -> dict[str, str]:
        """Each distinct prompt's key, and the label that names its rows.

        Equal vectors would only know each other in Chroma's graph, and the search would not get past them.
        """
        rows: dict[str, list[int]] = {}
        for count, row in enumerate(self._store.each(info.name, revision=info.revision)):
            if count % TOLD_EVERY == 0:
                progress("reading the pairs", count, info.pair_count)
            alike = rows.setdefault(prompt_key(row.pair.prompt), [])
            if len(alike) < ROWS_NAMED:
                alike.append(row.id)
        return {key: label_of(alike) for key, alike in rows.items()}

    def _check(self, collection: Collection, info: DatasetInfo, embedder: CachedEmbedder) -> None:
        """Raise RetrievalError if a look-up fails or finds nothing: then its files are damaged or gone."""
        (row,) = self._store.sample(info.name, 1, revision=info.revision)
        (vector,) = embedder.embed([row.pair.prompt])
        if not collection.nearest(vector, 1):
            raise RetrievalError(_lost(info.name))

    def _remove(self, key: str, name: str) -> None:
        with self._locks.alone(name):
            self._chroma.remove(key)

    def _find(self, info: DatasetInfo, identity: str) -> _Found:
        if not self._chroma.may_hold_something:
            return _Found(IndexStatus.MISSING, IndexCard(identity))
        key = collection_name(info, identity)
        collection = self._chroma.collection(key)
        card = _card_on(collection)
        if card is None or not self._belongs(info, identity, card):
            others = map(IndexCard.from_metadata, self._chroma.metadata_of(name_beginning(info)))
            other = next((one for one in others if one is not None and one.embedder != identity), None)
            if other is not None:
                return _Found(IndexStatus.OTHER_EMBEDDER, other)
            return _Found(IndexStatus.MISSING, IndexCard(identity))
        if not card.is_whole:
            status = IndexStatus.BUILDING if self._locks.is_building(key) else IndexStatus.HALF_BUILT
        else:
            status = IndexStatus.CURRENT if card.follows(info) else IndexStatus.BEHIND
        return _Found(status, card, collection)

    def _can_go_on(self, info: DatasetInfo, identity: str, card: IndexCard | None) -> bool:
        """Whether a build may begin with what is there."""
        if card is None or not self._belongs(info, identity, card):
            return False
        # Chroma's files are written in place: torn ones crash the process that reads them. A server outlives us.
        return card.is_settled or not self._chroma.is_embedded

    def _belongs(self, info: DatasetInfo, identity: str, card: IndexCard | None) -> bool:
        """Whether an index follows this dataset as it is; after a return to a backup its row ids mean other pairs."""
        if card is None or card.embedder != identity:
            return False
        followed = ((card.revision, card.fingerprint), (card.goal, card.goal_fingerprint))
        return all(
            self._store.fingerprint(info.name, revision) == fingerprint
            for revision, fingerprint in followed
            if revision
        )


def _card_on(collection: Collection | None) -> IndexCard | None:
    return IndexCard.from_metadata(collection.metadata) if collection is not None else None


def _lost(name: str) -> str:
    return f"{name}: its index has lost some of its pairs. Build it again."


def _refusal(name: str, status: IndexStatus, built_with: str = "", in_use: str = "") -> str:
    if status is IndexStatus.OTHER_EMBEDDER:
        return (
            f"{name}: its index was built with the vectors of {built_with}, but in use is {in_use}. Build the index "
            "again, or go back to the embedder that it was built with."
        )
    if status is IndexStatus.BUILDING:
        return f"{name}: its index is being built. Wait until it is through."
    if status is IndexStatus.HALF_BUILT:
        return f"{name}: the building of its index was broken off. Build it again; no text is embedded twice."
    return f"{name} has no index yet. Build it first."
