"""A dataset as a map: each pair a point, and pairs whose prompts are alike near each other.

The 384 numbers of a prompt's embedding are laid out in two by t-SNE (van der Maaten and Hinton 2008), which keeps
neighbours together and says nothing about far distances. Groups are found among the 384 numbers, by k-means, and
named by the words that stand in them more often than elsewhere.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.data.store import PairRow
from dlcodegen_core.features.code_tokens import words
from dlcodegen_core.features.embedding import CachedEmbedder

POINTS_AT_MOST = 1_000
FEWEST_POINTS = 10
GROUPS_AT_MOST = 8
PERPLEXITY = 30
_WORDS_IN_A_NAME = 3
_PREVIEW = 80

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class MapPoint:
    """Where a pair lies. group: the number of its group. preview: the end of the prompt and the target, shortened."""

    row_id: int
    x: float
    y: float
    group: int
    language: str | None
    preview: str


@dataclass(frozen=True, slots=True)
class EmbeddingMap:
    """The points, of `pairs` in all, at a revision; and what each group is about."""

    revision: int
    pairs: int
    embedder: str
    points: tuple[MapPoint, ...]
    groups: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "EmbeddingMap":
        points = tuple(MapPoint(**point) for point in value["points"])
        return cls(value["revision"], value["pairs"], value["embedder"], points, tuple(value["groups"]))


def draw_map(
    rows: Sequence[PairRow], revision: int, pairs: int, embedder: CachedEmbedder, progress: Progress
) -> EmbeddingMap:
    """The map of `rows`, a sample of `pairs`. Raises EmbeddingError; `progress` may raise to call it off."""
    from sklearn.cluster import KMeans
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    texts = [row.pair.prompt for row in rows]
    vectors = embedder.embed(texts, lambda done, total: progress("reading the prompts", done, total))
    progress("finding groups", 0, 0)
    # Two threads wait for each other as soon as anything else runs: 17 s instead of 3.
    with threadpool_limits(1):
        groups = KMeans(min(GROUPS_AT_MOST, max(1, len(rows) // FEWEST_POINTS)), n_init=3, random_state=0)
        numbers = groups.fit_predict(vectors)
        progress("drawing the map", 0, 0)
        if len(rows) < FEWEST_POINTS:
            places = np.stack([np.arange(len(rows)), np.zeros(len(rows))], axis=1)
        else:
            perplexity = min(PERPLEXITY, (len(rows) - 1) // 3)
            places = TSNE(perplexity=perplexity, init="pca", random_state=0, max_iter=500).fit_transform(vectors)
    names = _names(texts, numbers)
    points = (
        MapPoint(row.id, float(x), float(y), int(number), row.pair.language, _preview(row))
        for row, (x, y), number in zip(rows, places, numbers, strict=True)
    )
    return EmbeddingMap(revision, pairs, embedder.title, tuple(points), tuple(names))


def _names(texts: Sequence[str], numbers: NDArray[np.int32]) -> list[str]:
    """The words that tell a group from the others: by how much more often, weighted by how often."""
    found = [set(words(text)) for text in texts]
    everywhere = Counter(word for text in found for word in text)
    names = []
    for number in range(int(numbers.max()) + 1):
        members = [text for text, own in zip(found, numbers, strict=True) if own == number]
        inside = Counter(word for text in members for word in text)
        weights = {
            word: count * math.log(count / len(members) / (everywhere[word] / len(texts)))
            for word, count in inside.items()
            if count > 1 or len(members) == 1
        }
        best = sorted(weights, key=lambda word: (-weights[word], word))[:_WORDS_IN_A_NAME]
        names.append(", ".join(best) or "mixed")
    return names


def _preview(row: PairRow) -> str:
    return f"{row.pair.prompt[-_PREVIEW:]}▸{row.pair.target[:_PREVIEW]}"
