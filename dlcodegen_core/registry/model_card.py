"""The model card: what a version is, in Markdown, made from facts alone. Nothing in it is said that is not recorded.

Intended use and limits follow from the kind of model, what it learned from and what was measured.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dlcodegen_core.models import base_model
from dlcodegen_core.models.saved_model import ModelCard, SavedFile
from dlcodegen_core.registry.labels import Labels
from dlcodegen_core.registry.plain_markdown import plain, table

FEW_HELD_OUT = 200
UNMEASURED = "not measured"
SEQUENCE_OPTIONS = ("from_scratch", "held_out", "seconds", "seed", "vocabulary_size")


def model_card(
    card: ModelCard,
    labels: Labels | None = None,
    files: Sequence[SavedFile] = (),
    report: Mapping[str, str] | None = None,
    heading: int = 1,
) -> str:
    """The card as Markdown; no text of a person in it is markup.

    labels: as they are now; without, the name it was trained under. files: of `saved_model.files_of`.
    report: what *Evaluate* measured on held-out lines, by name, each with its unit. heading: the level of the title.
    """
    labels = labels or Labels(card.name)
    marks = "#" * heading
    title = f"{marks} {plain(card.version)}" + (f": {plain(labels.name)}" if labels.name else "")
    parts = [title, _opening(card)]
    if labels.tags:
        parts.append(f"Tags: {', '.join(plain(tag) for tag in labels.tags)}")
    if labels.note:
        parts.append("\\\n".join(f"> {plain(line)}" for line in labels.note.splitlines()))
    parts += [f"{marks}# What it learned from", table(_source(card), ("What", "Value"))]
    parts += [f"{marks}# How it was trained", table(_training(card), ("What", "Value"))]
    parts += [f"{marks}# What was measured", table(_measured(card), ("Quantity", "Value")), _meaning(card)]
    if report:
        parts += ["On held-out lines, by *Evaluate*:", table(dict(report), ("Quantity", "Value"))]
    if card.tuning:
        parts += [f"{marks}# Fine-tuning", table(_flat(card.tuning), ("What", "Value"))]
    parts += [
        f"{marks}# Intended use",
        _use(card),
        f"{marks}# Limits",
        "\n".join(f"- {limit}" for limit in limits(card)),
    ]
    parts += [f"{marks}# Can it be made again?", reproducibility(card)]
    if files:
        parts += [f"{marks}# Files", _files(files)]
    return "\n\n".join(parts) + "\n"


def limits(card: ModelCard) -> list[str]:
    """What not to expect of it, or to do with it; each follows from a fact of the card."""
    found = []
    held_out = int(_number(card.metrics.get("held_out_samples")) or 0)
    if not held_out:
        found.append("Nothing was held out, so nothing is known of how it does on code that it has not seen.")
    elif held_out < FEW_HELD_OUT:
        found.append(f"Only {held_out} held-out samples were measured: its figures could well be luck.")
    if card.is_sequence:
        # The suffix array is the source itself.
        if not _is_base(card):
            found.append(
                "Its file holds what it learned from, token by token. Whoever has the file can read that code out of "
                "it, so pass it on only to those who may see the code."
            )
        found.append("It continues lines that look like its source; code of another style or language it knows less.")
    else:
        found.append(
            f"It can offer {len(card.tokens)} tokens and no others; in the measured samples, "
            f"{_percent(card.metrics.get('unknown_share'))} of the true tokens were outside of them."
        )
        found.append(
            "These tokens and its keywords are pieces of the code it learned from, and can be read in its card."
        )
        found.append(f"It answers only with the vectors of the embedder it was trained on: {plain(card.embedder)}.")
    found.append("What it offers may be wrong, insecure or under somebody's licence. Read it before you keep it.")
    return found


def reproducibility(card: ModelCard) -> str:
    """What another training on the same data, with the same seed and code, gives."""
    if card.is_sequence:
        return (
            "Not exactly. Its training has a time budget, so how many steps it takes, and on how many threads, depends "
            "on the machine and on what else it does. All else follows from the data, the seed and the code: with the "
            "same steps on the same number of threads, the weights are the same."
        )
    if card.config.seconds is not None:
        return (
            "Only if the time limit was not what ended it. With the same number of epochs, the same data, seed, "
            "embedder and code give the same weights and figures on the same kind of machine."
        )
    return "Yes: the same data, seed, embedder and code give the same weights and figures on the same kind of machine."


def _is_base(card: ModelCard) -> bool:
    """The base model, or a copy of it that was imported: the source itself is not in it."""
    return card.version == base_model.NAME or (card.is_sequence and card.pairs == 0)


def _opening(card: ModelCard) -> str:
    kind = (
        "A sequence model, which completes whole lines: a small transformer, the counts of its source and what can be "
        "copied from it, weighed by a gate."
        if card.is_sequence
        else f"A DeepCodeNet, which offers the next token out of {len(card.tokens)}; several make a completion."
    )
    return f"{kind} Made {plain(_day(card.created_at))}."


def _source(card: ModelCard) -> dict[str, str]:
    revision = "" if card.dataset_revision is None else f", revision {card.dataset_revision}"
    what = "Source files" if card.is_sequence else "Pairs"
    return {
        "Learned from": f"{card.dataset}{revision}",
        "Fingerprint of the data": card.dataset_fingerprint or "not recorded",
        what: f"{card.pairs:,}" if card.pairs else "not recorded",
        "Tokens trained on" if card.is_sequence else "Samples trained on": f"{card.samples:,}",
        **({"Fine-tuned from": card.parent} if card.parent else {}),
        **({"Imported from": card.origin} if card.origin else {}),
    }


def _training(card: ModelCard) -> dict[str, str]:
    config = card.config.to_json()
    used = {name: config[name] for name in SEQUENCE_OPTIONS} if card.is_sequence else config
    return {
        "Code": card.code_version or "not recorded",
        "Embedder": card.embedder or "none is needed",
        "Time": _unit(card.metrics.get("seconds"), ".1f", "s"),
        "Epochs or rounds": f"{card.metrics.get('epochs', UNMEASURED)}",
        **{name.replace("_", " "): _shown(value) for name, value in used.items()},
    }


def _measured(card: ModelCard) -> dict[str, str]:
    metrics = card.metrics
    return {
        "Held-out next tokens ranked first": _percent(metrics.get("val_accuracy")),
        "Held-out loss": _unit(metrics.get("val_loss"), ".3f", "nats a token"),
        "Held-out samples": f"{int(_number(metrics.get('held_out_samples')) or 0):,}",
        **(
            {"Held-out text": _unit(metrics.get("bits_per_character"), ".2f", "bits a character")}
            if card.is_sequence
            else {}
        ),
        # A sequence model is measured once, on one set of files.
        **({} if card.is_sequence else {"Training next tokens ranked first": _percent(metrics.get("accuracy"))}),
        **({} if card.is_sequence else {"Training loss": _unit(metrics.get("loss"), ".3f", "nats a token")}),
    }


def _meaning(card: ModelCard) -> str:
    rest = "" if card.is_sequence else " A token outside its vocabulary counts as a miss."
    return f"Loss: the mean of minus the natural logarithm of the true token's probability; lower is better.{rest}"


def _use(card: ModelCard) -> str:
    if _is_base(card):
        return "Completing lines of code before anything of yours was learned, and as the start of your own trainings."
    what = "Completing lines of code" if card.is_sequence else "Offering the next tokens of code"
    return f"{what} like that of {plain(card.dataset)}, on a CPU, by people who read what they accept."


def _files(files: Sequence[SavedFile]) -> str:
    lines = ["| File | Size | sha256 |", "|---|---|---|"]
    lines += [
        f"| {plain(file.name)} | {file.size_bytes:,} bytes | {file.sha256 or 'holds those of the others'} |"
        for file in files
    ]
    return "\n".join([*lines, "", f"Together {sum(file.size_bytes for file in files):,} bytes."])


def _flat(value: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """A mapping of mappings as rows."""
    rows: dict[str, str] = {}
    for name, each in value.items():
        if isinstance(each, Mapping):
            rows.update(_flat(each, f"{before}{name}, "))
        else:
            rows[f"{before}{name}".replace("_", " ")] = _shown(each)
    return rows


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _percent(value: Any) -> str:
    number = _number(value)
    return UNMEASURED if number is None else f"{number:.1%}"


def _unit(value: Any, digits: str, unit: str) -> str:
    number = _number(value)
    return UNMEASURED if number is None else f"{number:{digits}} {unit}"


def _day(moment: str) -> str:
    try:
        return datetime.fromisoformat(moment).strftime("on %d %B %Y at %H:%M %Z").strip()
    except ValueError:
        return f"at {moment}"
