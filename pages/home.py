"""Home: what is here, what runs, and the one next step."""

import streamlit as st

from dlcodegen_core import DLCodeGen, WorkbenchError
from dlcodegen_core.models.base_model import NAME as BASE
from pages._shared import first_launch, frame, presets, runs
from pages._shared.answering import base_of

LIBRARY = "Python standard library"

service = frame.begin("home")


def _start_demo() -> None:
    """One click from nothing to a training on real code."""
    try:
        service.start_training(LIBRARY, presets.LINES_QUICK.config, "first model")
    except WorkbenchError as exc:
        st.session_state["home.problem"] = str(exc)
    else:
        st.session_state["home.started"] = True


def _asked(requests: int) -> str:
    """What editors and programs asked, or how they can."""
    if requests:
        return f"{requests:,} request{'s' if requests > 1 else ''} answered since the start"
    return "editors and programs ask over HTTP, at this very address"


def _draw(service: DLCodeGen) -> None:
    infos = service.datasets.infos()
    version = service.versions.latest()
    current = service.jobs.current()
    first_launch.wait_for_demo(service)
    pairs = sum(info.pair_count for info in infos)
    data = f"{len(infos)} datasets, {pairs:,} pairs" if infos else "no dataset yet"
    train = "training right now" if current else f"newest model: {version}" if version else "no model yet"
    base = base_of(service)
    answering = service.versions.answering()
    who = "the base model" if answering == BASE else answering
    predict = f"{who} answers" if who else "needs a trained model"
    taught = len(service.feedback.memory)
    improve = f"{taught:,} completion{'s' if taught > 1 else ''} taught" if taught else "nothing taught yet"
    steps = (
        ("Data", data, "dataset", "Look at the data", {}),
        ("Train", train, "train", "Watch it" if current else "Train a model", {}),
        ("Predict", predict, "predict", "Complete code", {}),
        ("Understand", "what it learned from, and from which line", "inspect", "Inspect it", {}),
        ("Improve", improve, "models", "Teach and compare", {"panel": "Feedback" if taught else "Versions"}),
        ("Use elsewhere", _asked(len(service.requests.records())), "performance", "Watch requests", {}),
    )
    cells = st.grid(3, min_column_width=200)
    for number, (title, state, page, action, query) in enumerate(steps, start=1):
        with cells.container(border=True, height="stretch"):
            st.markdown(f"**{number}  {title}**")
            st.caption(state)
            frame.link(page, action, **query)
    library = next((info for info in infos if info.name == LIBRARY), None)
    if not version and not current and library is not None:
        st.subheader("Start here")
        st.write(
            f"Train a first model that completes whole lines, on {library.pair_count:,} short pieces of real code that "
            "are already on this machine. It takes about half a minute, and you can watch it learn; then “Try it” "
            "shows a first completion."
            + (" It starts from the base model, which already knows open-source code." if base else "")
        )
        st.button(
            "Try it on the Python standard library", type="primary", icon=":material/play_arrow:", on_click=_start_demo
        )
    st.subheader("Recent trainings")
    runs.table(service, limit=6)


st.title("Code workbench")
st.write("Bring your own code, train a small private completion model on it, and see why it predicts what it predicts.")
if problem := st.session_state.pop("home.problem", None):
    st.error(frame.plain_text(problem), icon=":material/error:")
if st.session_state.pop("home.started", False):
    frame.go_to("train")
with frame.plain_errors():
    _draw(service)
