"""ONNX files that can be used alone."""

import hashlib
import json
import logging

import numpy as np
import onnx
import pytest

from dlcodegen_core.export.onnx_file import in_8_bits, onnx_model, weights_sha256
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models.onnx_graph import one_thread_session
from dlcodegen_core.models.saved_model import load_card, load_forward_pass, load_start
from dlcodegen_core.models.sequence.tokenizer import CodeTokenizer
from tests.export.small_versions import TEXTS, random_features


@pytest.fixture(scope="module", params=["v1", "v2"])
def folder(request, versions):
    return versions / request.param


@pytest.fixture(scope="module")
def model(folder):
    return onnx_model(folder)


def _told(model):
    return {prop.key: prop.value for prop in model.metadata_props}


def test_it_is_valid_and_says_what_it_was_made_of(folder, model):
    onnx.checker.check_model(model, full_check=True)
    told, card = _told(model), load_card(folder)
    assert told["version"] == folder.name
    assert told["weights_sha256"] == hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert told["weights_sha256"] == weights_sha256(folder)
    assert ("network alone" in told["contents"]) == card.is_sequence
    assert str(folder.parent) not in model.SerializeToString().decode("latin-1")


def test_its_inputs_and_outputs_have_names_and_a_batch_of_any_size(folder, model):
    shapes = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    card = load_card(folder)
    if card.is_sequence:
        classes = len(load_start(folder).tokenizer)
        assert shapes == {"tokens": ["batch", "time"], "logits": ["batch", "time", classes]}
    else:
        assert shapes == {"features": ["batch", DIMENSIONS], "logits": ["batch", len(card.vocabulary)]}


def test_deepcodenets_file_names_its_classes(versions):
    told, card = _told(onnx_model(versions / "v1")), load_card(versions / "v1")
    tokens = json.loads(told["tokens"])
    assert [tokens[card.vocabulary.class_of(token)] for token in card.tokens] == list(card.tokens)
    assert sum(group["size"] for group in json.loads(told["features"])) == DIMENSIONS
    assert json.loads(told["keywords"]) == {"def": 1.0, "file": 1.5}


def test_a_sequence_models_file_brings_its_tokenizer(versions):
    tokenizer = CodeTokenizer.from_json(_told(onnx_model(versions / "v2"))["tokenizer"])
    assert tokenizer.decode(tokenizer.encode(TEXTS[0])) == TEXTS[0]


def test_the_softmax_of_deepcodenets_logits_is_what_the_workbench_answers(versions):
    features = random_features(9)
    logits = one_thread_session(onnx_model(versions / "v1").SerializeToString()).run(None, {"features": features})[0]
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    answered = np.exp(load_forward_pass(versions / "v1")[1].log_probabilities(features))
    np.testing.assert_allclose(chances / chances.sum(axis=1, keepdims=True), answered, atol=1e-5)


def test_8_bit_weights_are_smaller_and_nearly_the_same(model, folder, caplog):
    with caplog.at_level(logging.WARNING):
        content = in_8_bits(model)
    assert caplog.records == []
    assert _told(onnx.load_from_string(content)).items() >= _told(model).items()
    constants = {each.name: each.data_type for each in onnx.load_from_string(content).graph.initializer}
    assert onnx.TensorProto.INT8 in constants.values()
    full, small = one_thread_session(model.SerializeToString()), one_thread_session(content)
    rows = {"tokens": np.arange(40)[None] + 9} if load_card(folder).is_sequence else {"features": random_features(8)}
    one, other = (session.run(None, rows)[0].ravel() for session in (full, small))
    assert np.corrcoef(one, other)[0, 1] > 0.98
