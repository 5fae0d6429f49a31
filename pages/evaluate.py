"""Evaluate: is a model any good, and against what? Its scoreboard, how far it can be trusted, and lines to look at."""

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.evaluation.scores import Sample, SystemScore
from dlcodegen_core.evaluation.selective import offerings
from dlcodegen_core.evaluation.version_report import VersionReport
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.tasks.kinds import REPORT
from pages._shared import charts, frame, wording
from pages._shared.ghost_text import ghost_text

REFRESH_SECONDS = 0.7
SAMPLES = 4
PROMPT_LINES = 6

service = frame.begin("evaluate")


def _choose(service: DLCodeGen) -> ModelCard | None:
    cards = [card for card in service.versions.all() if isinstance(card, ModelCard) and card.is_sequence]
    if not cards:
        st.info(
            "There is no model of yours that completes lines yet. Train one: “Complete whole lines” on the Train page. "
            "Then it shows here how it does on lines that it has not seen, side by side with simpler systems."
        )
        frame.link("train", "Train a model")
        return None
    names = [card.version for card in cards]
    wanted = st.query_params.get("version")
    titles = {card.version: f"{card.version} {card.name} · {card.dataset}".replace("  ", " ") for card in cards}
    chosen = st.selectbox(
        "Model", names, index=names.index(wanted) if wanted in names else 0, format_func=titles.__getitem__
    )
    st.query_params["version"] = chosen
    return next(card for card in cards if card.version == chosen)


def _watch(service: DLCodeGen) -> None:
    """How far the report is; the whole page once when it is done."""
    state = service.tasks.latest(REPORT)
    if state is None or not state.running:
        st.rerun()
    else:
        st.progress(state.share, text=f"Measuring {state.subject}: {frame.plain_text(state.what)} …")
        if st.button("Cancel", icon=":material/close:", help="An earlier report of this model stays."):
            service.tasks.cancel(state.id)
            st.rerun()


def _offer(service: DLCodeGen, card: ModelCard, again: bool) -> None:
    label = "Measure again" if again else "Measure this model"
    if st.button(
        label, type="secondary" if again else "primary", icon=":material/straighten:", disabled=_busy(service)
    ):
        service.tasks.start(REPORT, card.version, {"version": card.version})
        st.rerun()
    if not again:
        st.caption(
            "Fits every baseline on what the model learned from, and puts 200 held-out lines to all of them. "
            "Takes a minute or two; the page can be left."
        )


def _busy(service: DLCodeGen) -> bool:
    state = service.tasks.latest(REPORT)
    return state is not None and state.running


def _verdict(report: VersionReport) -> None:
    """Who wins, in one sentence that cannot be overlooked."""
    beaten_by = report.scoreboard.beaten_by(report.system)
    if beaten_by:
        names = ", ".join(frame.plain_text(name) for name in beaten_by)
        st.error(
            f"**A simpler system does better on these lines: {names}.** Give the model more time or more source, "
            "or use the simpler system's lesson: there may be too little here to learn.",
            icon=":material/warning:",
        )
        return
    own = report.scoreboard.score(report.system)
    rivals = [s for s in report.scoreboard.systems if s.name != report.system and s.edit_similarity]
    best = max(rivals, key=lambda s: s.edit_similarity.mean if s.edit_similarity else 0.0, default=None)
    if best is None or own.edit_similarity is None or best.edit_similarity is None:
        return
    gap = report.scoreboard.difference(report.system, best.name, "edit_similarity")
    sure = gap is not None and gap.low > 0
    st.success(
        f"**Better than every baseline on these lines.** Closest is {frame.plain_text(best.name)} with an edit "
        f"similarity of {best.edit_similarity.mean:.0f} against {own.edit_similarity.mean:.0f}"
        + ("." if sure else "; so few lines could still deceive, as the intervals show."),
        icon=":material/trophy:",
    )


def _numbers(report: VersionReport) -> None:
    own, tokens = report.scoreboard.score(report.system), report.tokens[report.system]
    if own.exact_match is None or own.edit_similarity is None:
        st.error(frame.plain_text(own.failure or "The model answered no line."), icon=":material/error:")
        return
    cells = st.grid("auto", min_column_width=150)
    for title, value, help_text in (
        ("Lines exactly right", f"{own.exact_match.mean:.0%}", "Share of held-out lines completed without a fault."),
        (
            "Edit similarity",
            f"{own.edit_similarity.mean:.0f}",
            "How alike completed and true line are, 0 to 100; 100 is equal.",
        ),
        ("Next token right", f"{tokens.accuracy.mean:.0%}", f"Top five: {tokens.top_5_accuracy.mean:.0%}."),
        (
            "Bits a character",
            f"{tokens.bits_per_character.mean:.2f}",
            "How surprised the model is by held-out text; lower is better, and comparable between vocabularies.",
        ),
        (
            "A line takes",
            f"{own.p50_ms or 0:.0f} ms",
            f"Median; 95 of 100 lines take less than {own.p95_ms or 0:.0f} ms.",
        ),
        ("Possible syntax", f"{report.sound_share:.0%}", "Share of its lines that leave no broken syntax behind."),
    ):
        cells.metric(title, value, help=help_text)


