"""One search from a stored dataset to its record: features are computed once, then trial follows trial."""

from collections.abc import Callable, Sequence

import torch

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.features.embedding import CachedEmbedder
from dlcodegen_core.training.samples import prepare_samples
from dlcodegen_core.training.search.records import SearchRecord, SearchStore
from dlcodegen_core.training.search.searching import SearchData, search

Progress = Callable[[str, int, int], None]


def run_search(
    pairs: Sequence[Pair], record: SearchRecord, embedder: CachedEmbedder, store: SearchStore, tell: Progress
) -> SearchRecord:
    """Search for settings on these pairs and keep the record, after every trial. Raises WorkbenchError."""
    torch.set_num_threads(1)  # DeepCodeNet is too small to gain from a second thread
    prepared = prepare_samples(
        pairs,
        record.first,
        embedder,
        lambda done, total: tell("embedding the prompts", done, total),
        lambda done, total: tell("computing features", done, total),
    )

    def told(now: SearchRecord) -> None:
        store.save(now)
        spent = sum(trial.seconds for trial in now.trials)
        tell(f"trial {len(now.trials) + 1}", min(round(spent), round(now.seconds)), round(now.seconds))

    tell("trial 1", 0, round(record.seconds))
    return search(SearchData.of(prepared, list(pairs), record.first.seed), record, told)
