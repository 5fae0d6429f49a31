"""How far the confidence of a DeepCodeNet can be trusted: one line, and a diagram behind it."""

import streamlit as st

from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.models.temperature import FEWEST_SAMPLES, reliability_of, temperature_of
from pages._shared import charts


def told(card: ModelCard) -> str:
    """The line: how far the confidence is off, on which samples."""
    found = reliability_of(card.metrics)
    if found is None:
        why = (
            f"fewer than {FEWEST_SAMPLES} samples were held out to measure it"
            if "temperature" in card.metrics
            else "it was trained before confidences were measured"
        )
        return f"The confidence of {card.version} is not calibrated, since {why}; a threshold on it promises nothing."
    if temperature_of(card.metrics) == 1.0:
        return (
            f"The confidence of {card.version} is off by {found.error_before:.1%} on average, on {found.samples:,} "
            "held-out samples; no temperature betters that."
        )
    return (
        f"The confidence of {card.version} is calibrated: on {found.samples:,} held-out samples it is off by "
        f"{found.error_after:.1%} on average, and was by {found.error_before:.1%} before."
    )


def popover(card: ModelCard) -> None:
    """The diagram, where there is something to show."""
    found = reliability_of(card.metrics)
    if found is None:
        st.caption(told(card))
        return
    with st.popover("How far to trust the confidence", icon=":material/balance:"):
        st.caption(told(card))
        charts.calibration(found.before, found.after, key="predict.calibration")
        st.caption(
            f"The network's logits are divided by its temperature, {temperature_of(card.metrics):.2f}, which was "
            "fitted on the held-out samples at the end of the training. The diagram is of the same samples by "
            "cross-fitting: each is measured with a temperature fitted on those of other files. It holds for one token "
            "of code like the training data; a longer completion multiplies its tokens' confidences."
        )
