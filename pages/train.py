"""Train: start a training, watch it learn, stop or resume it, look back at earlier ones."""

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen, TrainConfig
from dlcodegen_core.features.language import LANGUAGES, title
from dlcodegen_core.training.job import JobStatus
from pages._shared import first_launch, frame, presets, runs, wording
from pages._shared.answering import base_of
from pages._shared.training_panel import draw_job

REFRESH_SECONDS = 0.4
SHOWN_JOB = "train.shown_job"
WHOLE_LINES, NEXT_TOKEN = "Complete whole lines", "Predict the next token"
KINDS = {WHOLE_LINES: "sequence", NEXT_TOKEN: "deepcodenet"}
FOLDER, DATASET = "A folder of source", "A dataset"
SKIPPED_SHOWN = 500

service = frame.begin("train")


def _advanced(start: TrainConfig) -> TrainConfig:
    """Every knob of the configuration, starting from a preset. Raises ConfigError."""
    left, middle, right = st.columns(3)
    with left:
        epochs = st.number_input("Epochs", 1, 10_000, start.epochs, help="Passes over the training pairs.")
        batch_size = st.number_input("Batch size", 2, 4096, start.batch_size, help="Samples learned from at once.")
        learning_rate = st.number_input(
            "Learning rate", 0.00001, 1.0, start.learning_rate, step=0.0005, format="%.5f", help="Size of a step."
        )
        seed = st.number_input("Seed", 0, 2**32 - 1, start.seed, help="The same seed and data give the same model.")
    with middle:
        vocabulary = st.number_input(
            "Output tokens", 3, 16_384, start.vocabulary_size, help="How many different code tokens can be predicted."
        )
        tokens_per_pair = st.number_input(
            "Tokens learned a pair", 1, 64, start.tokens_per_pair, help="More lets it go on, and takes longer."
        )
        layers = st.text_input(
            "Hidden layers", " ".join(map(str, start.hidden_layers)), help="Widths of the network's hidden layers."
        )
        dropout = st.number_input(
            "Dropout", 0.0, 0.95, start.dropout, step=0.05, help="Guards against learning by heart."
        )
    with right:
        held_out = st.number_input(
            "Held-out share", 0.0, 0.5, start.held_out, step=0.05, help="Kept out of the training to measure it."
        )
        patience = st.number_input(
            "Patience",
            0,
            1000,
            start.patience or 0,
            help="Stop after so many epochs without improvement; 0 never does.",
        )
        seconds = st.number_input("Time limit, seconds", 0, 86_400, 0, help="Stop fitting after this; 0 for no limit.")
        language = st.selectbox(
            "Language", [None, *LANGUAGES], format_func=lambda name: name or "detect", help="Of all pairs."
        )
    if not all(part.isdigit() for part in layers.split()):
        st.error("Hidden layers: give whole numbers with spaces between them, such as 512 256 128 64.")
        st.stop()
    return TrainConfig(
        hidden_layers=tuple(map(int, layers.split())),
        dropout=dropout,
        learning_rate=learning_rate,
        epochs=epochs,
        batch_size=batch_size,
        vocabulary_size=vocabulary,
        tokens_per_pair=tokens_per_pair,
        held_out=held_out,
        patience=patience or None,
        seconds=seconds or None,
        seed=seed,
        language=language,
    )


