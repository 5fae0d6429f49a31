"""One training as a person watches it: phase and time left, two curves, three prompts, and what can be done."""

import itertools
import math
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlcodegen_core import DLCodeGen, TrainConfig
from dlcodegen_core.training.events import (
    EpochEnded,
    Event,
    Failed,
    Finished,
    Guess,
    PhaseProgress,
    Started,
    TrainMetrics,
    Waiting,
    phases_of,
)
from dlcodegen_core.training.job import JobFolder, JobStatus
from pages._shared import charts, frame, wording
from pages._shared.examples import EXAMPLES, FIRST
from pages._shared.ghost_text import ghost_text
from pages._shared.tuning_verdict import draw_verdict

PHASE_WORDS = {
    "reading": "Reading the code",
    "embedding": "Turning code into vectors",
    "features": "Reading its structure",
    "counting": "Counting what follows what",
    "weighing": "Learning whom to trust when",
    "calibrating": "Checking its confidence",
    "fitting": "Learning",
    "comparing": "Comparing it with its parent",
    "saving": "Saving the model",
}
PHASES_TOLD = {
    "deepcodenet": {
        "reading": "The pairs are read, and some are held out to measure on.",
        "embedding": "An embedder turns each prompt into 384 numbers that say what it is about.",
        "features": "Keywords, the syntax tree and the last characters of each prompt give 160 numbers more.",
        "fitting": "The network goes over all samples again and again, and each time errs a little less.",
        "saving": "The best epoch is written to disk as a new version.",
    },
    "sequence": {
        "reading": "The source is read, some files are held out to measure on, and the others are cut into tokens.",
        "counting": "All runs of tokens are put in order, so that it can look up what came after the same code before.",
        "fitting": "The network reads your code, guesses each next token, and is corrected by what really comes.",
        "weighing": "On files kept out of the counts it learns when to believe the counts, the copies or the network.",
        "calibrating": "It completes whole lines from those files to find how often it is right when it feels sure.",
        "saving": "Those files are counted as well; then it is measured and written to disk as a new version.",
    },
}
TUNINGS_TOLD = {
    "deepcodenet": {
        **{phase: PHASES_TOLD["deepcodenet"][phase] for phase in ("reading", "embedding", "features")},
        "fitting": "The network learns what was taught; on old code it is held to what it said before.",
        "comparing": "Both answer what was taught, and the same code that neither has learned.",
        "saving": "The new version is written to disk, with the verdict on it.",
    },
    "sequence": {
        "reading": "What was accepted and corrected is read, and the files that the parent never learned.",
        "counting": "What was taught is counted along with the code that the parent counted.",
        "fitting": "The network learns what was taught; on old code it is held to what it expected before.",
        "weighing": "It learns to believe the counts where something was taught, and to judge as before elsewhere.",
        "comparing": "Both complete what was taught, and the same lines of files that neither has learned.",
        "saving": "The new version is measured like any other and written to disk, with the verdict on it.",
    },
}
SURE_TOLD = "The probability, 0 to 1, that it gives to the highlighted text as a whole; long texts get less."
CURVES_TOLD = (
    "Loss: how surprised the model is by the true next token. Accuracy: how often its first guess is right. "
    "Held-out, dashed: on code that it does not learn from, which is what counts."
)
NETWORK_TOLD = "These are of the network alone; the finished model also counts and copies, and is measured as a whole."
PROMPT_LINES = 4
DEFAULT_SECONDS = 60.0  # of a sequence model, if its configuration gives none
FITTING_SHARE = 0.65  # of its time is about what its network gets


def draw_job(service: DLCodeGen, job_id: str) -> None:
    """The whole panel. Raises WorkbenchError if the job cannot be read."""
    job = service.jobs.folder(job_id)
    status = service.jobs.status(job_id)
    events = job.events()
    epochs = _epochs_of_last_start(events)
    request = job.request
    what = f"Fine-tuning of {frame.plain_text(request.parent)}" if request.parent else "Training"
    st.subheader(f"{what} {'' if request.parent else job.id.lstrip('0') + ' '}on {frame.plain_text(request.dataset)}")
    _headline(service, job, status, events)
    sequence = request.config.model == "sequence"
    if sequence:
        rounds = rounds_of(epochs)
        _curves(job_id, rounds, _seconds_axis(rounds, request.config, status), [None] * len(rounds), NETWORK_TOLD)
    else:
        _curves(job_id, epochs, _epochs_axis(epochs, request.config), [epoch.accuracy for epoch in epochs])
    if epochs:
        # Not every round of a sequence model completes the lines anew.
        guesses = next((epoch.guesses for epoch in reversed(epochs) if epoch.guesses), ())
        held_out = epochs[-1].val_loss is not None and not request.parent  # of a fine-tuning, they are lessons
        _guesses(guesses, held_out, job_id, sequence)
    _actions(service, job, status)


