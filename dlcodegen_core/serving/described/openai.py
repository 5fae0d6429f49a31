"""OpenAI's completions, models and embeddings, as they are spoken here."""

from typing import Any

from dlcodegen_core.features.layout import EMBEDDING
from dlcodegen_core.inference.prediction import MAX_BEAMS
from dlcodegen_core.serving.described.operation import EDITOR_SESSION, EVENTS, JSON, Operation, Reply, in_path
from dlcodegen_core.serving.described.shapes import (
    choice,
    either,
    events,
    flag,
    lenient,
    listed,
    mapping,
    number,
    one_of_needed,
    or_null,
    record,
    said,
    text,
    whole,
    whole_record,
)
from dlcodegen_core.serving.wire.asking import MAX_STOPS
from dlcodegen_core.serving.wire.fields import MAX_NAME_CHARACTERS
from dlcodegen_core.serving.wire.openai import DEFAULT_TOKENS, MAX_INPUTS, MAX_PROMPTS, MAX_TOP_LOGPROBS

TAG = "OpenAI and Tabby"
ERROR = record(
    ("error",),
    error=whole_record(
        message=text("What happened, and what to do."),
        type=text(),
        param=or_null(text()),
        code=or_null(text()),
    ),
)
MODEL_NAME = text(
    "A version's name, such as v1; `production`, `candidate` or `dlcodegen`. Any other name stands for whichever "
    "version answers now, so that clients with a fixed list of names work.",
    maxLength=MAX_NAME_CHARACTERS,
)
USER = text(
    "Who asks. In an A/B test the same user is always answered by the same version.", maxLength=MAX_NAME_CHARACTERS
)
STOP = either("The completion ends before any of these.", text(), listed(text(), maxItems=MAX_STOPS))
USAGE = whole_record(prompt_tokens=whole(low=0), completion_tokens=whole(low=0), total_tokens=whole(low=0))

SNIPPETS = listed(record(filepath=text(), body=text()), "Pieces of other files, the most telling first.")
COMPLETION_BODY = one_of_needed(
    said(
        "With `prompt` it is OpenAI's protocol, with `segments` Tabby's. One of them is needed.",
        lenient(
            prompt=either(
                "The code before the cursor; or several. Marks of a gap, such as <fim_prefix>, are read as such.",
                text(),
                listed(text(), minItems=1, maxItems=MAX_PROMPTS),
            ),
            suffix=text("The code behind the cursor."),
            max_tokens=whole("Tokens of the model's own, 256 at most.", 0, default=DEFAULT_TOKENS),
            temperature=number("Above 0.1 the completion is drawn; up to it, the likeliest is given.", 0, 2, default=0),
            top_p=number("Draw among the likeliest tokens that together hold this much probability.", 0, 1, default=1),
            n=whole("How many completions.", 1, MAX_BEAMS, default=1),
            best_of=whole("How many ways to go on are weighed; at least n.", 1, MAX_BEAMS),
            stop=STOP,
            logprobs=either(
                "Log-probabilities, with so many alternatives.", whole("", 0, MAX_TOP_LOGPROBS), flag(const=False)
            ),
            echo=flag("Give the prompt again before the completion.", default=False),
            stream=flag("Server-sent events, the last of them `[DONE]`.", default=False),
            stream_options=lenient(include_usage=flag("Count the tokens in a last event.", default=False)),
            seed=whole("The same seed draws the same."),
            user=USER,
            model=MODEL_NAME,
            language=text("Tabby's: the language of the file; told from the code where it is left out."),
            segments=said(
                "Tabby's: the code around the cursor.",
                lenient(
                    prefix=text("The code before the cursor."),
                    suffix=text("The code behind it."),
                    filepath=text(),
                    declarations=SNIPPETS,
                    relevant_snippets_from_changed_files=SNIPPETS,
                    relevant_snippets_from_recently_opened_files=SNIPPETS,
                ),
            ),
        ),
    ),
    "prompt",
    "segments",
)
LOGPROBS = whole_record(
    tokens=listed(text()),
    token_logprobs=listed(number(high=0)),
    top_logprobs=listed(mapping(number(high=0))),
    text_offset=listed(whole(low=0)),
)
OPENAI_REPLY = whole_record(
    id=text("To be named in /v1/events."),
    object=text(const="text_completion"),
    created=whole("Seconds since 1970."),
    model=text("The version that answered."),
    choices=listed(
        whole_record(
            text=text(),
            index=whole(low=0),
            logprobs=or_null(LOGPROBS),
            finish_reason=or_null(choice("length: max_tokens was reached.", "stop", "length")),
        )
    ),
    usage=or_null(USAGE),
)
TABBY_REPLY = whole_record(id=text(), choices=listed(whole_record(index=whole(low=0), text=text())))
MODEL = whole_record(
    id=text("The name to ask for."),
    object=text(const="model"),
    created=whole("Seconds since 1970."),
    owned_by=text(),
    root=text("The version behind the name."),
)
EMBEDDING_BODY = lenient(
    ("input",),
    input=either(
        "A text, or several. None may be blank.",
        text(pattern=r"\S"),
        listed(text(pattern=r"\S"), minItems=1, maxItems=MAX_INPUTS),
    ),
    model=text("Not looked at: there is one embedder, which the reply names.", maxLength=MAX_NAME_CHARACTERS),
    encoding_format=choice("", "float", "base64", default="float"),
    dimensions=whole("The first so many, brought to unit length.", 1, EMBEDDING.size, default=EMBEDDING.size),
)