def _new_training(service: DLCodeGen) -> None:
    kind = st.segmented_control(
        "What it should do",
        list(KINDS),
        default=NEXT_TOKEN if st.query_params.get("model") == KINDS[NEXT_TOKEN] else WHOLE_LINES,
        required=True,
        help="Whole lines: the sequence model, which learns the order of tokens and copies what it has seen. "
        "Next token: DeepCodeNet, which sees 544 features and predicts one token at a time.",
    )
    st.query_params["model"] = KINDS[kind]
    lines = kind == WHOLE_LINES
    from_folder = lines and _source_is_a_folder()
    path = dataset = ""
    left, right = st.columns([2, 3])
    if from_folder:
        path = left.text_input(
            "Folder on this machine", placeholder="/home/me/project", help="Read when you press Train; never changed."
        )
    else:
        names = [info.name for info in service.datasets.infos()]
        if not names:
            first_launch.wait_for_demo(service)
            st.caption("There is no dataset to train on yet.")
            frame.link("dataset", "Bring one in")
            return
        wanted = st.query_params.get("dataset")
        default = next((name for name in (wanted, "Python standard library") if name in names), names[0])
        dataset = left.selectbox("Dataset", names, index=names.index(default))
    name = right.text_input("Name of this model (optional)", max_chars=80, placeholder="e.g. with the parser's code")
    if path:
        _look_into(service, path)
    config = _lines_config(service) if lines else _features_config()
    busy = service.jobs.current() is not None
    with st.container(horizontal=True):
        asked = st.button(
            "Add to the queue" if busy else "Train",
            type="primary",
            icon=":material/model_training:",
            disabled=from_folder and not path,
            help="One training runs at a time; this one starts when that one ends." if busy else None,
        )
        with st.popover("The same on the command line", icon=":material/terminal:"):
            st.code(_command_line(path or dataset, config, name), language="bash", wrap_lines=True)
    if asked:
        st.session_state[SHOWN_JOB] = (
            service.start_folder_training(path, config, name)
            if from_folder
            else service.start_training(dataset, config, name)
        )
        st.rerun()


def _source_is_a_folder() -> bool:
    """Whether to learn from a folder; offered only to people at this machine, since it can be any folder."""
    if st.get_option("server.address") not in ("127.0.0.1", "localhost", "::1"):
        st.caption("Folders can be chosen only where the workbench is bound to this machine alone.")
        return False
    default = DATASET if "dataset" in st.query_params else FOLDER
    choice = st.segmented_control("Learn from", [FOLDER, DATASET], default=default, required=True)
    return choice == FOLDER


def _look_into(service: DLCodeGen, path: str) -> None:
    """What would be read of the folder, and what is skipped and why."""
    with frame.plain_errors():
        reading = service.read_folder(path)
        languages = pd.Series([file.language for file in reading.files]).value_counts()
        told = ", ".join(f"{count:,} {title(str(language))}" for language, count in languages.items())
        st.caption(f"{len(reading.files):,} source files ({told}), {wording.size(reading.size_bytes)}.")
        if reading.skipped:
            with st.expander(f"{len(reading.skipped):,} skipped, and why", icon=":material/rule:"):
                st.dataframe(
                    pd.DataFrame(
                        [{"File": file.path, "Reason": file.reason} for file in reading.skipped[:SKIPPED_SHOWN]]
                    ),
                    hide_index=True,
                )


def _chosen_preset(offered: tuple[presets.Preset, ...], default: presets.Preset) -> presets.Preset:
    chosen = st.segmented_control(
        "How thorough",
        [preset.name for preset in offered],
        default=default.name,
        required=True,
        key=f"train.preset.{default.config.model}",
    )
    preset = next(preset for preset in offered if preset.name == chosen)
    st.caption(preset.help)
    return preset


def _features_config() -> TrainConfig:
    """DeepCodeNet's preset, or what a person made of it. Raises ConfigError."""
    preset = _chosen_preset(presets.PRESETS, presets.QUICK)
    return _advanced(preset.config) if preset is presets.CUSTOM else preset.config