def _epochs_axis(epochs: Sequence[EpochEnded], config: TrainConfig) -> charts.Axis:
    until_then = "begins with the first epoch, once the code is turned into vectors"
    return charts.Axis("epoch", [epoch.epoch for epoch in epochs], 1, max(2, config.epochs), until_then)


def _seconds_axis(epochs: Sequence[EpochEnded], config: TrainConfig, status: JobStatus) -> charts.Axis:
    """A sequence model learns by the clock, and how many rounds that gives depends on the machine."""
    places = [epoch.seconds for epoch in epochs]
    expected = FITTING_SHARE * (config.seconds or DEFAULT_SECONDS) if not status.is_over else 1.0
    last = math.ceil(max(expected, *places, 1.0))
    until_then = "not measured: the held-out pieces are too short" if places else "begins when the network learns"
    return charts.Axis("seconds of learning", places, 0, last, until_then)


def rounds_of(epochs: Sequence[EpochEnded]) -> list[EpochEnded]:
    """The network's rounds. The last event, in no time, is the whole model with its counts: not to be compared."""
    pairs = itertools.pairwise((None, *epochs))
    return [epoch for before, epoch in pairs if epoch and (before is None or epoch.seconds > before.seconds)]


def _curves(
    job_id: str,
    epochs: Sequence[EpochEnded],
    axis: charts.Axis,
    training_accuracy: Sequence[float | None],
    note: str = "",
) -> None:
    loss, accuracy = st.columns(2)
    with loss:
        charts.curve(
            "Loss (lower is better)",
            axis,
            [epoch.loss for epoch in epochs],
            [epoch.val_loss for epoch in epochs],
            key=f"loss.{job_id}",
        )
    with accuracy:
        charts.curve(
            "Accuracy (share right)",
            axis,
            training_accuracy,
            [epoch.val_accuracy for epoch in epochs],
            key=f"accuracy.{job_id}",
            percent=True,
        )
    st.caption(f"{CURVES_TOLD} {note}".strip())


def _headline(service: DLCodeGen, job: JobFolder, status: JobStatus, events: Sequence[Event]) -> None:
    """One line on where it stands; while it runs, the phase with a bar and the time left."""
    last = events[-1] if events else None
    if status is JobStatus.QUEUED:
        st.info("Waits in the queue; it starts when the training before it ends.", icon=":material/hourglass_empty:")
    elif status is JobStatus.RUNNING:
        _progress(events, job.request.config, bool(job.request.parent))
    elif isinstance(last, Finished):
        _result(last, bool(job.request.parent))
        draw_verdict(service, job, last.metrics.version)
    elif isinstance(last, Failed):
        st.error(frame.plain_text(last.message), icon=":material/error:")
    elif status is JobStatus.DISCARDED:
        st.info("Discarded; nothing was kept.", icon=":material/delete:")
    elif status is JobStatus.INTERRUPTED:
        said = service.jobs.last_words(job.id)
        st.warning(
            frame.plain_text(said) if said else "Interrupted: the workbench was closed before it was done.",
            icon=":material/pause_circle:",
        )