def _reply_example(version: str = "v1") -> dict[str, Any]:
    return {
        "id": "cmpl-6f1d0c0f6f0b4f3f8f0e7c3a1b2c3d4e",
        "object": "text_completion",
        "created": 1795580000,
        "model": version,
        "choices": [{"text": "load(file)", "index": 0, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 14, "completion_tokens": 3, "total_tokens": 17},
    }


OPERATIONS = (
    Operation(
        "POST",
        "/v1/completions",
        TAG,
        "Complete code",
        "The protocol of OpenAI's completions: for Continue and every client of theirs. A body with `segments` in "
        "place of `prompt` is a Tabby client's and is answered as Tabby does.",
        (
            Reply(
                "The completions; with `stream` each event holds a part of them.",
                {
                    JSON: either("", OPENAI_REPLY, TABBY_REPLY),
                    EVENTS: events("A part of the reply as JSON, then `[DONE]`."),
                },
                _reply_example(),
            ),
        ),
        ERROR,
        COMPLETION_BODY,
        {
            "model": "dlcodegen",
            "prompt": "import json\n\nwith open(path) as file:\n    data = json.",
            "suffix": "\nprint(data)",
            "max_tokens": 40,
            "stop": ["\n"],
        },
        (EDITOR_SESSION,),
    ),
    Operation(
        "GET",
        "/v1/models",
        TAG,
        "The models",
        "Every name that is answered to: `dlcodegen`, the register's names, each version.",
        (Reply("The models.", {JSON: whole_record(object=text(const="list"), data=listed(MODEL))}),),
        ERROR,
    ),
    Operation(
        "GET",
        "/v1/models/{id:path}",
        TAG,
        "One model",
        "What a name stands for.",
        (Reply("The model.", {JSON: MODEL}),),
        ERROR,
        parameters=(in_path("id", "A name that /v1/models lists.", text(minLength=1), "dlcodegen"),),
    ),
    Operation(
        "POST",
        "/v1/embeddings",
        TAG,
        "Vectors of texts",
        "With the embedder that a training would use, of unit length.",
        (
            Reply(
                "The vectors, in the order of the texts.",
                {
                    JSON: whole_record(
                        object=text(const="list"),
                        data=listed(
                            whole_record(
                                object=text(const="embedding"),
                                index=whole(low=0),
                                embedding=either(
                                    "base64: little-endian float32.",
                                    listed(number(), minItems=1, maxItems=EMBEDDING.size),
                                    text(),
                                ),
                            )
                        ),
                        model=text("The embedder."),
                        usage=whole_record(prompt_tokens=whole(low=0), total_tokens=whole(low=0)),
                    )
                },
            ),
        ),
        ERROR,
        EMBEDDING_BODY,
        {"input": ["def add(a, b):\n    return a + b"]},
    ),
    Operation(
        "POST",
        "/v1/chat/completions",
        TAG,
        "No chat",
        "These models complete code and do not chat; the reply is a 404 that says what to use.",
        (),
        ERROR,
    ),
)
