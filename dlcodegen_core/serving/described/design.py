"""The workbench's own interface: predictions, explanations, trainings, feature vectors."""

from typing import Any

from dlcodegen_core.config import MODEL_KINDS
from dlcodegen_core.features.language import LANGUAGES
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.features.request_text import MAX_TEXT_CHARACTERS
from dlcodegen_core.inference.prediction import MAX_BEAMS, MAX_TOKENS
from dlcodegen_core.serving.described.operation import BYTES, JSON, Operation, Reply, in_path
from dlcodegen_core.serving.described.shapes import (
    Schema,
    choice,
    closed,
    flag,
    listed,
    mapping,
    number,
    numbers,
    one_of_needed,
    or_null,
    record,
    said,
    text,
    whole,
    whole_record,
)

TAG = "Workbench"
ERROR = record(("error",), error=text("What happened, and what to do."))
LONGEST_NAME = 200
CODE: dict[str, Any] = {"maxLength": MAX_TEXT_CHARACTERS}

QUESTION: dict[str, Schema] = {
    "prompt": text("The code before the cursor.", **CODE),
    "context": listed(text(**CODE), "Lines that stand before the prompt, such as imports."),
    "max_tokens": whole(
        "A sequence model counts tokens of its own, DeepCodeNet visible code tokens.", 1, MAX_TOKENS, default=1
    ),
    "beams": whole("How many ways to go on are weighed.", 1, MAX_BEAMS, default=4),
    "stop": listed(text(minLength=1), "The completion ends before any of these."),
    "version": or_null(text("Whichever answers now, where it is left out.")),
    "language": or_null(choice("Told from the code where it is left out.", *LANGUAGES)),
    "temperature": number("0 for the likeliest; from 0.001 on the completion is drawn.", 0, 2, default=0),
    "top_k": whole("Draw among so many, 0 for all.", 0, 16_384, default=0),
    "top_p": number("Draw among the likeliest that together hold this much probability.", 0.01, 1, default=1),
    "seed": whole("The same seed draws the same.", 0, 2**32 - 1, default=0),
    "length_penalty": or_null(
        number("0 ranks completions by their probability, 1 by the mean over their tokens.", 0, 2)
    ),
    "suffix": text("The code behind the cursor. DeepCodeNet does not look at it and says so.", **CODE),
    "min_confidence": number("Offer nothing that is less sure than this.", 0, 1, default=0),
}
WHO_ASKS: dict[str, Schema] = {
    "user": or_null(
        text("In an A/B test the same user is always answered by the same version.", maxLength=LONGEST_NAME)
    ),
    "client": or_null(text("A newer request of the same client ends the older one.", maxLength=LONGEST_NAME)),
    "wait": or_null(flag("Rather wait in the queue than be told to ask again.", default=False)),
    "features": or_null(
        flag("Give the 544 numbers, or leave them out; by default only a version that looks at them gives them.")
    ),
}
CONFIDENCE = number("0..1, how likely it is to be right.", 0, 1)
PREDICTION = record(
    ("completion", "confidence", "candidates", "latency_ms", "cached", "version"),
    completion=text(),
    confidence=CONFIDENCE,
    features=numbers(DIMENSIONS, "The prompt's feature vector."),
    candidates=listed(
        record(("text", "confidence"), text=text(), confidence=CONFIDENCE, tokens=listed(text())),
        "Ranked; the first is the completion.",
    ),
    latency_ms=mapping(number(low=0), "Stage -> milliseconds; they add up to the total."),
    cached=flag("Whether it was known from before."),
    version=text("The version that answered."),
    abstained=flag("The best candidate was less sure than min_confidence."),
    taught_by=whole("The row of the feedback that taught it, where it was taught."),
    arm=text("The arm of the A/B test that dealt the version."),
)
PLACE = whole_record(part=choice("", "file", "context", "prompt", "suffix"), line=whole(low=1), path=text())
EXPLANATION = whole_record(
    version=text(),
    model=choice("", "sequence", "deepcodenet"),
    completion=text(),
    confidence=or_null(CONFIDENCE),
    tokens=listed(
        whole_record(
            text=text(),
            start=whole(low=0),
            typed=text("What the prompt had of the token already."),
            probability=number(low=0),
            shares=mapping(number(), "What each kind of predictor gave of the probability."),
            kind=text("The predictor that gave most."),
            match=whole("How many tokens before it were seen alike.", 0),
            places=listed(PLACE, "Where it was seen."),
        ),
        "Of a sequence model.",
    ),
    verbatim=or_null(
        said(
            "The longest stretch that stands word for word in the training source.",
            whole_record(
                start=whole(low=0),
                end=whole(low=0),
                text=text(),
                places=listed(PLACE),
                files=or_null(whole(low=0)),
                is_verbatim=flag("Whether it is long enough to be called taken over."),
            ),
        )
    ),
    verbatim_warning=text("What to tell a person who might ship it, or empty."),
    pushes=or_null(
        said(
            "Of DeepCodeNet: what spoke for its token, in nats of log-probability.",
            whole_record(
                token=text(),
                value=number(),
                baseline=text(),
                baseline_value=number(),
                groups=listed(whole_record(name=text(), title=text(), shapley=number(), share=number())),
                dimensions=listed(
                    whole_record(index=whole(low=0, high=DIMENSIONS - 1), name=text(), value=number(), push=number())
                ),
            ),
        )
    ),
    nearest=whole_record(dataset=text(), pairs=listed(record()), note=text("Why there are none, or empty.")),
    note=text("What the version cannot tell, or empty."),
    latency_ms=mapping(number(low=0)),
)

