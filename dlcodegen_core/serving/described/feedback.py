"""What became of completions, told by other programs."""

from dlcodegen_core.feedback.records import MAX_ID, MAX_LATENCY_MS, MAX_NAME_CHARACTERS, OUTCOMES
from dlcodegen_core.serving.described.design import CODE, ERROR
from dlcodegen_core.serving.described.operation import JSON, Operation, Reply, in_path
from dlcodegen_core.serving.described.shapes import (
    Schema,
    choice,
    closed,
    listed,
    number,
    or_null,
    record,
    text,
    whole,
    whole_record,
)

TAG = "Feedback"
FEEDBACK = "/api/dl-codegen/feedback"
_ID = (in_path("id", "The id that the feedback was answered with.", whole(low=0), 1),)


def _name(meaning: str) -> Schema:
    return text(meaning, maxLength=MAX_NAME_CHARACTERS)


OPERATIONS = (
    Operation(
        "POST",
        FEEDBACK,
        TAG,
        "Tell what became of a completion",
        "It is kept and learned from: an accepted or corrected completion is given again for the same code.",
        (Reply("It was kept.", {JSON: whole_record(id=whole("For /later and for forgetting.", 0))}, {"id": 1}),),
        ERROR,
        closed(
            record(
                ("prompt", "completion", "outcome", "version"),
                prompt=text("The code before the cursor.", **CODE),
                completion=text("As it was shown; empty if nothing was.", **CODE),
                outcome=choice("", *OUTCOMES),
                version=text("The version that answered.", minLength=1, maxLength=MAX_NAME_CHARACTERS),
                correction=or_null(text("Of an edit: what stands there now.", **CODE)),
                context=or_null(listed(text(**CODE), "As it was sent for the prediction.")),
                arm=or_null(_name("As the prediction named it.")),
                user=or_null(_name("Who it was.")),
                latency_ms=or_null(number("How long the answer took.", 0, MAX_LATENCY_MS)),
                taught_by=or_null(whole("As the prediction named it.", 0, MAX_ID)),
            )
        ),
        {
            "prompt": "def area(radius):\n    return ",
            "completion": "radius",
            "outcome": "edited",
            "correction": "math.pi * radius**2",
            "version": "v1",
        },
    ),
    Operation(
        "POST",
        f"{FEEDBACK}/{{id:int}}/later",
        TAG,
        "Tell what was left of it",
        "Some time later: how much of what was kept still stands there.",
        (Reply("How much.", {JSON: whole_record(id=whole(low=0), retention=or_null(number(low=0, high=1)))}),),
        ERROR,
        closed(
            record(
                ("text", "seconds"),
                text=text("What stands there now.", **CODE),
                seconds=number("How long after.", 0),
            )
        ),
        {"text": "    return math.pi * radius**2\n", "seconds": 120},
        _ID,
    ),
    Operation(
        "DELETE",
        f"{FEEDBACK}/{{id:int}}",
        TAG,
        "Forget it",
        "All that was ever said about the same code is forgotten, for good. Versions that have learned it are named.",
        (
            Reply(
                "It is forgotten.",
                {JSON: whole_record(forgotten=listed(whole(low=0)), learned_by=listed(text()))},
                {"forgotten": [1], "learned_by": []},
            ),
        ),
        ERROR,
        parameters=_ID,
    ),
)
