"""What a change of the training data did to this prediction: the same prompt, before and after, side by side."""

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen, Prediction
from dlcodegen_core.data.store import DatasetInfo, Difference
from dlcodegen_core.explain.retraining import Retraining, retraining_of
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.training.job import JobFolder
from pages._predict.asked import Asked, ask_model
from pages._predict.origins import NAMES
from pages._shared import frame
from pages._shared.answering import answering
from pages._shared.ghost_text import ghost_text

CHANGES_SHOWN = 3
REFRESH_SECONDS = 0.5
LOOKED_AT_JOBS = 20


def draw(service: DLCodeGen, asked: Asked, card: ModelCard, info: DatasetInfo) -> None:
    """card: of the version that answered, trained on the dataset of `info`."""
    job = _at_work(service, card)
    if job is not None:
        st.fragment(_watch, run_every=REFRESH_SECONDS)(service, job.id)
    found = retraining_of(card, answering(service).trained)
    if found is not None:
        with st.container(border=True):
            _side_by_side(service, asked, found)
    known = found.after if found else card
    if job is None and known.dataset_revision is not None and info.revision > known.dataset_revision:
        _offer_training(service, card, info, known.dataset_revision)


def _at_work(service: DLCodeGen, card: ModelCard) -> JobFolder | None:
    """A training on a later revision of the version's dataset that is not over."""
    for job in service.jobs.jobs()[:LOOKED_AT_JOBS]:
        if service.jobs.status(job.id).is_over:
            continue
        asked = job.request
        if asked.dataset == card.dataset and (asked.revision or 0) > (card.dataset_revision or 0):
            return job
    return None


def _watch(service: DLCodeGen, job: str) -> None:
    if service.jobs.status(job).is_over:
        st.rerun()
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            ":material/hourglass_top: Training on the changed data. "
            "This prompt's completion before and after will stand here."
        )
        frame.link("train", "Watch it")


def _offer_training(service: DLCodeGen, card: ModelCard, info: DatasetInfo, since: int) -> None:
    changed = service.datasets.difference(info.name, since, info.revision)
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.caption(frame.plain_text(f"Since the last training on it, {info.name} has changed: {_told(changed)}."))
    if right.button(
        "Train again", key="before_after.train", icon=":material/model_training:", width="stretch",
        help="With the same settings. This prompt's completion before and after is shown here when it is done.",
    ):  # fmt: skip
        service.start_training(info.name, card.config, f"revision {info.revision}")
        st.rerun()


def _side_by_side(service: DLCodeGen, asked: Asked, found: Retraining) -> None:
    answers = [_ask(service, asked, card) for card in (found.before, found.after)]
    before, after = answers
    st.markdown("**Before and after**")
    st.markdown(_verdict(before, after))
    cells = st.columns(2)
    for cell, card, answer, side in zip(cells, (found.before, found.after), answers, ("before", "after"), strict=True):
        with cell:
            st.caption(
                f"{side.capitalize()}: {card.version}, revision {card.dataset_revision}, "
                f"confidence {answer.confidence:.3f}"
            )
            ghost_text(asked.prompt, answer.completion, key=f"before_after.{side}")
    _origins(service, asked, found, before, after)
    assert found.before.dataset_revision and found.after.dataset_revision
    changed = service.datasets.difference(
        found.before.dataset, found.before.dataset_revision, found.after.dataset_revision
    )
    with st.expander(f"What changed in the data: {_told(changed)}", icon=":material/difference:"):
        _changes(changed)


def _ask(service: DLCodeGen, asked: Asked, card: ModelCard) -> Prediction:
    return ask_model(service, asked.prompt, asked.context, {**asked.options, "min_confidence": 0.0}, card.version)


def _verdict(before: Prediction, after: Prediction) -> str:
    """What changed, in a sentence."""
    gain = after.confidence - before.confidence
    sure = f"confidence {before.confidence:.3f} → {after.confidence:.3f} ({gain:+.3f})"
    if before.completion == after.completion:
        return f"The completion is the same; {sure}."
    was, is_now = (frame.plain_text(_line(answer.completion)) for answer in (before, after))
    return f"“{was}” has become “{is_now}”; {sure}."


def _line(text: str) -> str:
    shown = text.strip().replace("\n", "⏎")
    return f"{shown[:60]}…" if len(shown) > 60 else shown or "(nothing)"


def _origins(service: DLCodeGen, asked: Asked, found: Retraining, before: Prediction, after: Prediction) -> None:
    """Where each completion comes from, as one table."""
    sides = []
    for card, answer in ((found.before, before), (found.after, after)):
        if card.is_sequence:
            told = service.explainer.explain_completion(asked.request, card.version, answer.completion)
            sides.append({NAMES[kind]: share for kind, share in told.shares.items()})
        else:
            first = next(iter(answer.candidates[0].tokens), "") if answer.candidates else None
            pushed = service.explainer.explain_features(asked.request, card.version, first)
            sides.append({group.title: group.shapley for group in pushed.groups})
    of_lines = found.after.is_sequence
    st.dataframe(
        pd.DataFrame(
            {
                "Where it comes from" if of_lines else "What pushed it, nats": list(sides[0]),
                "Before": list(sides[0].values()),
                "After": [sides[1].get(name, 0.0) for name in sides[0]],
                "Change": [sides[1].get(name, 0.0) - value for name, value in sides[0].items()],
            }
        ),
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="percent" if of_lines else "%+.2f")
            for name in ("Before", "After", "Change")
        },
    )


def _changes(changed: Difference) -> None:
    for change in changed.changes[:CHANGES_SHOWN]:
        left, right = st.columns(2)
        for cell, pair, gone in ((left, change.before, "was not there"), (right, change.after, "is gone")):
            if pair is None:
                cell.caption(f"The pair {gone}.")
            else:
                cell.code(f"{pair.prompt[-200:]}▸{pair.target[:200]}", language=pair.language, wrap_lines=True)
    if len(changed.changes) > CHANGES_SHOWN:
        st.caption("The Dataset page's History shows all changes.")


def _told(changed: Difference) -> str:
    parts = ((changed.changed, "changed"), (changed.added, "added"), (changed.removed, "removed"))
    told = [f"{_pairs(count)} {what}" for count, what in parts if count]
    return ", ".join(told) or "nothing"


def _pairs(count: int) -> str:
    return "1 pair" if count == 1 else f"{count:,} pairs"
