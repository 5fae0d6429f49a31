"""The answer as one HTML file to take away."""

from datetime import datetime

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.explain.html_report import Reported, ReportedOrigin, html_report
from pages._predict.asked import Asked
from pages._predict.origins import NAMES
from pages._shared import wording

STRONGEST = 4


def button(service: DLCodeGen, asked: Asked) -> None:
    """A download; the report is made when it is pressed."""
    st.download_button(
        "Report as HTML",
        lambda: _report(service, asked).encode(),
        file_name="completion.html",
        mime="text/html",
        icon=":material/description:",
        on_click="ignore",
        help="One file with the completion, its alternatives, timings and origins; opens anywhere, runs nothing.",
    )


def _report(service: DLCodeGen, asked: Asked) -> str:
    answer = asked.answer
    card = service.versions.card(answer.version)
    origins: list[ReportedOrigin] = []
    if card.is_sequence and answer.completion:
        found = service.explainer.explain_completion(asked.request, answer.version, answer.completion)
        origins = [
            ReportedOrigin(span.text, NAMES[span.kind], span.places[0].told if span.places else "")
            for span in found.spans
        ]
    groups = [
        (group.title, ", ".join(f"{named.name} {named.value:.2f}" for named in group.strongest))
        for group in service.explainer.break_down(answer, STRONGEST)
    ]
    kind = "sequence model" if card.is_sequence else "DeepCodeNet"
    about = f"A {kind} trained on {card.dataset or 'open source'}"
    if seconds := card.metrics.get("seconds"):
        about += f" in {wording.duration(float(seconds))}"
    reported = Reported(
        prompt=asked.prompt,
        completion=answer.completion,
        confidence=answer.confidence,
        version=answer.version,
        about_version=f"{about}.",
        alternatives=[(candidate.text or "(end)", candidate.confidence) for candidate in answer.candidates],
        latency_ms=answer.latency_ms,
        cached=answer.cached,
        origins=origins,
        groups=groups,
    )
    return html_report(reported, datetime.now())