CONFIG = closed(
    said(
        "The options of a training; the design document's names hiddenLayers, lr, batchSize and learningRate count "
        "as well.",
        record(
            (),
            model=choice("", *MODEL_KINDS, default="deepcodenet"),
            epochs=whole("", 1, 10_000, default=50),
            seconds=or_null(
                number("Stop after this time; of a sequence model all of the training.", exclusiveMinimum=0)
            ),
            hidden_layers=listed(whole("", 1, 8192), minItems=1, maxItems=12, default=[512, 256, 128, 64]),
            hiddenLayers=listed(whole("", 1, 8192), minItems=1, maxItems=12),
            dropout=number("", 0, exclusiveMaximum=1, default=0.2),
            learning_rate=number("", exclusiveMinimum=0, maximum=1, default=0.001),
            learningRate=number("", exclusiveMinimum=0, maximum=1),
            lr=number("", exclusiveMinimum=0, maximum=1),
            batch_size=whole("", 1, 65_536, default=64),
            batchSize=whole("", 1, 65_536),
            vocabulary_size=whole("Output classes, or tokens of a sequence model.", 3, 16_384, default=100),
            tokens_per_pair=whole("How many leading code tokens of each target are learned.", 1, 64, default=1),
            held_out=number("The share that is kept out of the training.", 0, 0.5, default=0.15),
            patience=or_null(whole("Stop after so many epochs without a better held-out loss.", 1)),
            seed=whole("", 0, 2**32 - 1, default=0),
            language=or_null(text()),
            from_scratch=flag("A sequence model without the base model.", default=False),
            embeddingDim=whole("Not looked at."),
        ),
    )
)
DATASET = text("The name of a stored dataset, or a path inside the home folder.", pattern=r"\S")
TRAINING: dict[str, Schema] = {
    "dataset": DATASET,
    "datasetPath": text("The design document's name for dataset.", pattern=r"\S"),
    "config": or_null(CONFIG),
    "name": text("What the version is to be called.", maxLength=LONGEST_NAME),
}
METRICS = record(
    ("loss", "accuracy", "val_loss", "val_accuracy", "seconds", "epochs", "samples", "held_out_samples"),
    loss=number(),
    accuracy=number("The share of samples whose token was ranked first.", 0, 1),
    val_loss=or_null(number("Of what was held out.")),
    val_accuracy=or_null(number(low=0, high=1)),
    seconds=number(low=0),
    version=text("The version that it made."),
    epoch=whole("The one that was kept.", 0),
    epochs=whole(low=0),
    samples=whole(low=0),
    held_out_samples=whole(low=0),
    job=text(),
)
JOB = record(
    ("job", "status", "dataset", "model", "name", "url", "events_url"),
    job=text("Its id."),
    status=choice("", "queued", "running", "finished", "stopped", "discarded", "failed", "interrupted"),
    dataset=text(),
    model=choice("", *MODEL_KINDS),
    name=text(),
    url=text(),
    events_url=text(),
    result=METRICS,
    error=text("Why it failed."),
)
STARTED = Reply("The job, and where to hear of it.", {JSON: JOB}, status=202, headers={
    "Location": {"description": "Where the job is told of.", "schema": text()},
})  # fmt: skip
VECTOR = numbers(DIMENSIONS, "A feature vector.")
MODEL_PATH = text("The name under which the model is kept; of a path, its last part.")
_SHORT_VECTOR_NOTE = f"Each vector has {DIMENSIONS} numbers; see docs/architecture.md for what they are."

