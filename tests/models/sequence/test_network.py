"""The network in NumPy against the network in PyTorch, and its kept memory against reading everything again."""

import numpy as np
import pytest
import torch

from dlcodegen_core.models.sequence.network import NetworkShape, SmallTransformer
from dlcodegen_core.models.sequence.network_pass import NetworkPass, window_start
from dlcodegen_core.training.sequence.gate_fitting import hidden_along

TOKENS = np.random.default_rng(0).integers(1, 300, 400)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = SmallTransformer(NetworkShape(300, width=32, layers=2, heads=4))
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.dim() == 2 and not parameter.any():
                parameter.normal_(std=0.2)
    return network.eval()


@pytest.fixture(scope="module")
def numpy_pass(network):
    return NetworkPass(weights_of(network), heads=4, exact=True)


def weights_of(network):
    return {name: value.detach().numpy() for name, value in network.state_dict().items()}


def of_torch(network, tokens):
    with torch.inference_mode():
        return network(torch.from_numpy(np.asarray(tokens))[None])[0].numpy()


def test_numpy_gives_what_pytorch_gives(network, numpy_pass):
    np.testing.assert_allclose(numpy_pass.read(TOKENS[:50]).hidden[0], of_torch(network, TOKENS[:50])[-1], atol=2e-4)


def test_weights_of_eight_bits_give_nearly_the_same(network, numpy_pass):
    packed = NetworkPass(weights_of(network), heads=4)
    one, other = (passing.read(TOKENS[:50]).hidden for passing in (packed, numpy_pass))
    assert np.corrcoef(one[0], other[0])[0, 1] > 0.999
    close, full = (np.exp(passing.log_probabilities(other)) for passing in (packed, numpy_pass))
    np.testing.assert_allclose(close, full, atol=0.02)


def test_going_on_gives_what_reading_everything_gives(network, numpy_pass):
    reading = numpy_pass.read(TOKENS[:20])
    grown, hidden = None, None
    for token in TOKENS[20:26]:
        hidden, grown = numpy_pass.go_on(reading.memory, grown, np.array([0]), np.array([token]))
    np.testing.assert_allclose(hidden[0], of_torch(network, TOKENS[:26])[-1], atol=2e-4)


def test_beams_do_not_see_each_other(network, numpy_pass):
    reading = numpy_pass.read(TOKENS[:20])
    _hidden, grown = numpy_pass.go_on(reading.memory, None, np.array([0, 0]), np.array([5, 6]))
    hidden, _grown = numpy_pass.go_on(reading.memory, grown, np.array([1, 0, 1]), np.array([7, 8, 9]))
    for row, ending in enumerate(([6, 7], [5, 8], [6, 9])):
        np.testing.assert_allclose(hidden[row], of_torch(network, [*TOKENS[:20], *ending])[-1], atol=2e-4)


def test_what_was_read_is_not_read_again(network, numpy_pass):
    before = numpy_pass.read(TOKENS[:30])
    reading = numpy_pass.read(TOKENS[:35], before)
    np.testing.assert_allclose(reading.hidden[0], of_torch(network, TOKENS[:35])[-1], atol=2e-4)
    assert numpy_pass.read(TOKENS[:30], before) is before


def test_a_reading_of_another_text_is_not_used(network, numpy_pass):
    reading = numpy_pass.read(TOKENS[:30], numpy_pass.read(TOKENS[5:20]))
    np.testing.assert_allclose(reading.hidden[0], of_torch(network, TOKENS[:30])[-1], atol=2e-4)


@pytest.mark.parametrize("count", [1, 95, 96, 97, 191, 192, 193, 400])
def test_files_are_read_for_the_gate_as_prompts_are_for_answers(network, numpy_pass, count):
    along = hidden_along(network, [TOKENS[:3], TOKENS[:count]])[3:]
    whole = np.concatenate([[0], TOKENS])
    for place in {0, count // 2, count - 1}:
        read = numpy_pass.read(whole[window_start(place) : place + 1]).hidden[0]
        np.testing.assert_allclose(along[place], read, atol=3e-4)


def test_the_loss_is_the_cross_entropy_and_so_are_its_gradients(network):
    tokens = torch.from_numpy(TOKENS[:66].reshape(2, 33))
    loss = network.loss(tokens)
    hidden = network(tokens[:, :-1]).reshape(-1, 32)
    wanted = torch.nn.functional.cross_entropy(hidden @ network.embedding.T, tokens[:, 1:].reshape(-1))
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-5)
    (own,) = torch.autograd.grad(loss, network.embedding)
    (reference,) = torch.autograd.grad(wanted, network.embedding)
    torch.testing.assert_close(own, reference, atol=1e-5, rtol=1e-3)


def test_weights_that_do_not_fit_are_refused(network):
    weights = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    with pytest.raises(ValueError, match="heads"):
        NetworkPass(weights, heads=5)
