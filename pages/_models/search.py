"""Find settings: let the machine try settings of DeepCodeNet for a while, and see what the best ones bring."""

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen, TrainConfig
from dlcodegen_core.tasks.kinds import SEARCH
from dlcodegen_core.training.search.records import DONE, SearchRecord, Trial
from pages._shared import charts, frame, wording
from pages._shared.task_watch import REFRESH_SECONDS

MINUTES = {"1 minute": 60.0, "3 minutes": 180.0, "10 minutes": 600.0, "30 minutes": 1800.0}
CHOSEN = "models.search.record"


def draw(service: DLCodeGen) -> None:
    st.write(
        "Trains one small DeepCodeNet after another with other settings, each for seconds, and lets every result guide "
        "the next try. The first has the usual settings, so you see what looking for better ones is worth."
    )
    task = service.tasks.latest(SEARCH)
    if task is not None and task.running:
        st.fragment(_live, run_every=REFRESH_SECONDS)(service)
    else:
        _form(service)
        if task is not None and task.error:
            st.error(frame.plain_text(task.error), icon=":material/error:")
    records = service.searches.all()
    if task is not None and task.running:
        records = [record for record in records if record.id != task.subject]
    if records:
        _earlier(service, records)
    elif task is None:
        st.caption("The trials, and the best settings among them, will appear here while it runs.")


def _form(service: DLCodeGen) -> None:
    names = [info.name for info in service.datasets.infos()]
    if not names:
        st.info("There is no dataset to look for settings on.")
        frame.link("dataset", "Bring in your code")
        return
    left, middle, right = st.columns([3, 2, 2], vertical_alignment="bottom")
    dataset = left.selectbox("Dataset", names, key="models.search.dataset")
    budget = middle.selectbox(
        "Time", list(MINUTES), index=1, key="models.search.time",
        help="For the trials alone; turning the dataset into features comes before, once.",
    )  # fmt: skip
    if right.button("Search", type="primary", icon=":material/manage_search:"):
        with frame.plain_errors():
            service.start_search(dataset, MINUTES[budget], TrainConfig())
            st.session_state.pop(CHOSEN, None)
            st.rerun()
    st.caption(
        "For DeepCodeNet. A model that completes whole lines has no such settings: it weighs its own parts while it "
        "learns, within the time that you give it."
    )


def _live(service: DLCodeGen) -> None:
    state = service.tasks.latest(SEARCH)
    if state is None or not state.running:
        st.rerun()
        return
    left = f", {wording.duration(state.total - state.done)} left" if state.what.startswith("trial") else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(state.share, text=frame.plain_text(f"{state.what}{left}"))
        if st.button("Stop", icon=":material/stop:", help="The trials that were made are kept."):
            service.tasks.cancel(state.id)
            st.rerun()
    record = service.searches.load(state.subject)
    if record is not None and record.trials:
        _trials(record, "live")


def _earlier(service: DLCodeGen, records: list[SearchRecord]) -> None:
    st.divider()
    titles = {
        record.id: f"{record.dataset}, {wording.duration(record.seconds)}, {len(record.trials)} trials, "
        f"{record.started_at[:16].replace('T', ' ')}"
        for record in records
    }
    if st.session_state.get(CHOSEN) not in titles:
        st.session_state[CHOSEN] = records[0].id
    chosen = st.selectbox("Search", list(titles), key=CHOSEN, format_func=titles.__getitem__)
    record = next(record for record in records if record.id == chosen)
    if not record.trials:
        st.caption("It was stopped before its first trial ended.")
        return
    _verdict(service, record)
    _trials(record, record.id)


def _verdict(service: DLCodeGen, record: SearchRecord) -> None:
    best = record.best
    if best is None:
        st.warning("No trial got to its end, so there is nothing to choose.", icon=":material/warning:")
        return
    if best.number == 0:
        st.info("The usual settings were the best of all that were tried.", icon=":material/check:")
    elif record.gain is None:
        st.info(
            f"Trial {best.number + 1} did best on the held-out samples that trials are chosen by"
            + (". The search was stopped, so it was not measured on others." if not record.over else "."),
            icon=":material/info:",
        )
    else:
        gain = record.gain
        told = (
            f"on {gain.samples:,} held-out samples that chose nothing, the loss goes from {gain.first_loss:.2f} to "
            f"{gain.best_loss:.2f} (gain {gain.loss_gain:.2f}, 95 % interval {gain.low:.2f} to {gain.high:.2f}) and "
            f"the accuracy from {gain.first_accuracy:.1%} to {gain.best_accuracy:.1%}."
        )
        if gain.is_sure:
            st.success(f"**Better settings found:** {told}", icon=":material/trophy:")
        else:
            st.info(f"**Nothing surely better found:** {told}", icon=":material/info:")
    st.write(f"Best: {_settings(best)}")
    if st.button("Train a version with these settings", icon=":material/model_training:", key=f"search.{record.id}"):
        with frame.plain_errors():
            service.start_training(record.dataset, record.config_of(best), "found settings", record.revision)
            frame.go_to("train")


def _trials(record: SearchRecord, key: str) -> None:
    trials = record.trials
    charts.best_so_far(
        [trial.loss for trial in trials], [trial.state != DONE for trial in trials], f"search.best.{key}"
    )
    known = [trial for trial in trials if trial.loss is not None]
    if len(known) >= 3:
        axes: dict[str, list[float]] = {
            "learning rate": [trial.settings["learning_rate"] for trial in known],
            "dropout": [trial.settings["dropout"] for trial in known],
            "batch size": [float(trial.settings["batch_size"]) for trial in known],
            "layers": [float(len(trial.settings["hidden_layers"])) for trial in known],
            "first width": [float(trial.settings["hidden_layers"][0]) for trial in known],
            "held-out loss": [trial.loss or 0.0 for trial in known],
        }
        charts.parallel_coordinates(axes, "held-out loss", f"search.parallel.{key}", ["learning rate"])
    rows = sorted(trials, key=lambda trial: (trial.state != DONE, trial.loss or float("inf")))
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Trial": trial.number + 1,
                    "Loss": trial.loss,
                    "Accuracy": trial.accuracy,
                    "Outcome": trial.state if trial.number else f"{trial.state}, usual settings",
                    "Settings": _settings(trial),
                    "Epochs": trial.epochs,
                    "Took": wording.duration(trial.seconds),
                }
                for trial in rows
            ]
        ),
        hide_index=True,
        placeholder="–",
        height=min(400, 40 + 35 * len(rows)),
        column_config={
            "Loss": st.column_config.NumberColumn("Held-out loss", format="%.3f"),
            "Accuracy": st.column_config.NumberColumn("Held-out accuracy", format="%.3f"),
        },
    )


def _settings(trial: Trial) -> str:
    layers = "-".join(map(str, trial.settings["hidden_layers"]))
    return (
        f"learning rate {trial.settings['learning_rate']:.2g}, dropout {trial.settings['dropout']:.2f}, "
        f"batches of {trial.settings['batch_size']}, layers {layers}"
    )