OPERATIONS = (
    Operation(
        "POST",
        "/api/dl-codegen/predict",
        TAG,
        "Complete code",
        "The completion with its alternatives, its confidence and where its time went.",
        (
            Reply(
                "The prediction.",
                {JSON: PREDICTION},
                {
                    "completion": "load(file)",
                    "confidence": 0.62,
                    "candidates": [{"text": "load(file)", "confidence": 0.62, "tokens": ["load", "(file", ")"]}],
                    "latency_ms": {"cache look-up": 0.1, "reading": 2.4, "decode": 11.8},
                    "cached": False,
                    "version": "v1",
                },
            ),
        ),
        ERROR,
        closed(record(("prompt",), **QUESTION, **WHO_ASKS)),
        {
            "prompt": "with open(path) as file:\n    data = json.",
            "context": ["import json"],
            "max_tokens": 40,
            "stop": ["\n"],
        },
    ),
    Operation(
        "POST",
        "/api/dl-codegen/explain",
        TAG,
        "Why it answers so",
        "Where each token of a completion comes from, or which features pushed DeepCodeNet to its token. Without "
        "`completion` the version's own answer is explained.",
        (Reply("The explanation.", {JSON: EXPLANATION}),),
        ERROR,
        closed(record(("prompt",), **QUESTION, completion=or_null(text("Explain this one instead.", **CODE)))),
        {"prompt": "import json\n\nwith open(path) as file:\n    data = json.", "max_tokens": 12, "stop": ["\n"]},
    ),
    Operation(
        "POST",
        "/api/dl-codegen/train",
        TAG,
        "Train and wait",
        "Answers when the training is over, or at once with `wait` false. A training that takes long is better begun "
        "with /api/dl-codegen/jobs.",
        (Reply("What came out.", {JSON: METRICS}), STARTED),
        ERROR,
        one_of_needed(
            closed(record((), **TRAINING, wait=or_null(flag("Whether to wait for the end.", default=True)))),
            "dataset",
            "datasetPath",
        ),
        {"dataset": "Demo: Python basics", "config": {"epochs": 5}, "wait": False},
    ),
    Operation(
        "POST",
        "/predict",
        TAG,
        "What follows a feature vector",
        "The design document's own. " + _SHORT_VECTOR_NOTE,
        (
            Reply(
                "The likeliest class.",
                {
                    JSON: record(
                        ("completion_idx", "confidence", "completion"),
                        completion_idx=whole("The label, or the number of the class.", 0),
                        confidence=CONFIDENCE,
                        completion=text(),
                        version=text(),
                        modelPath=text(),
                    )
                },
            ),
        ),
        ERROR,
        closed(
            record(
                ("features",),
                features=VECTOR,
                version=or_null(text("A version of DeepCodeNet.")),
                modelPath=MODEL_PATH,
            )
        ),
    ),
    Operation(
        "POST",
        "/train",
        TAG,
        "Train on feature vectors",
        "The design document's own; with the name of a dataset it does what /api/dl-codegen/train does. "
        + _SHORT_VECTOR_NOTE,
        (Reply("What came out.", {JSON: METRICS}),),
        ERROR,
        record(
            (),
            features=listed(VECTOR, minItems=2),
            dataset={"anyOf": [DATASET, listed(VECTOR, "The design document's name for features.", minItems=2)]},
            labels=listed(whole("", 0, 9999), "What follows each vector, as numbers."),
            completions=listed(text(minLength=1), "The same as texts."),
            modelPath=MODEL_PATH,
            config=or_null(CONFIG),
        ),
    ),
    Operation(
        "GET",
        "/api/dl-codegen/written/{task}",
        TAG,
        "A file that was written",
        "The file that a task of the pages has written, such as an export.",
        (Reply("The file.", {BYTES: text(format="binary")}),),
        ERROR,
        parameters=(in_path("task", "The task's id, as the page gives it."),),
    ),
)
