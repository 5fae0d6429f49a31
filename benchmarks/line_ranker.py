"""Fits the weights of `dlcodegen_core.models.sequence.line_ranker` and shows what they are worth.

    python -m benchmarks.line_ranker [--seconds 60]

A model is trained on each of four projects that `benchmarks.quality` does not measure; lines of their held-out files
are searched for, and a linear model of edit similarity plus a bonus for an exact line is fitted to the candidates,
each seen against the mean of its search. The table leaves each project out in turn.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import bring
from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.evaluation.line_cases import line_cases
from dlcodegen_core.evaluation.line_metrics import edit_similarity, exact_match
from dlcodegen_core.models.sequence.line_ranker import FEATURES, features_of
from dlcodegen_core.models.sequence.line_search import SearchOptions, search
from dlcodegen_core.threads import one_blas_thread
from dlcodegen_core.training.sources import folder_source

PROJECTS = {
    "Streamlit": ("pip", "streamlit==1.67.0", "streamlit"),
    "NetworkX": ("pip", "networkx==3.6.1", "networkx"),
    "scikit-learn": ("pip", "scikit-learn==1.9.1", "sklearn"),
    "webpack": ("npm", "webpack@5.97.1", "package/lib"),
}
LINES = 300
EXACT_BONUS = 60.0  # an exact line counts so much more than its similarity
RIDGE = 3.0

Floats = NDArray[np.float64]
# Of each line: the candidates' features, similarities and whether they are exact, in the order of the search.
Lines = list[tuple[Floats, Floats, Floats]]


def main() -> int:
    """Train, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    measured: dict[str, Lines] = {}
    for name, (registry, package, inside) in PROJECTS.items():
        folder = bring(registry, package, inside)
        if folder is None:
            print(f"{name} is not to be had here", file=sys.stderr)
            continue
        measured[name] = _candidates(folder, options.seconds)
        print(f"{name}: {len(measured[name])} lines", file=sys.stderr)
    print("| project left out | by probability over root of tokens | by these weights |\n|---|---|---|")
    for name, lines in measured.items():
        weights = fit([line for other, some in measured.items() if other != name for line in some])
        plain = np.eye(len(FEATURES))[1]
        print(f"| {name} | {_told(lines, plain)} | {_told(lines, weights)} |")
    weights = fit([line for lines in measured.values() for line in lines])
    print("\nWEIGHTS = np.array([" + ", ".join(f"{weight:.2f}" for weight in weights) + "])")
    return 0


def fit(lines: Lines) -> Floats:
    """Ridge regression of what candidates are worth, against their line's mean, on their features' differences."""
    inputs = np.concatenate([features - features.mean(0) for features, _similar, _exact in lines])
    wanted = np.concatenate(
        [(worth := similar + EXACT_BONUS * exact) - worth.mean() for _features, similar, exact in lines]
    )
    spread = inputs.std(0)
    scaled = inputs / spread
    solved = np.linalg.solve(scaled.T @ scaled + RIDGE * np.eye(len(spread)), scaled.T @ wanted)
    return np.asarray(solved / spread)


def _candidates(folder: Path, seconds: float) -> Lines:
    with tempfile.TemporaryDirectory() as home:
        service = DLCodeGen(Settings(home=Path(home), embedder="local"))
        card = service.versions.card(service.train(folder, TrainConfig.sequence(seconds=seconds)).version)
        source = folder_source(folder, card.dataset)
        _training, held_out = source.split(card.config.held_out, card.config.seed)
        one_blas_thread()
        model = service.predictor.model(card.version).model  # type: ignore[union-attr]  # a sequence model
        found: Lines = []
        for case in line_cases(held_out, LINES, seed=0):
            hypotheses = search(model, case.prompt[-20_000:], SearchOptions(max_tokens=48, stop=("\n",))).hypotheses
            texts = [hypothesis.text for hypothesis in hypotheses]
            similar = np.array([edit_similarity(text, case.target) for text in texts])
            exact = np.array([exact_match(text, case.target) for text in texts], float)
            found.append((features_of(hypotheses), similar, exact))
        service.close()
    return found


def _told(lines: Lines, weights: Floats) -> str:
    picked = [
        (similar[best], exact[best])
        for features, similar, exact in lines
        for best in [int((features @ weights).argmax())]
    ]
    similarity, exact = np.mean(picked, axis=0)
    return f"{100 * exact:.1f} % exact, {similarity:.1f} similar"


if __name__ == "__main__":
    sys.exit(main())