def _progress(events: Sequence[Event], config: TrainConfig, tuning: bool) -> None:
    last_phase = next((event for event in reversed(events) if isinstance(event, PhaseProgress)), None)
    last_epoch = next((event for event in reversed(events) if isinstance(event, EpochEnded)), None)
    if events and isinstance(events[-1], Waiting):
        st.info(
            "Another program on this machine is training; this one waits for it.", icon=":material/hourglass_empty:"
        )
    elif last_phase is None:
        st.progress(0.0, text="Starting …")
    elif config.model == "sequence":
        _progress_by_the_clock(last_phase, config.seconds or DEFAULT_SECONDS, tuning)
    elif last_phase.phase == "fitting" and last_epoch is not None:
        done = last_epoch.epoch / last_epoch.epochs
        left = last_epoch.seconds / last_epoch.epoch * (last_epoch.epochs - last_epoch.epoch)
        st.progress(done, text=f"Learning: epoch {last_epoch.epoch} of {last_epoch.epochs}, {_left(left)}")
    else:
        phases = phases_of(config.model, tuning)
        phase = f"{PHASE_WORDS[last_phase.phase]} (step {phases.index(last_phase.phase) + 1} of {len(phases)})"
        share = last_phase.done / last_phase.total if last_phase.total else 0.0
        begun = next(e for e in events if isinstance(e, PhaseProgress) and e.phase == last_phase.phase)
        passed, done = last_phase.seconds - begun.seconds, last_phase.done - begun.done
        left = _left(passed / done * (last_phase.total - last_phase.done)) if done and passed > 0.5 else ""
        counted = f": {last_phase.done:,} of {last_phase.total:,}" if last_phase.total > 1 else " …"
        st.progress(min(share, 1.0), text=f"{phase}{counted}{', ' + left if left else ''}")
    if last_phase is not None and not isinstance(events[-1], Waiting):
        st.caption((TUNINGS_TOLD if tuning else PHASES_TOLD)[config.model][last_phase.phase])


def _progress_by_the_clock(phase: PhaseProgress, budget: float, tuning: bool) -> None:
    """A sequence model is given its time in advance, so one bar tells of all of it."""
    phases = phases_of("sequence", tuning)
    left = budget - phase.seconds
    st.progress(
        min(phase.seconds / budget, 0.99),
        text=f"{PHASE_WORDS[phase.phase]} (step {phases.index(phase.phase) + 1} of {len(phases)}), "
        + (f"{_left(left)} in all" if left > 1 else "nearly done"),
    )


def _left(seconds: float) -> str:
    return f"about {wording.duration(max(1.0, seconds))} left"


def _result(finished: Finished, tuning: bool) -> None:
    metrics = finished.metrics
    ended = "Stopped early; what it had learned is kept as" if finished.stopped else "Done. Saved as"
    sequence = metrics.bits_per_character is not None or "counting" in metrics.seconds_by_phase
    best = f", the best of {metrics.epochs} epochs (number {metrics.epoch})" if not sequence and not tuning else ""
    st.success(f"{ended} **{metrics.version}**{best}.", icon=":material/check_circle:")
    accuracy, loss, samples, seconds = st.columns(4)
    held_out = metrics.val_accuracy is not None
    accuracy.metric(
        "Held-out accuracy" if held_out else "Training accuracy",
        wording.share(metrics.val_accuracy if held_out else metrics.accuracy),
        help=f"Share of next tokens ranked first, on {'files' if sequence else 'pairs'} the model has not learned from."
        if held_out
        else "Nothing was held out, so this says only that it learned by heart.",
    )
    if sequence and metrics.bits_per_character is not None:
        loss.metric(
            "Bits a character",
            wording.share(metrics.bits_per_character),
            help="How surprised it is by held-out text; lower is better.",
        )
    else:
        _loss_metric(loss, metrics, held_out)
    samples.metric(
        "Tokens learned" if sequence else "Samples learned",
        f"{metrics.samples:,}",
        help=f"{metrics.held_out_samples:,} more were held out.",
    )
    kind = "sequence" if sequence else "deepcodenet"
    seconds.metric("Took", wording.duration(metrics.seconds), help=_phases_told(metrics.seconds_by_phase, kind, tuning))
    if metrics.unknown_share > 0:
        st.caption(
            f"{metrics.unknown_share:.0%} of the {'held-out' if held_out else 'training'} tokens are outside the "
            f"{metrics.vocabulary_size:,} output tokens and count as wrong. More output tokens raise this ceiling."
        )


def _loss_metric(column: DeltaGenerator, metrics: TrainMetrics, held_out: bool) -> None:
    column.metric(
        "Held-out loss" if held_out else "Training loss",
        wording.share(metrics.val_loss if held_out else metrics.loss),
        help="Mean surprise at the true next token, in nats; lower is better.",
    )


