"""The table of trainings, newest first, with their learning curves in small."""

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen, WorkbenchError
from dlcodegen_core.training.events import EpochEnded, Finished, Started
from dlcodegen_core.training.job import JobFolder
from pages._shared import wording
from pages._shared.training_panel import rounds_of

SPARK_POINTS = 40


def table(service: DLCodeGen, limit: int = 50) -> None:
    """All runs as a table; an invitation where there is none."""
    jobs = service.jobs.jobs()[:limit]
    if not jobs:
        st.caption("No training yet. Each one will be listed here with its accuracy and learning curve.")
        return
    st.dataframe(
        pd.DataFrame([_row(service, job) for job in jobs]),
        hide_index=True,
        placeholder="–",
        column_config={
            "Training": st.column_config.TextColumn(width="small"),
            "Loss": st.column_config.LineChartColumn(
                width="small", help="On held-out code, where that was measured; lower is better."
            ),
            "Accuracy": st.column_config.NumberColumn(
                "Held-out accuracy",
                format="%.2f",
                help="Share of held-out next tokens that the model ranked first.",
            ),
            "Model": st.column_config.TextColumn("Version", width="small"),
        },
    )


def _row(service: DLCodeGen, job: JobFolder) -> dict[str, object]:
    try:
        request = job.request
    except WorkbenchError:
        return {"Training": job.id.lstrip("0"), "Dataset": "unreadable", "Status": "damaged"}
    events = job.events()
    rounds = rounds_of([event for event in events if isinstance(event, EpochEnded)])
    losses = [event.val_loss or event.loss for event in rounds]
    step = max(1, len(losses) // SPARK_POINTS)
    finished = next((event for event in reversed(events) if isinstance(event, Finished)), None)
    started = next((event.at for event in events if isinstance(event, Started)), None)
    metrics = finished.metrics if finished else None
    return {
        "Training": job.id.lstrip("0"),
        "Dataset": request.dataset + (f", revision {request.revision}" if request.revision else ""),
        "Status": service.jobs.status(job.id).value,
        "Loss": losses[::step],
        "Accuracy": None if metrics is None else metrics.val_accuracy,
        "Took": wording.duration(metrics.seconds) if metrics else "",
        "Model": metrics.version if metrics else "",
        "Name": request.name,
        "When": wording.ago(datetime.fromtimestamp(started, UTC)) if started else "",
    }
