"""Versions side by side: curves over each other, what differs in their making, figures, and many runs at once."""

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.registry.comparison import differences, not_comparable, smoothed
from pages._shared import charts, frame, wording
from pages._shared.charts import Curve

CHOSEN = "models.compare.versions"
MOST, FEWEST_RUNS = 6, 3
MEASURES = {
    "Held-out loss": "val_loss",
    "Training loss": "loss",
    "Held-out accuracy": "val_accuracy",
    "Training accuracy": "accuracy",
}


def draw(service: DLCodeGen) -> None:
    cards = [card for card in service.versions.all() if isinstance(card, ModelCard)]
    if len(cards) < 2:
        st.info("With two trained models or more, this shows what differs between them and which is better.")
        frame.link("train", "Train a model")
        return
    chosen = _choose(cards)
    if len(chosen) < 2:
        st.caption("Choose at least two versions.")
    else:
        if problem := not_comparable(chosen):
            st.warning(problem, icon=":material/warning:")
        _curves(chosen)
        _differences(chosen)
        _scores(service, chosen)
    _runs(cards)


def _choose(cards: list[ModelCard]) -> list[ModelCard]:
    """The versions, which are also in the address; at first the newest and those of its kind."""
    names = [card.version for card in cards]
    if CHOSEN not in st.session_state:
        asked = [name for name in st.query_params.get("versions", "").split(",") if name in names]
        alike = [card.version for card in cards if card.config.model == cards[0].config.model]
        st.session_state[CHOSEN] = (asked or alike[:3] or names[:2])[:MOST]
    titles = {card.version: f"{card.version} {card.name}".strip() for card in cards}
    st.session_state[CHOSEN] = [name for name in st.session_state[CHOSEN] if name in names]
    picked = st.multiselect("Versions", names, key=CHOSEN, format_func=titles.__getitem__, max_selections=MOST)
    st.query_params["versions"] = ",".join(picked)
    return [card for card in reversed(cards) if card.version in picked]


def _curves(cards: list[ModelCard]) -> None:
    known = {
        title: entry
        for title, entry in MEASURES.items()
        if any(epoch.get(entry) is not None for card in cards for epoch in card.curves)
    }
    if not known:
        return
    left, middle, right = st.columns([3, 3, 2], vertical_alignment="bottom")
    measure = left.selectbox("Curve", list(known), key="models.compare.measure")
    strength = middle.slider(
        "Smoothing", 0.0, 0.95, 0.0, 0.05, key="models.compare.smoothing",
        help="A moving average over the epochs; the raw curve stays faintly below it.",
    )  # fmt: skip
    logarithmic = right.checkbox("Logarithmic", key="models.compare.log", help="Small differences late show better.")
    curves = []
    for card in cards:
        values = [epoch.get(known[measure]) for epoch in card.curves]
        if any(value is not None for value in values):
            places = [float(epoch["epoch"]) for epoch in card.curves]
            title = f"{card.version} {card.name}".strip()
            curves.append(Curve(card.version, title, places, values, smoothed(values, strength)))
    across = "round of the network alone" if cards[0].is_sequence else "epoch"
    charts.overlaid_curves(measure, across, curves, "models.compare.curves", logarithmic)


def _differences(cards: list[ModelCard]) -> None:
    st.subheader("What differs in their making")
    found = differences(cards)
    if not found:
        st.caption("Nothing: same data, same settings. What differs in their figures is chance.")
        return
    rows = [{"Setting": each.name, **{card.version: each.values[card.version] for card in cards}} for each in found]
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def _scores(service: DLCodeGen, cards: list[ModelCard]) -> None:
    st.subheader("Figures")
    # A column in which nobody has a figure would only raise questions.
    figures = pd.DataFrame([_score(service, card) for card in cards]).dropna(axis="columns", how="all")
    st.dataframe(
        figures,
        hide_index=True,
        placeholder="–",
        column_config={
            "Held-out accuracy": st.column_config.NumberColumn(format="%.3f", help="Share of next tokens right."),
            "Held-out loss": st.column_config.NumberColumn(format="%.3f", help="Lower is better."),
            "Edit similarity": st.column_config.ProgressColumn(min_value=0, max_value=100, format="%.0f"),
            "Bits a character": st.column_config.NumberColumn(format="%.2f", help="Lower is better."),
        },
    )
    if any(card.is_sequence and service.evaluator.report(card.version) is None for card in cards):
        st.caption("Lines are measured on the Evaluate page; a version that was not has none of those figures.")
        frame.link("evaluate", "Measure a version")


def _score(service: DLCodeGen, card: ModelCard) -> dict[str, object]:
    report = service.evaluator.report(card.version) if card.is_sequence else None
    own = report.scoreboard.score(report.system) if report else None
    similarity, exact = (own.edit_similarity, own.exact_match) if own else (None, None)
    return {
        "Version": card.version,
        "Name": card.name,
        "Held-out accuracy": card.metrics.get("val_accuracy"),
        "Held-out loss": card.metrics.get("val_loss"),
        "Edit similarity": similarity.mean if similarity else None,
        "95 % interval": f"[{similarity.low:.0f}, {similarity.high:.0f}]" if similarity else None,
        "Lines exactly right": f"{exact.mean:.0%} [{exact.low:.0%}, {exact.high:.0%}]" if exact else None,
        "Bits a character": report.tokens[report.system].bits_per_character.mean if report else None,
        "Trained in": wording.duration(card.metrics["seconds"]),
    }


def _runs(cards: list[ModelCard]) -> None:
    """All DeepCodeNets as lines through their settings."""
    runs = [card for card in cards if not card.is_sequence and card.metrics.get("val_loss") is not None]
    if len(runs) < FEWEST_RUNS:
        return
    st.subheader("Many runs at once")
    st.caption(
        "Each line is one DeepCodeNet of yours, from its settings to its held-out loss. Drag along an axis to see only "
        "the lines that pass there."
    )
    axes: dict[str, list[float]] = {
        "learning rate": [card.config.learning_rate for card in runs],
        "dropout": [card.config.dropout for card in runs],
        "batch size": [float(card.config.batch_size) for card in runs],
        "layers": [float(len(card.config.hidden_layers)) for card in runs],
        "vocabulary": [float(card.config.vocabulary_size) for card in runs],
        "epochs": [float(card.metrics["epoch"]) for card in runs],
        "samples": [float(card.samples) for card in runs],
        "held-out loss": [card.metrics["val_loss"] for card in runs],
    }
    varied = {name: values for name, values in axes.items() if len(set(values)) > 1 or name == "held-out loss"}
    charts.parallel_coordinates(varied, "held-out loss", "models.compare.runs", ["learning rate"])
