"""The transformer as an ONNX graph against the transformer in PyTorch, and its steps against those in NumPy."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcodegen_core.models.onnx_graph import one_thread_session
from dlcodegen_core.models.sequence.network import NetworkShape, SmallTransformer
from dlcodegen_core.models.sequence.network_pass import CONTEXT, NetworkPass
from dlcodegen_core.models.sequence.onnx_network import network_graph
from dlcodegen_core.models.sequence.onnx_network_pass import OnnxNetworkPass
from tests.models.sequence.test_network import TOKENS, weights_of

HEADS, CLASSES = 4, 300


def _network():
    torch.manual_seed(0)
    network = SmallTransformer(NetworkShape(CLASSES, width=32, layers=2, heads=HEADS))
    with torch.no_grad():
        network.scale.fill_(1.5)
        for parameter in network.parameters():
            if parameter.dim() == 2 and not parameter.any():
                parameter.normal_(std=0.2)
    return network.eval()


NETWORK = _network()
SESSION = one_thread_session(network_graph(weights_of(NETWORK), HEADS).SerializeToString())
IN_NUMPY, IN_ONNX = NetworkPass(weights_of(NETWORK), HEADS), OnnxNetworkPass(weights_of(NETWORK), HEADS)


def _of_torch(tokens):
    with torch.inference_mode():
        return (NETWORK(torch.from_numpy(tokens)) @ NETWORK.embedding.T).numpy()


@settings(deadline=None, max_examples=15)
@given(batch=st.integers(1, 4), time=st.integers(1, CONTEXT), seed=st.integers(0, 9))
def test_windows_of_any_size_give_what_pytorch_gives(batch, time, seed):
    tokens = np.random.default_rng(seed).integers(0, CLASSES, (batch, time))
    found = SESSION.run(["logits"], {"tokens": tokens})[0]
    assert found.shape == (batch, time, CLASSES)
    np.testing.assert_allclose(found, _of_torch(tokens), atol=1e-3)


def test_a_window_longer_than_the_training_s_is_still_calculated():
    assert np.isfinite(SESSION.run(None, {"tokens": np.ones((1, CONTEXT + 40), np.int64)})[0]).all()


def test_what_comes_later_changes_nothing_before():
    one, other = TOKENS[None, :40].copy(), TOKENS[None, :40].copy()
    other[0, 30:] = 7
    np.testing.assert_allclose(
        SESSION.run(None, {"tokens": one})[0][0, :30], SESSION.run(None, {"tokens": other})[0][0, :30], atol=1e-5
    )


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="heads"):
        network_graph(weights_of(NETWORK), heads=5)
    with pytest.raises(ValueError, match="heads"):
        OnnxNetworkPass(weights_of(NETWORK), heads=5)


@pytest.mark.parametrize("count", [1, 5, 23, 24, 50, 190])
def test_a_prompt_is_read_alike_on_both_runtimes(count):
    one, other = IN_NUMPY.read(TOKENS[:count]), IN_ONNX.read(TOKENS[:count])
    np.testing.assert_allclose(other.hidden, one.hidden, atol=1e-4)
    for name in ("keys", "values", "last"):
        for mine, theirs in zip(getattr(other.memory, name), getattr(one.memory, name), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-4)


def test_beams_go_on_alike_on_both_runtimes():
    steps = ([0, 0, 0], [5, 6, 7]), ([2, 0, 1], [8, 9, 10]), ([1, 1, 0], [11, 12, 13])
    hidden = {}
    for passing in (IN_NUMPY, IN_ONNX):
        reading, grown = passing.read(TOKENS[:20], passing.read(TOKENS[:15])), None
        for beams, tokens in steps:
            hidden[passing], grown = passing.go_on(reading.memory, grown, np.array(beams), np.array(tokens))
    np.testing.assert_allclose(hidden[IN_ONNX], hidden[IN_NUMPY], atol=1e-4)
    one, other = (np.exp(passing.log_probabilities(hidden[passing])) for passing in (IN_NUMPY, IN_ONNX))
    np.testing.assert_allclose(other, one, atol=1e-5)


def test_a_file_is_read_along_alike_on_both_runtimes():
    np.testing.assert_allclose(IN_ONNX.along(TOKENS[:250]), IN_NUMPY.along(TOKENS[:250]), atol=1e-4)
