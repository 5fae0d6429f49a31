"""A version as an ONNX file that can be used alone: what it needs to know of its inputs and outputs lies inside.

DeepCodeNet     features (batch, 544) -> logits (batch, classes), the temperature of the confidence folded in; with the
                tokens of its classes, and its keywords
sequence model  tokens (batch, time) -> logits (batch, time, vocabulary); with its tokenizer. The network alone: counts,
                copies, neighbours and gate, which answer with it here, are no network and stay behind
"""

import contextlib
import json
import logging
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from dlcodegen_core.features.layout import GROUPS
from dlcodegen_core.models.saved_model import (
    WEIGHTS_FILE,
    ModelCard,
    files_of,
    load_card,
    load_forward_pass,
    load_start,
)
from dlcodegen_core.models.temperature import temperature_of
from dlcodegen_core.models.vocabulary import SPECIAL

if TYPE_CHECKING:
    from onnx import ModelProto

WHOLE_MODEL = "the whole model: the softmax of its logits is the confidence"
NETWORK_ALONE = (
    "the network alone, without the counts, copies, neighbours and gate that answer with it in the workbench"
)


def contents_of(card: ModelCard) -> str:
    """What of a version an ONNX file holds."""
    return NETWORK_ALONE if card.is_sequence else WHOLE_MODEL


def weights_sha256(folder: Path) -> str:
    """The digest of the weights a version was saved with. Raises ModelError."""
    return next(file.sha256 for file in files_of(folder) if file.name == WEIGHTS_FILE)


def onnx_model(folder: Path) -> "ModelProto":
    """The version in `folder` as a checked ONNX model in float32. Raises ModelError."""
    card = load_card(folder)
    metadata = _metadata(card, weights_sha256(folder))
    description = f"{card.version}, trained with DLCodeGen; holds {contents_of(card)}."
    if not card.is_sequence:
        from dlcodegen_core.models.onnx_forward_pass import deepcodenet_graph

        return deepcodenet_graph(load_forward_pass(folder)[1], metadata, description)
    from dlcodegen_core.models.sequence.network_pass import CONTEXT
    from dlcodegen_core.models.sequence.onnx_network import network_graph
    from dlcodegen_core.models.sequence.saved_sequence import HEADS

    start = load_start(folder)
    told = {"tokenizer": start.tokenizer.to_json(), "longest_window": str(CONTEXT), "first_token": "0"}
    return network_graph(start.network, HEADS, {**metadata, **told}, description)


def in_8_bits(model: "ModelProto") -> bytes:
    """The same model with 8-bit weights, one scale a column.

    7 of the 8 bits are used: on processors without instructions for 8-bit products, sums of full 8 bits overflow.
    What the layers hand on is rounded as they run, by a scale for the whole batch, so an answer depends a little on
    what else is in the batch.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory(prefix="int8-") as folder, _without_advice():
        out = Path(folder) / "model.onnx"
        quantize_dynamic(model, out, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
        return out.read_bytes()


def _metadata(card: ModelCard, sha256: str) -> dict[str, str]:
    told = {
        "version": card.version,
        "name": card.name,
        "kind": "sequence" if card.is_sequence else "deepcodenet",
        "contents": contents_of(card),
        "weights_sha256": sha256,
        "trained_at": card.created_at,
        "trained_by": card.code_version,
        "dataset_fingerprint": card.dataset_fingerprint,
    }
    if card.is_sequence:
        return told
    return told | {
        "tokens": _json([*SPECIAL, *card.tokens]),
        "features": _json([asdict(group) for group in GROUPS]),
        "keywords": _json(dict(zip(card.keyword_terms, card.keyword_idf, strict=True))),
        "embedder": card.embedder,
        "temperature": str(temperature_of(card.metrics)),
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@contextlib.contextmanager
def _without_advice() -> Iterator[None]:
    """Keeps quiet the advice to preprocess the graph first, which is for graphs that others have written."""
    root = logging.getLogger()
    root.addFilter(_is_no_advice)
    try:
        yield
    finally:
        root.removeFilter(_is_no_advice)


def _is_no_advice(record: logging.LogRecord) -> bool:
    return "pre-processing before quantization" not in record.getMessage()