def _table(report: VersionReport) -> None:
    st.subheader("Scoreboard")
    st.caption(
        f"{len(report.scoreboard.cases)} lines from {report.scoreboard.files} held-out files; every system learned "
        f"from the same {report.training_files:,} others. In brackets the 95 % interval, from drawing files anew. "
        "Systems that need the prompt's embedding share it, so only the first of them pays for it in milliseconds."
    )
    rows = sorted(report.scoreboard.systems, key=lambda s: -(s.edit_similarity.mean if s.edit_similarity else -1.0))
    st.dataframe(
        pd.DataFrame([_row(report, system) for system in rows]),
        hide_index=True,
        placeholder="–",
        column_config={
            "Similarity": st.column_config.ProgressColumn(
                "Edit similarity", min_value=0, max_value=100, format="%.0f", help="0 to 100, of the rest of the line."
            ),
            "Bits": st.column_config.NumberColumn(
                "Bits a character", format="%.2f", help="Lower is better. Only systems that give every text a chance."
            ),
            "p50": st.column_config.NumberColumn("ms, median", format="%.1f"),
            "p95": st.column_config.NumberColumn("ms, p95", format="%.1f"),
            "ECE": st.column_config.NumberColumn(
                "Calibration error", format="%.2f", help="How far its confidence is from the truth, 0 to 1."
            ),
        },
    )


def _row(report: VersionReport, system: SystemScore) -> dict[str, object]:
    tokens = report.tokens.get(system.name)
    similarity, exact = system.edit_similarity, system.exact_match
    return {
        "System": system.name + ("" if not report.scoreboard.cut_short(system.name) else " (cut short)"),
        "Similarity": similarity.mean if similarity else None,
        "95 % interval": f"[{similarity.low:.0f}, {similarity.high:.0f}]" if similarity else system.failure,
        "Exact": f"{exact.mean:.0%} [{exact.low:.0%}, {exact.high:.0%}]" if exact else None,
        "First token": f"{system.first_token.mean:.0%}" if system.first_token else None,
        "Bits": tokens.bits_per_character.mean if tokens else None,
        "p50": system.p50_ms,
        "p95": system.p95_ms,
        "ECE": system.calibration_error,
    }


def _trust(report: VersionReport) -> None:
    st.subheader("Can its confidence be trusted?")
    own, tokens = report.scoreboard.score(report.system), report.tokens[report.system]
    left, right = st.columns(2)
    with left:
        charts.reliability("Whole lines", own.reliability)
        if own.calibration_error is not None:
            st.caption(f"Calibration error {own.calibration_error:.2f} over {len(own.answers)} lines.")
    with right:
        charts.reliability("Next tokens", tokens.reliability)
        st.caption(f"Calibration error {tokens.calibration_error:.2f} over {tokens.tokens:,} tokens.")


def _offers(report: VersionReport) -> None:
    """What a threshold on the confidence buys."""
    found = offerings(report.scoreboard.score(report.system).answers)
    if len(found) > 1:
        charts.coverage(
            [each.threshold for each in found],
            [each.coverage for each in found],
            [each.precision or 0.0 for each in found],
        )
        st.caption(
            "With a threshold, a model says nothing where it is not sure. Set one under the options on the Predict "
            "page, or as `min_confidence` in a request."
        )


def _samples(report: VersionReport) -> None:
    st.subheader("Lines to look at")
    kinds = {"Random": 0, "Best": 1, "Worst": 2}
    kind = st.segmented_control("Which", list(kinds), default="Random", required=True, label_visibility="collapsed")
    board = report.scoreboard
    samples = {
        "Random": lambda: board.random(report.system, SAMPLES, seed=len(report.created_at)),
        "Best": lambda: board.best(report.system, SAMPLES),
        "Worst": lambda: board.worst(report.system, SAMPLES),
    }[kind]()
    for place, sample in enumerate(samples):
        _sample(sample, place)


def _sample(sample: Sample, place: int) -> None:
    question, answer = sample.question, sample.answer
    with st.container(border=True):
        st.caption(frame.plain_text(f"{question.path}, line {question.line}"))
        ghost_text(
            "\n".join(question.prompt_tail.split("\n")[-PROMPT_LINES:]), answer.guess, key=f"evaluate.sample.{place}"
        )
        sure = "" if answer.confidence is None else f", confidence {answer.confidence:.2f}"
        if answer.exact_match:
            st.caption(f":material/check: exactly right{sure}, {wording.milliseconds(answer.latency_ms)}")
        else:
            st.caption(f"similarity {answer.edit_similarity:.0f}{sure}. What was really there:")
            st.code(question.target, language=None, wrap_lines=True)


st.title("Evaluate")
with frame.plain_errors():
    card = _choose(service)
    if card is not None:
        state = service.tasks.latest(REPORT)
        if state is not None and state.running:
            st.fragment(_watch, run_every=REFRESH_SECONDS)(service)
        elif state is not None and state.error and state.subject == card.version:
            st.error(frame.plain_text(state.error), icon=":material/error:")
        report = service.evaluator.report(card.version)
        if report is not None:
            _verdict(report)
            _numbers(report)
            _table(report)
            _trust(report)
            _offers(report)
            _samples(report)
        _offer(service, card, again=report is not None)