def _lines_config(service: DLCodeGen) -> TrainConfig:
    """The sequence model's preset with what was changed under Advanced. Raises ConfigError."""
    start = _chosen_preset(presets.LINES_PRESETS, presets.LINES_GOOD).config
    has_base = base_of(service) is not None
    with st.expander("Advanced", icon=":material/tune:"):
        from_scratch = has_base and st.checkbox(
            "From scratch",
            key="train.from_scratch",
            help="Learns tokens and language from your code alone instead of starting from the base model: nothing of "
            "other people's code is in it, and it takes more time and more code to be as good.",
        )
        cells = st.columns(4)
        seconds = cells[0].number_input(
            "Seconds", 5, 86_400, round(start.seconds or 60), help="For all of it, from reading to saving."
        )
        held_out = cells[1].number_input(
            "Held-out share", 0.0, 0.5, start.held_out, step=0.05, help="Files kept out of the training to measure it."
        )
        seed = cells[2].number_input(
            "Seed", 0, 2**32 - 1, start.seed, help="Decides which files are held out and all other chance."
        )
        vocabulary = start.vocabulary_size
        if from_scratch or not has_base:
            vocabulary = cells[3].number_input(
                "Tokens", 512, 16_384, vocabulary, step=512,
                help="How many pieces of text it knows at most; common words are one piece, rare ones several.",
            )  # fmt: skip
    if has_base and not from_scratch:
        st.caption("It starts from the base model, which knows open-source Python, JavaScript and TypeScript.")
    else:
        st.caption("It starts from nothing: all it will know is in your code.")
    return TrainConfig.sequence(
        seconds=float(seconds), held_out=held_out, seed=seed, vocabulary_size=vocabulary, from_scratch=from_scratch
    )


def _command_line(dataset: str, config: TrainConfig, name: str) -> str:
    import shlex

    default = TrainConfig.sequence() if config.model == "sequence" else TrainConfig()
    parts = ["python", "-m", "dlcodegen_core", "train", dataset]
    if config.model != TrainConfig().model:
        parts += ["--model", config.model]
    for option, value in config.to_json().items():
        if value is True:
            parts.append(f"--{option.replace('_', '-')}")
        elif value != getattr(default, option):
            values = map(str, value) if isinstance(value, tuple | list) else [str(value)]
            parts += [f"--{option.replace('_', '-')}", *values]
    return shlex.join([*parts, *(["--name", name] if name else [])])


def _shown_job(service: DLCodeGen) -> str | None:
    """The job to show: the one at work, else the one last looked at, else the newest."""
    current = service.jobs.current()
    if current is not None:
        return current.id
    jobs = [job.id for job in service.jobs.jobs()]
    kept = st.session_state.get(SHOWN_JOB)
    return kept if kept in jobs else jobs[0] if jobs else None


def _live(job_id: str) -> None:
    """Redraw the running job until it is over, then the whole page once."""
    with frame.plain_errors():
        draw_job(service, job_id)
        if service.jobs.status(job_id).is_over:
            st.rerun()


def _watched(service: DLCodeGen, job_id: str) -> None:
    """The panel of one job, live while it is at work, and what waits behind it."""
    if service.jobs.status(job_id).is_over:
        draw_job(service, job_id)
    else:
        st.fragment(_live, run_every=REFRESH_SECONDS)(job_id)
    for job in service.jobs.jobs():
        if job.id == job_id or service.jobs.status(job.id) is not JobStatus.QUEUED:
            continue
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"Training {job.id.lstrip('0')} waits its turn: {frame.plain_text(job.request.dataset)}")
            if st.button("Take off the queue", key=f"dequeue.{job.id}"):
                service.jobs.discard(job.id)
                st.rerun()


st.title("Train")
with frame.plain_errors():
    shown = _shown_job(service)
    if shown is not None and not service.jobs.status(shown).is_over:
        st.session_state[SHOWN_JOB] = shown
        _watched(service, shown)
        with st.expander("Queue another training", icon=":material/playlist_add:"), frame.plain_errors():
            _new_training(service)
    else:
        with frame.plain_errors():
            _new_training(service)
        if shown is not None:
            st.divider()
            _watched(service, shown)
    st.subheader("All trainings")
    runs.table(service)
