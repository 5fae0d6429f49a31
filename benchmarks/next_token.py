"""`python -m benchmarks.next_token`: DeepCodeNet against two baselines on held-out files of the standard library.

The baselines see what the model sees at best: the most frequent token overall, and the most frequent token after
the previous one.
"""

import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from benchmarks.report import median
from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.data.demo import standard_library_pairs
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.split import split_pairs
from dlcodegen_core.features.code_tokens import split_tokens
from dlcodegen_core.models.vocabulary import Sample, samples_of

SEEDS = (0, 1, 2, 3, 4)
CONFIGS = {
    "DeepCodeNet, seed configuration": TrainConfig(),
    "DeepCodeNet, 500 tokens (Quick)": TrainConfig(vocabulary_size=500, epochs=20, patience=5),
    "DeepCodeNet, 2,000 tokens": TrainConfig(vocabulary_size=2000, epochs=20, patience=5),
}


def main() -> int:
    """Train with each seed and print medians over the seeds, each with its own split by file."""
    pairs = standard_library_pairs()
    print("| model | held-out accuracy, median of 5 splits | lowest | highest |")
    print("|---|---|---|---|")
    _print("most frequent token", [_unigram(*_samples(pairs, seed)) for seed in SEEDS])
    _print("most frequent after the last token", [_bigram(*_samples(pairs, seed)) for seed in SEEDS])
    with tempfile.TemporaryDirectory() as home:
        service = DLCodeGen(Settings(home=Path(home), embedder="local"))
        service.datasets.create("pairs", pairs)
        for name, config in CONFIGS.items():
            results = [
                service.train("pairs", TrainConfig(**{**config.to_json(), "seed": seed})).val_accuracy for seed in SEEDS
            ]
            _print(name, [accuracy for accuracy in results if accuracy is not None])
        service.close()
    return 0


def _samples(pairs: list[Pair], seed: int) -> tuple[list[Sample], list[Sample]]:
    sides = split_pairs(pairs, TrainConfig().held_out, seed)
    training, held_out = (
        [sample for index in side for sample in samples_of(pairs[index].prompt, pairs[index].target, index, 1)]
        for side in sides
    )
    return training, held_out


def _unigram(training: list[Sample], held_out: list[Sample]) -> float:
    best = Counter(sample.token for sample in training).most_common(1)[0][0]
    return sum(sample.token == best for sample in held_out) / len(held_out)


def _bigram(training: list[Sample], held_out: list[Sample]) -> float:
    after: defaultdict[str, Counter[str | None]] = defaultdict(Counter)
    for sample in training:
        after[_last_visible(sample.text)][sample.token] += 1
    overall = Counter(sample.token for sample in training)
    guesses = ((after.get(_last_visible(sample.text)) or overall).most_common(1)[0][0] for sample in held_out)
    return sum(guess == sample.token for guess, sample in zip(guesses, held_out, strict=True)) / len(held_out)


def _last_visible(text: str) -> str:
    """The last token that shows something: at a new line the indentation says little."""
    return next((token.strip() for token in reversed(split_tokens(text[-200:])) if token.strip()), "")


def _print(name: str, accuracies: list[float]) -> None:
    print(f"| {name} | {median(accuracies):.3f} | {min(accuracies):.3f} | {max(accuracies):.3f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
