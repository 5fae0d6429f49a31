"""One training as a person watches it: phase and time left, two curves, three prompts, and what can be done."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlcodegen_core import DLCodeGen
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

PHASE_WORDS = {
    "reading": "Reading the code",
    "embedding": "Turning code into vectors",
    "features": "Reading its structure",
    "counting": "Counting what follows what",
    "weighing": "Learning whom to trust when",
    "calibrating": "Checking its confidence",
    "fitting": "Learning",
    "saving": "Saving the model",
}
PROMPT_LINES = 4


def draw_job(service: DLCodeGen, job_id: str) -> None:
    """The whole panel. Raises WorkbenchError if the job cannot be read."""
    job = service.jobs.folder(job_id)
    status = service.jobs.status(job_id)
    events = job.events()
    epochs = _epochs_of_last_start(events)
    request = job.request
    st.subheader(f"Training {job.id.lstrip('0')} on {frame.plain_text(request.dataset)}")
    _headline(service, job, status, events)
    sequence = request.config.model == "sequence"
    # The sequence model reports once a second of its network's share of the time, and measures held-out text alone.
    rounds = max(len(epochs), round(0.55 * (request.config.seconds or 60))) if sequence else request.config.epochs
    loss, accuracy = st.columns(2)
    with loss:
        charts.curve(
            "Loss (lower is better)",
            rounds,
            [event.loss for event in epochs],
            [event.val_loss for event in epochs],
            key=f"loss.{job_id}",
        )
    with accuracy:
        charts.curve(
            "Accuracy (share of tokens right)",
            rounds,
            [(event.val_accuracy or 0.0) if sequence else event.accuracy for event in epochs],
            [event.val_accuracy for event in epochs],
            key=f"accuracy.{job_id}",
            percent=True,
        )
    if epochs:
        # Not every round of a sequence model completes the lines anew.
        guesses = next((epoch.guesses for epoch in reversed(epochs) if epoch.guesses), ())
        _guesses(guesses, epochs[-1].val_loss is not None)
    _actions(service, job, status)


def _headline(service: DLCodeGen, job: JobFolder, status: JobStatus, events: Sequence[Event]) -> None:
    """One line on where it stands; while it runs, the phase with a bar and the time left."""
    last = events[-1] if events else None
    if status is JobStatus.QUEUED:
        st.info("Waits in the queue; it starts when the training before it ends.", icon=":material/hourglass_empty:")
    elif status is JobStatus.RUNNING:
        _progress(events, job.request.config.model)
    elif isinstance(last, Finished):
        _result(last)
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


def _progress(events: Sequence[Event], model: str) -> None:
    last_phase = next((event for event in reversed(events) if isinstance(event, PhaseProgress)), None)
    last_epoch = next((event for event in reversed(events) if isinstance(event, EpochEnded)), None)
    if events and isinstance(events[-1], Waiting):
        st.info(
            "Another program on this machine is training; this one waits for it.", icon=":material/hourglass_empty:"
        )
    elif last_phase is None:
        st.progress(0.0, text="Starting …")
    elif last_phase.phase == "fitting" and last_epoch is not None and model != "sequence":
        done = last_epoch.epoch / last_epoch.epochs
        left = last_epoch.seconds / last_epoch.epoch * (last_epoch.epochs - last_epoch.epoch)
        st.progress(done, text=f"Learning: epoch {last_epoch.epoch} of {last_epoch.epochs}, {_left(left)}")
    else:
        phases = phases_of(model)
        phase = f"{PHASE_WORDS[last_phase.phase]} (step {phases.index(last_phase.phase) + 1} of {len(phases)})"
        share = last_phase.done / last_phase.total if last_phase.total else 0.0
        begun = next(e for e in events if isinstance(e, PhaseProgress) and e.phase == last_phase.phase)
        passed, done = last_phase.seconds - begun.seconds, last_phase.done - begun.done
        left = _left(passed / done * (last_phase.total - last_phase.done)) if done and passed > 0.5 else ""
        counted = f": {last_phase.done:,} of {last_phase.total:,}" if last_phase.total > 1 else " …"
        st.progress(min(share, 1.0), text=f"{phase}{counted}{', ' + left if left else ''}")


def _left(seconds: float) -> str:
    return f"about {wording.duration(max(1.0, seconds))} left"


def _result(finished: Finished) -> None:
    metrics = finished.metrics
    ended = "Stopped early; what it had learned is kept as" if finished.stopped else "Done. Saved as"
    of_epochs = f", the best of {metrics.epochs} epochs (number {metrics.epoch})"
    sequence = metrics.bits_per_character is not None or "counting" in metrics.seconds_by_phase
    st.success(f"{ended} **{metrics.version}**{'' if sequence else of_epochs}.", icon=":material/check_circle:")
    accuracy, loss, samples, seconds = st.columns(4)
    held_out = metrics.val_accuracy is not None
    accuracy.metric(
        "Held-out accuracy" if held_out else "Training accuracy",
        wording.share(metrics.val_accuracy if held_out else metrics.accuracy),
        help="Share of next tokens ranked first, on pairs the model has not seen."
        if held_out
        else "Too few pairs to hold some out, so this says only that it learned them by heart.",
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
    seconds.metric("Took", wording.duration(metrics.seconds), help=_phases_told(metrics.seconds_by_phase))
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


def _phases_told(seconds_by_phase: dict[str, float]) -> str:
    return ", ".join(
        f"{PHASE_WORDS[phase].lower()} {wording.duration(taken)}" for phase, taken in seconds_by_phase.items()
    )


def _guesses(guesses: Sequence[Guess], held_out: bool) -> None:
    """The fixed prompts and what the model would offer for them by now."""
    if not guesses:
        return
    st.markdown("**What it would say by now**" + (" to prompts it never learned from" if held_out else ""))
    for column, guess in zip(st.columns(len(guesses)), guesses, strict=True):
        with column.container(border=True, height="stretch"):
            st.code("\n".join(guess.prompt.splitlines()[-PROMPT_LINES:]), language=None)
            offered, true = guess.offer.strip() or "(end)", guess.target.strip() or "(end)"
            right = guess.offer == guess.target
            st.badge(
                f"{frame.plain_text(offered)} · {guess.confidence:.2f}",
                color="green" if right else "gray",
                icon=":material/check:" if right else ":material/close:",
                help="What it offers, and how sure it is (0 to 1).",
            )
            st.caption("right" if right else f"true: {frame.plain_text(true)}")


def _actions(service: DLCodeGen, job: JobFolder, status: JobStatus) -> None:
    stop, discard, resume, onward = st.columns(4)
    running = status is JobStatus.RUNNING
    asked = job.wish()
    if running:
        stop.button(
            "Stopping …" if asked == "stop" else "Stop and keep",
            icon=":material/stop_circle:",
            disabled=bool(asked),
            on_click=service.jobs.stop,
            args=(job.id,),
            help="Ends now and saves the best epoch so far; it can be resumed later.",
        )
        discard.button(
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
        if resume.button(
            resume_label,
            icon=":material/play_arrow:",
            help="Goes on after the last finished epoch."
            if has_checkpoint
            else "It ended before its first checkpoint, so it starts over; vectors already made are reused.",
        ):
            service.jobs.resume(job.id)
            st.rerun()
    if status in (JobStatus.FINISHED, JobStatus.STOPPED):
        with onward:
            frame.link("predict", "Try it")
            if job.request.config.model == "sequence":
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
