"""One version: what can be done with it, its model card, its curves, and its name, note and tags."""

from collections.abc import Mapping

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.models import base_model
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.registry.labels import MAX_NAME_CHARACTERS, MAX_NOTE_CHARACTERS
from dlcodegen_core.registry.register import CANDIDATE, PRODUCTION, Register
from dlcodegen_core.registry.versions import DamagedVersion
from pages._models.version_notices import notice
from pages._shared import charts, frame

LOADING = "Loading it, to be sure that it answers …"


def draw(service: DLCodeGen, row: ModelCard | DamagedVersion, register: Register) -> None:
    if isinstance(row, DamagedVersion):
        st.error(frame.plain_text(row.problem), icon=":material/error:")
        if row.version != base_model.NAME:
            _delete(service, row.version, register)
        return
    _actions(service, row, register)
    card, curves, labels = st.tabs(["Model card", "Learning curves", "Name, note and tags"])
    with card, frame.plain_errors():
        st.markdown(service.versions.model_card(row.version, _report(service, row), heading=2))
    with curves:
        _curves(row)
    with labels, frame.plain_errors():
        _labels(service, row.version)


def _actions(service: DLCodeGen, card: ModelCard, register: Register) -> None:
    version, alias = card.version, register.alias_of(card.version)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Make production",
            icon=":material/verified:",
            type="secondary" if alias == PRODUCTION else "primary",
            disabled=alias == PRODUCTION,
            help="It answers from then on, wherever no version is named. This can be rolled back.",
        ):
            with frame.plain_errors(), st.spinner(LOADING):
                service.versions.promote(version)
                notice(f"{version} is production now.")
                st.rerun()
        if alias:
            if st.button(
                f"Take {alias} away",
                icon=":material/label_off:",
                help="The newest version answers then." if alias == PRODUCTION else "Nothing is the candidate then.",
            ):
                with frame.plain_errors():
                    service.versions.clear(alias)
                    notice(f"{version} is {alias} no more.")
                    st.rerun()
        elif st.button(
            "Set as candidate",
            icon=":material/science:",
            help="To be compared with production; it does not answer by itself.",
        ):
            with frame.plain_errors(), st.spinner(LOADING):
                service.versions.set_candidate(version)
                notice(f"{version} is the {CANDIDATE} now.")
                st.rerun()
        pack = False
        if version != base_model.NAME:
            pack = st.button(
                "Export", icon=":material/archive:", help="As one file, to be imported in another workbench."
            )
            _delete(service, version, register)
        frame.link("predict", f"Try {version}", version=version)
    if pack:
        _export(service, card)


def _export(service: DLCodeGen, card: ModelCard) -> None:
    with frame.plain_errors(), st.spinner("Checking and packing it …"):
        st.download_button(
            f"Download {card.version}.zip",
            service.versions.bundle(card.version, _report(service, card)),
            file_name=f"{card.version}.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
            type="primary",
        )
        if card.is_sequence:
            st.caption("The file holds the code that the model learned from. Give it only to those who may see that.")


def _delete(service: DLCodeGen, version: str, register: Register) -> None:
    alias = register.alias_of(version)
    with st.popover(
        "Delete",
        icon=":material/delete:",
        disabled=bool(alias),
        help=f"It is {alias}. Make another version {alias} first, or take the alias away." if alias else None,
    ):
        st.write(f"{version} moves into the trash. It answers no more, here or in any other process of this workbench.")
        st.caption("It can be brought back, until it is removed from the trash for good.")
        if st.button(f"Delete {version}", icon=":material/delete:", type="primary"):
            with frame.plain_errors():
                service.versions.delete(version)
                notice(f"{version} lies in the trash.", deleted=version)
                st.rerun()


def _curves(card: ModelCard) -> None:
    rounds = [each for each in card.curves if isinstance(each.get("epoch"), int)]
    if not rounds:
        st.caption("No curves were recorded with it.")
        return
    places = [each["epoch"] for each in rounds]
    axis = charts.Axis("round" if card.is_sequence else "epoch", places, 0, max(places), "Nothing was recorded.")
    left, right = st.columns(2)
    with left:
        charts.curve(
            "Loss, nats a token",
            axis,
            [each.get("loss") for each in rounds],
            [each.get("val_loss") for each in rounds],
            key=f"models.loss.{card.version}",
        )
    with right:
        # A sequence model's accuracy is measured on held-out text alone.
        training = [None if card.is_sequence else each.get("accuracy") for each in rounds]
        charts.curve(
            "Next token right",
            axis,
            training,
            [each.get("val_accuracy") for each in rounds],
            key=f"models.accuracy.{card.version}",
            percent=True,
        )


def _labels(service: DLCodeGen, version: str) -> None:
    if version == base_model.NAME:
        st.caption("The base model ships with the program; it has no labels of yours.")
        return
    labels = service.versions.labels(version)
    with st.form(f"models.labels.{version}", border=False):
        name = st.text_input("Name", labels.name, max_chars=MAX_NAME_CHARACTERS, key=f"models.name.{version}")
        note = st.text_area("Note", labels.note, max_chars=MAX_NOTE_CHARACTERS, key=f"models.note.{version}")
        tags = st.text_input("Tags, with commas between them", ", ".join(labels.tags), key=f"models.tags.{version}")
        if st.form_submit_button("Save", icon=":material/save:"):
            service.versions.label(version, name, note, tags.split(","))
            notice(f"Saved. The model {version} itself stays as it was.")
            st.rerun()


def _report(service: DLCodeGen, card: ModelCard) -> Mapping[str, str] | None:
    """What Evaluate measured, if it did."""
    report = service.evaluator.report(card.version) if card.is_sequence else None
    if report is None:
        return None
    own = report.scoreboard.score(report.system)
    rows = {
        "Lines exactly right": own.exact_match and f"{own.exact_match.mean:.0%}",
        "Edit similarity": own.edit_similarity and f"{own.edit_similarity.mean:.0f} of 100",
        "A line takes, median": own.p50_ms and f"{own.p50_ms:.0f} ms",
        "Lines put to it": f"{len(report.scoreboard.cases)}, of {report.scoreboard.files} files",
    }
    return {name: value for name, value in rows.items() if value}