def _phases_told(seconds_by_phase: dict[str, float], kind: str, tuning: bool) -> str:
    """Each phase on a line of its own: how long it took and what happened."""
    told = (TUNINGS_TOLD if tuning else PHASES_TOLD)[kind]
    return "\n".join(
        f"- **{PHASE_WORDS[phase]}**, {wording.duration(taken)}. {told[phase]}"
        for phase, taken in seconds_by_phase.items()
    )


def _guesses(guesses: Sequence[Guess], held_out: bool, job_id: str, lines: bool) -> None:
    """The fixed prompts and what the model would offer for them by now."""
    if not guesses:
        return
    st.markdown("**What it would say by now**" + (" to prompts it never learned from" if held_out else ""))
    cells = st.grid("auto", min_column_width=300)
    for place, guess in enumerate(guesses):
        with cells.container(border=True, height="stretch"):
            ghost_text(_tail(guess.prompt, lines), guess.offer, key=f"guess.{job_id}.{place}")
            # A line is right whatever blanks it ends in; a token may be nothing but blanks.
            right = guess.offer.rstrip() == guess.target.rstrip() if lines else guess.offer == guess.target
            sure = f"{guess.confidence:.2f} sure"
            if right:
                st.caption(f":material/check: right, {sure}", help=SURE_TOLD)
            else:
                st.caption(f":material/close: not so, {sure}. What was really there:", help=SURE_TOLD)
                st.code(guess.target if guess.target.strip() else "(end)", language=None, wrap_lines=True)


def _tail(prompt: str, shifted: bool) -> str:
    """The last lines of a prompt, shifted left by the indentation that they all have; what follows is one line."""
    lines = prompt.split("\n")[-PROMPT_LINES:]
    filled = [line for line in lines[:-1] if line.strip()] + lines[-1:]
    shared = min(len(line) - len(line.lstrip()) for line in filled) if shifted else 0
    return "\n".join(line[shared:] for line in lines)


def _actions(service: DLCodeGen, job: JobFolder, status: JobStatus) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    running = status is JobStatus.RUNNING
    sequence = job.request.config.model == "sequence"
    asked = job.wish()
    if running:
        row.button(
            "Stopping …" if asked == "stop" else "Stop and keep",
            icon=":material/stop_circle:",
            disabled=bool(asked),
            on_click=service.jobs.stop,
            args=(job.id,),
            help="Learns no more and saves what it has learned so far."
            if sequence
            else "Ends now and saves the best epoch so far; it can be resumed later.",
        )
        row.button(
            "Discarding …" if asked == "discard" else "Discard",
            icon=":material/delete:",
            disabled=bool(asked),
            on_click=service.jobs.discard,
            args=(job.id,),
            help="Ends now and keeps nothing of this training. Earlier models stay.",
        )
    elif status in (JobStatus.STOPPED, JobStatus.INTERRUPTED, JobStatus.FAILED):
        has_checkpoint = job.can_resume()
        resume_label = "Resume" if has_checkpoint else "Start again"
        if row.button(
            resume_label,
            icon=":material/play_arrow:",
            help="Goes on after the last finished epoch."
            if has_checkpoint
            else "This kind of model learns in one go, so it starts over; a version that was kept stays."
            if sequence
            else "It ended before its first checkpoint, so it starts over; vectors already made are reused.",
        ):
            service.jobs.resume(job.id)
            st.rerun()
    if status in (JobStatus.FINISHED, JobStatus.STOPPED):
        with row:
            frame.link("predict", "Try it", prompt=EXAMPLES[FIRST])
            if sequence:
                frame.link("evaluate", "Measure it against baselines")


def _epochs_of_last_start(events: Sequence[Event]) -> list[EpochEnded]:
    """The epochs that count: after a resume from a checkpoint the repeated ones replace the earlier."""
    by_number: dict[int, EpochEnded] = {}
    for event in events:
        if isinstance(event, Started) and not event.resumed:
            by_number.clear()
        elif isinstance(event, EpochEnded):
            by_number = {number: kept for number, kept in by_number.items() if number < event.epoch}
            by_number[event.epoch] = event
    return list(by_number.values())
