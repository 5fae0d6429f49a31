"""Asking models: complete, explain, measure."""

import argparse
import sys
from typing import TYPE_CHECKING

from dlcodegen_core.cli.telling import AddCommand, answer
from dlcodegen_core.features.language import LANGUAGES

if TYPE_CHECKING:
    from dlcodegen_core.service import DLCodeGen


def add_commands(command: AddCommand) -> None:
    predict = command("predict", _predict, "complete a prompt")
    _add_question(predict)
    predict.add_argument(
        "--min-confidence", type=float, default=0.0, dest="min_confidence", help="offer nothing less sure (0 to 1)"
    )

    explain = command("explain", _explain, "tell why a version completes a prompt as it does")
    _add_question(explain)
    explain.add_argument("--completion", help="what to explain (default: what the version answers)")

    evaluate = command("evaluate", _evaluate, "measure a version on a dataset file, or on a stored dataset by its name")
    evaluate.add_argument("path", metavar="PATH")
    evaluate.add_argument("--version", help="the model version (default: the newest)")


def _predict(service: "DLCodeGen", options: argparse.Namespace) -> int:
    prompt = sys.stdin.read() if options.prompt == "-" else options.prompt
    prediction = service.predict(
        prompt,
        options.context or (),
        max_tokens=options.max_tokens,
        beams=options.beams,
        stop=tuple(options.stop or ()),
        version=options.version,
        language=options.language,
        suffix=options.suffix,
        min_confidence=options.min_confidence,
    )
    answer(options, prediction, prediction.completion)
    if not options.json:
        stages = ", ".join(f"{stage} {milliseconds:.1f}" for stage, milliseconds in prediction.latency_ms.items())
        print(
            f"{prediction.version}, confidence {prediction.confidence:.2f}, {prediction.total_ms:.1f} ms ({stages})",
            file=sys.stderr,
        )
    return 0


def _explain(service: "DLCodeGen", options: argparse.Namespace) -> int:
    from dlcodegen_core.explainer import explain_answer

    found = explain_answer(
        service,
        sys.stdin.read() if options.prompt == "-" else options.prompt,
        options.context or (),
        completion=options.completion,
        version=options.version,
        max_tokens=options.max_tokens,
        beams=options.beams,
        stop=tuple(options.stop or ()),
        language=options.language,
        suffix=options.suffix,
    )
    answer(options, found, "\n".join([found.completion, *found.lines]))
    return 0


def _evaluate(service: "DLCodeGen", options: argparse.Namespace) -> int:
    result = service.evaluator.evaluate(options.path, options.version)
    answer(options, result, result.sentence)
    return 0


def _add_question(command: argparse.ArgumentParser) -> None:
    """What is asked of a model, and of which."""
    command.add_argument("--prompt", required=True, help="the code to complete; - reads standard input")
    command.add_argument("--suffix", default="", help="the code behind the cursor, for sequence models")
    command.add_argument("--context", action="append", help="a line of context; may be given several times")
    command.add_argument("--max-tokens", type=int, default=1, dest="max_tokens", help="visible code tokens (default 1)")
    command.add_argument("--beams", type=int, default=4, help="alternatives that are kept (default 4)")
    command.add_argument("--stop", action="append", help="end before this string; may be given several times")
    command.add_argument("--version", help="the model version (default: the newest)")
    command.add_argument("--language", choices=LANGUAGES, help="of the prompt, instead of detecting it")
