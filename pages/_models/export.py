"""Take a version elsewhere: choose a file, have it checked, see what the check found, download it, and use it."""

from pathlib import Path

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.evaluation.line_metrics import Interval
from dlcodegen_core.export.certificate import Certificate, CheckedFile
from dlcodegen_core.export.formats import FORMATS, ExportFormat, certificate_file
from dlcodegen_core.export.usage import usage
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.serving.routes import WRITTEN_FILES
from dlcodegen_core.tasks.kinds import EXPORT
from dlcodegen_core.tasks.task import TaskState
from pages._shared import frame, wording
from pages._shared.answering import answering
from pages._shared.task_watch import watch

KEPT_IN_MEMORY = 20_000_000  # a button's file is; larger ones are streamed from the disk
ONNX_OF_LINES = (
    "An ONNX file of this model holds its **network alone**. In the workbench, counts of your source, copies of the "
    "text at hand and a gate answer with it, so the file alone completes less well. To take everything along, choose "
    f"“{FORMATS['bundle'].title}”."
)


def draw(service: DLCodeGen) -> None:
    """The panel."""
    card = _choose_version(service)
    if card is None:
        st.info("There is no model to take out yet. Train one, then it can be exported here.")
        frame.link("train", "Train a model")
        return
    file_format = _choose_format()
    if card.is_sequence and file_format.certified:
        st.info(ONNX_OF_LINES, icon=":material/info:")
    subject = f"{card.version} {card.created_at} {file_format.name}"
    task = service.tasks.latest(EXPORT, subject)
    if task is not None and task.running:
        watch(service, task.id, f"{file_format.title} of {card.version}")
    elif task is not None and task.result is not None:
        _result(service, card, file_format, task)
    else:
        _offer(service, card, file_format, subject, task.error if task else "")


def _choose_version(service: DLCodeGen) -> ModelCard | None:
    """The model that is taken out: the one in the address, or the one that answers."""
    cards = {card.version: card for card in answering(service).cards}
    if not cards:
        return None
    names = list(cards)
    wanted = st.query_params.get("version") or service.versions.resolve(None)
    chosen = st.selectbox(
        "Model",
        names,
        index=names.index(wanted) if wanted in names else 0,
        format_func=lambda version: f"{version} {cards[version].name}".strip(),
        key="models.export.version",
    )
    st.query_params["version"] = chosen
    return cards[chosen]


def _choose_format() -> ExportFormat:
    by_title = {each.title: each for each in FORMATS.values()}
    chosen = st.segmented_control(
        "File", list(by_title), default=next(iter(by_title)), required=True, key="models.export.format"
    )
    st.caption(f"{by_title[chosen].what}.")
    return by_title[chosen]


def _offer(service: DLCodeGen, card: ModelCard, file_format: ExportFormat, subject: str, error: str) -> None:
    if error:
        st.error(frame.plain_text(error), icon=":material/error:")
    label = "Check and export" if file_format.certified else "Export"
    if st.button(label, type="primary", icon=":material/deployed_code:"):
        service.tasks.start(EXPORT, subject, {"version": card.version, "format": file_format.name})
        st.rerun()
    if file_format.certified:
        st.caption(
            "The file is compared with PyTorch on what the model has not learned from, and timed. That takes up to "
            "half a minute; a file that answers otherwise is refused."
        )


def _result(service: DLCodeGen, card: ModelCard, file_format: ExportFormat, task: TaskState) -> None:
    assert task.result is not None
    path = Path(task.result["path"])
    file = f"{task.result['name']}{path.suffix}"
    if file_format.certified:
        _certificate(Certificate.load(certificate_file(path)), in_8_bits=file_format.name == "onnx-int8")
    with st.container(horizontal=True):
        _download(task, path, file)
        if file_format.certified:
            content = certificate_file(path).read_bytes()
            name = certificate_file(Path(file)).name
            st.download_button(
                "Certificate", content, name, "application/json", icon=":material/verified:", on_click="ignore"
            )
        if st.button("Once more", icon=":material/refresh:", help="Forget this file and make it anew."):
            service.tasks.cancel(task.id)  # its process may still be on its way out
            service.tasks.forget(task.id)
            st.rerun()
    _how_to_use(card, file_format, file)


def _download(task: TaskState, path: Path, file: str) -> None:
    assert task.result is not None
    size = task.result["size_bytes"]
    label = f"Download {file} ({wording.size(size)})"
    if size > KEPT_IN_MEMORY:
        st.link_button(label, f"{WRITTEN_FILES}/{task.id}", icon=":material/download:", type="primary")
    else:
        st.download_button(
            label, path.read_bytes, file, "application/octet-stream", icon=":material/download:", on_click="ignore",
            type="primary",
        )  # fmt: skip


def _certificate(certificate: Certificate, in_8_bits: bool) -> None:
    """One sentence, then the figures behind it."""
    sentence = certificate.int8_verdict if in_8_bits else certificate.verdict
    st.success(frame.plain_text(sentence), icon=":material/verified:")
    st.dataframe(
        pd.DataFrame(_rows(certificate)),
        hide_index=True,
        placeholder="–",
        column_config={
            "Difference": st.column_config.NumberColumn(
                "Largest difference", format="%.2g", help="Of any logit, from PyTorch's; a logit is a score of a token."
            ),
            "Same": st.column_config.NumberColumn(
                "Same first choice", format="%.1f %%", help="How often its best token is PyTorch's."
            ),
            "Right": st.column_config.TextColumn(
                "Next token right", help="Share of tokens foreseen, and its 95 % interval, drawing files anew."
            ),
            **{
                f"batch {timing.batch}": st.column_config.NumberColumn(
                    f"ms, batch of {timing.batch}", format="%.2f", help="Median on one core, from inputs to logits."
                )
                for timing in certificate.timings
            },
        },
    )
    libraries = ", ".join(f"{name} {version}" for name, version in certificate.libraries.items())
    st.caption(
        frame.plain_text(
            f"Checked on {certificate.basis}. Timed on one core of {certificate.processor}, a row of a batch being "
            f"{certificate.timed}; {libraries}."
        )
    )


def _rows(certificate: Certificate) -> list[dict[str, object]]:
    batches = {f"batch {timing.batch}": timing for timing in certificate.timings}
    files = {"ONNX": (certificate.full, "onnx_ms"), "ONNX, 8 bits": (certificate.int8, "int8_ms")}
    pytorch = {"File": "PyTorch", **{name: timing.pytorch_ms for name, timing in batches.items()}}
    return [
        *(
            {"File": name, **_figures(checked), **{batch: getattr(timing, ms) for batch, timing in batches.items()}}
            for name, (checked, ms) in files.items()
        ),
        pytorch,
    ]


def _figures(checked: CheckedFile) -> dict[str, object]:
    return {
        "Size": wording.size(checked.size_bytes),
        "Difference": checked.parity.max_difference,
        "Same": 100 * checked.parity.agreement,
        "Right": _told(checked.accuracy),
    }


def _told(share: Interval | None) -> str | None:
    return share and f"{share.mean:.1%} [{share.low:.1%}, {share.high:.1%}]"


def _how_to_use(card: ModelCard, file_format: ExportFormat, file: str) -> None:
    st.subheader("How to use it")
    if lines := usage(card, file_format.name, file):
        st.code(lines, language="python")
    else:
        st.markdown("Bring it in on the Models page of another workbench, under “Versions”.")
    st.caption("The same export in a terminal:")
    st.code(
        f"python -m dlcodegen_core export --version {card.version} --format {file_format.name} --out {file}",
        language="bash",
    )
