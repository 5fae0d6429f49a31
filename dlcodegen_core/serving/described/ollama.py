"""Ollama's generate, vectors and listings, as they are spoken here."""

from dlcodegen_core.features.layout import EMBEDDING
from dlcodegen_core.serving.described.operation import EDITOR_SESSION, JSON, LINES, Operation, Reply
from dlcodegen_core.serving.described.shapes import (
    Schema,
    choice,
    either,
    flag,
    lenient,
    listed,
    number,
    record,
    text,
    whole,
    whole_record,
)
from dlcodegen_core.serving.wire.asking import MAX_STOPS
from dlcodegen_core.serving.wire.fields import MAX_NAME_CHARACTERS
from dlcodegen_core.serving.wire.ollama import DEFAULT_TOKENS, MAX_INPUTS

TAG = "Ollama"
ERROR = record(("error",), error=text("What happened, and what to do."))
NAME = text(
    "`dlcodegen`, `production`, `candidate` or a version's name, with or without `:latest`. No other is found.",
    minLength=1,
    maxLength=MAX_NAME_CHARACTERS,
)
EMBEDDER = text(
    "The embedder's name, or one that /api/tags lists: there is one embedder.",
    minLength=1,
    maxLength=MAX_NAME_CHARACTERS,
)
MOMENT = text(format="date-time")
OPTIONS = lenient(
    num_predict=whole("Tokens at most; negative for all that there may be.", default=DEFAULT_TOKENS),
    temperature=number("Above 0.1 the completion is drawn; here 0 unless it is sent.", 0, 2, default=0),
    top_k=whole("Draw among so many, 0 for all."),
    top_p=number("", 0, 1, default=1),
    seed=whole("The same seed draws the same."),
    stop=either("The completion ends before any of these.", text(), listed(text(), maxItems=MAX_STOPS)),
)
GENERATE_BODY = lenient(
    ("model",),
    model=NAME,
    prompt=text("The code before the cursor. An empty one gets the model ready."),
    suffix=text("The code behind it."),
    stream=flag("Newline-delimited JSON.", default=True),
    options=OPTIONS,
    raw=flag("Not looked at."),
    keep_alive=either("Not looked at.", text(), number()),
)
PART = record(
    ("model", "created_at", "response", "done"),
    model=text(),
    created_at=MOMENT,
    response=text(),
    done=flag(),
    done_reason=choice("load: the model was only got ready.", "stop", "length", "load"),
    total_duration=whole("Nanoseconds, as all durations.", 0),
    load_duration=whole(low=0),
    prompt_eval_count=whole(low=0),
    prompt_eval_duration=whole(low=0),
    eval_count=whole(low=0),
    eval_duration=whole(low=0),
    version=text("The version that answered."),
)
DETAILS = whole_record(format=text(), family=text(), families=listed(text()))
_IDENTITY: dict[str, Schema] = {
    "name": text(),
    "model": text(),
    "size": whole("Bytes.", 0),
    "digest": text("sha256 of the weights."),
    "details": DETAILS,
}
VECTOR = listed(number(), "Of unit length; all zeros for a blank text.", minItems=1, maxItems=EMBEDDING.size)

OPERATIONS = (
    Operation(
        "POST",
        "/api/generate",
        TAG,
        "Complete code",
        "Each line of the reply holds a part of the completion, the last one the counts; with `stream` false it is one "
        "object.",
        (Reply("The completion.", {LINES: text("A JSON object a line."), JSON: PART}),),
        ERROR,
        GENERATE_BODY,
        {
            "model": "dlcodegen",
            "prompt": "def area(radius):\n    return ",
            "stream": False,
            "options": {"num_predict": 24, "stop": ["\n"]},
        },
        (EDITOR_SESSION,),
    ),
    Operation(
        "POST",
        "/api/embed",
        TAG,
        "Vectors of texts",
        "With the embedder that a training would use, of unit length.",
        (
            Reply(
                "The vectors, in the order of the texts.",
                {
                    JSON: whole_record(
                        model=text(),
                        embeddings=listed(VECTOR),
                        total_duration=whole(low=0),
                        load_duration=whole(low=0),
                        prompt_eval_count=whole(low=0),
                    )
                },
            ),
        ),
        ERROR,
        lenient(
            ("model",),
            model=EMBEDDER,
            input=either("", text(), listed(text(), maxItems=MAX_INPUTS)),
            dimensions=whole("The first so many, brought to unit length.", 1, EMBEDDING.size, default=EMBEDDING.size),
        ),
        {"model": "dlcodegen", "input": ["def add(a, b):\n    return a + b"]},
    ),
    Operation(
        "POST",
        "/api/embeddings",
        TAG,
        "The vector of a text",
        "As older clients ask for it.",
        (Reply("The vector.", {JSON: whole_record(embedding=listed(number(), maxItems=EMBEDDING.size))}),),
        ERROR,
        lenient(("model",), model=EMBEDDER, prompt=text()),
        {"model": "dlcodegen", "prompt": "def add(a, b):"},
    ),
    Operation(
        "GET",
        "/api/tags",
        TAG,
        "The models",
        "Every name that is answered to.",
        (
            Reply(
                "The models.",
                {JSON: whole_record(models=listed(whole_record(**{"modified_at": MOMENT, **_IDENTITY})))},
            ),
        ),
        ERROR,
    ),
    Operation(
        "GET",
        "/api/ps",
        TAG,
        "What is in memory",
        "The models that answer without being loaded first.",
        (
            Reply(
                "The models.",
                {
                    JSON: whole_record(
                        models=listed(
                            whole_record(
                                **_IDENTITY, size_vram=whole(low=0), expires_at=MOMENT, context_length=whole(low=1)
                            )
                        )
                    )
                },
            ),
        ),
        ERROR,
    ),
    Operation(
        "POST",
        "/api/show",
        TAG,
        "One model",
        "What it can do: `insert` where it looks at the code behind the cursor.",
        (
            Reply(
                "The model.",
                {
                    JSON: whole_record(
                        license=text(),
                        modelfile=text(),
                        parameters=text(),
                        template=text(),
                        details=DETAILS,
                        model_info=record(),
                        capabilities=listed(choice("", "completion", "insert")),
                        modified_at=MOMENT,
                    )
                },
            ),
        ),
        ERROR,
        lenient(("model",), model=NAME),
        {"model": "dlcodegen"},
    ),
    Operation(
        "GET",
        "/api/version",
        TAG,
        "The protocol's version",
        "Of the Ollama whose protocol is spoken here.",
        (Reply("The version.", {JSON: whole_record(version=text())}, {"version": "0.9.3"}),),
        ERROR,
    ),
    Operation(
        "POST",
        "/api/chat",
        TAG,
        "No chat",
        "These models complete code and do not chat; the reply is a 404 that says what to use.",
        (),
        ERROR,
    ),
)
