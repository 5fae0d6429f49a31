"""llama.cpp's /infill, /completion and /props, as they are spoken here."""

from dlcodegen_core.serving.described.operation import EDITOR_SESSION, EVENTS, JSON, Operation, Reply
from dlcodegen_core.serving.described.shapes import (
    Schema,
    choice,
    either,
    events,
    flag,
    lenient,
    listed,
    number,
    record,
    said,
    text,
    whole,
    whole_record,
)
from dlcodegen_core.serving.wire.asking import MAX_STOPS
from dlcodegen_core.serving.wire.fields import MAX_NAME_CHARACTERS
from dlcodegen_core.serving.wire.llama_cpp import MAX_FIELDS, MAX_INDENT

TAG = "llama.cpp"
ERROR = record(("error",), error=whole_record(code=whole("The status."), message=text(), type=text()))

_SHARED: dict[str, Schema] = {
    "input_prefix": text("The lines before the cursor's."),
    "input_suffix": text("The code behind the cursor."),
    "n_predict": whole("Tokens at most; -1 for all that there may be. 0 only gets the model ready.", default=-1),
    "n_indent": whole("End before a line that is indented less.", 0, MAX_INDENT, default=0),
    "temperature": number("Above 0.1 the completion is drawn.", 0, 2, default=0),
    "top_k": whole("Draw among so many, 0 for all."),
    "top_p": number("", 0, 1, default=1),
    "seed": whole("-1: another each time."),
    "stop": either("The completion ends before any of these.", text(), listed(text(), maxItems=MAX_STOPS)),
    "stream": flag("Server-sent events.", default=False),
    "t_max_predict_ms": number("End with the first whole line after so many milliseconds; 0 for no limit.", default=0),
    "response_fields": listed(text(), "Only these, such as `timings/prompt_ms`, each a flat key.", maxItems=MAX_FIELDS),
    "model": text("A version's name; others stand for whichever answers now.", maxLength=MAX_NAME_CHARACTERS),
    "cache_prompt": flag("Not looked at: what can be reused is reused."),
}
INFILL_BODY = lenient(
    (),
    **{
        **_SHARED,
        "prompt": text("What stands on the cursor's line before it."),
        "input_extra": listed(record(filename=text(), text=text()), "Pieces of other files; the nearest last."),
    },
)
COMPLETION_BODY = lenient(
    ("prompt",),
    **{**_SHARED, "prompt": text("The code before the cursor. Marks of a gap count as what they mean.")},
)
TIMINGS = whole_record(
    prompt_n=whole(low=0),
    prompt_ms=number("Until the first piece, waiting included.", 0),
    prompt_per_token_ms=number(low=0),
    prompt_per_second=number(low=0),
    predicted_n=whole(low=0),
    predicted_ms=number(low=0),
    predicted_per_token_ms=number(low=0),
    predicted_per_second=number(low=0),
)
REPLY = said(
    "All of these, or those that response_fields names.",
    record(
        index=whole(),
        content=text("The completion."),
        tokens=listed(whole()),
        id_slot=whole(),
        stop=flag("Whether this is the last part."),
        model=text("The version that answered."),
        tokens_predicted=whole(low=0),
        tokens_evaluated=whole(low=0),
        tokens_cached=whole(low=0),
        generation_settings=whole_record(n_ctx=whole("How many tokens are looked back at."), n_predict=whole()),
        prompt=text(),
        has_new_line=flag(),
        truncated=flag("Whether the texts were longer than is read."),
        stop_type=choice("limit: the tokens or the time ran out.", "eos", "limit"),
        stopping_word=text(),
        timings=TIMINGS,
    ),
)


def _completion(path: str, summary: str, description: str, body: Schema, example: object) -> Operation:
    return Operation(
        "POST",
        path,
        TAG,
        summary,
        description,
        (
            Reply(
                "The completion; with `stream` each event holds a part of it.",
                {JSON: REPLY, EVENTS: events("A JSON object with a part of the reply.")},
            ),
        ),
        ERROR,
        body,
        example,
        (EDITOR_SESSION,),
    )


_PROMPT = {"prompt": "def area(radius):\n    return ", "n_predict": 24, "stop": ["\n"]}
OPERATIONS = (
    _completion(
        "/infill",
        "Fill the gap at the cursor",
        "What llama.vim and llama.vscode send on every pause in typing.",
        INFILL_BODY,
        {
            "input_prefix": "import json\n\nwith open(path) as file:\n",
            "prompt": "    data = json.",
            "input_suffix": "\n    print(data)\n",
            "n_predict": 40,
            "t_max_predict_ms": 500,
            "response_fields": ["content", "timings/predicted_ms"],
        },
    ),
    _completion("/completion", "Complete a prompt", "For clients of llama.cpp's server.", COMPLETION_BODY, _PROMPT),
    _completion("/completions", "Complete a prompt", "The same as /completion.", COMPLETION_BODY, _PROMPT),
    Operation(
        "GET",
        "/props",
        TAG,
        "What the server is",
        "Asked once by clients, to plan how much context they send.",
        (
            Reply(
                "The properties.",
                {
                    JSON: whole_record(
                        default_generation_settings=whole_record(n_ctx=whole(low=1)),
                        total_slots=whole(low=1),
                        model_path=text("The version that answers; no path."),
                        model_alias=text(),
                        chat_template=text(),
                        build_info=text(),
                    )
                },
            ),
        ),
        ERROR,
    ),
)
