"""What it is worth to know the code behind the cursor: the same held-out lines without it, copied from, and read too.

    python -m benchmarks.suffix [--seconds 60] [--lines 150]

Trains from the base model on Wagtail, which is neither in the base's corpus nor measured elsewhere, and asks the
trained model and the base model alone.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.quality import bring
from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.evaluation.line_cases import line_cases
from dlcodegen_core.evaluation.line_metrics import edit_similarity, exact_match, paired_bootstrap_difference
from dlcodegen_core.models import base_model
from dlcodegen_core.models.sequence.line_ranker import rank_lines
from dlcodegen_core.models.sequence.line_search import SearchOptions, search
from dlcodegen_core.training.sources import folder_source

PROJECT = ("pip", "wagtail==6.3.2", "wagtail")
PROMPT_CHARACTERS = 6_000
WITHOUT, COPIED, READ = "without", "copied from", "copied from and read"


def main() -> int:
    """Train, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--lines", type=int, default=150)
    options = parser.parse_args()
    folder = bring(*PROJECT)
    if folder is None or not base_model.is_there():
        print("The project or the base model is not to be had here.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as home:
        service = DLCodeGen(Settings(home=Path(home), embedder="local"))
        trained = service.train(folder, TrainConfig.sequence(seconds=options.seconds)).version
        card = service.versions.card(trained)
        _training, held_out = folder_source(folder, card.dataset).split(card.config.held_out, card.config.seed)
        texts = {file.path: file.text for file in held_out}
        cases = line_cases(held_out, options.lines, seed=0)
        print("| model | the code behind | exact | edit similarity | more than without |\n|---|---|---|---|---|")
        for version in (trained, base_model.NAME):
            model = service.predictor.model(version).model  # type: ignore[union-attr]  # sequence models both
            plain: list[float] = []
            for how in (WITHOUT, COPIED, READ):
                model.fills_gaps = how == READ
                lines = []
                for case in cases:
                    behind = texts[case.path][len(case.prompt) + len(case.target) :]
                    found = search(
                        model,
                        case.prompt[-PROMPT_CHARACTERS:],
                        SearchOptions(max_tokens=48, stop=("\n",)),
                        suffix="" if how == WITHOUT else behind,
                    )
                    lines.append(rank_lines(found.hypotheses)[0].text)
                similar = [edit_similarity(line, case.target) for line, case in zip(lines, cases, strict=True)]
                exact = sum(exact_match(line, case.target) for line, case in zip(lines, cases, strict=True))
                plain = plain or similar
                gap = paired_bootstrap_difference(similar, plain, [case.path for case in cases])
                print(
                    f"| {version} | {how} | {100 * exact / len(cases):.1f} % | {sum(similar) / len(similar):.1f} | "
                    f"{gap.mean:+.1f} [{gap.low:.1f}, {gap.high:.1f}] |",
                    flush=True,
                )
        service.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
