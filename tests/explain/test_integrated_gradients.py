"""What each number gave: credits that add up, as Captum gives them."""

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients
from numpy.typing import NDArray

from dlcodegen_core.explain.integrated_gradients import (
    FEWEST_STEPS,
    GAP_NATS,
    GAP_SHARE,
    MOST_STEPS,
    integrated_gradients,
)
from dlcodegen_core.features.layout import DIMENSIONS, EMBEDDING
from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.models.forward_pass import ForwardPass
from tests.explain.trained_model import ANSWERS, NAMES, Trained, prompt

PROMPTS = [prompt(name, verb) for name in ("piano", *NAMES[:3]) for verb in ANSWERS]


def _rugged(seed: int) -> DeepCodeNet:
    """An untrained network of full width with strong weights, so that a line through it meets many kinks."""
    torch.manual_seed(seed)
    network = DeepCodeNet(40)
    for _ in range(3):
        network(torch.randn(32, DIMENSIONS) * 3 + 1)
    return network.eval()


def _as_forward_pass(network: DeepCodeNet) -> ForwardPass:
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    return ForwardPass(weights, (512, 256, 128, 64), network.output.out_features)


def _captums(
    network: DeepCodeNet, features: NDArray[np.float32], baseline: NDArray[np.float32], number: int, steps: int
) -> NDArray[np.float64]:
    authority = IntegratedGradients(lambda rows: network(rows).log_softmax(dim=1))
    found = authority.attribute(
        torch.from_numpy(features)[None],
        torch.from_numpy(baseline)[None],
        target=number,
        n_steps=steps,
        method="riemann_middle",
    )
    return found[0].numpy()


@pytest.mark.parametrize("text", PROMPTS[:4])
def test_captum_finds_the_same_in_a_trained_model(trained: Trained, text: str) -> None:
    features = trained.model.pipeline.transform([text], ["python"])[0]
    baseline = trained.training.mean.astype(np.float32)
    found = integrated_gradients(trained.model.network, features, baseline, 2)
    expected = _captums(trained.network, features, baseline, 2, found.steps)
    np.testing.assert_allclose(found.pushes, expected, atol=2e-4)


@pytest.mark.parametrize("seed", range(4))
def test_captum_finds_the_same_where_more_steps_were_taken(seed: int) -> None:
    network = _rugged(seed)
    features = np.random.default_rng(seed).normal(size=DIMENSIONS).astype(np.float32)
    baseline = np.zeros(DIMENSIONS, np.float32)
    found = integrated_gradients(_as_forward_pass(network), features, baseline, 7)
    expected = _captums(network, features, baseline, 7, found.steps)
    np.testing.assert_allclose(found.pushes, expected, atol=1e-3)


@pytest.mark.parametrize("text", PROMPTS)
def test_the_credits_add_up_within_one_percent(trained: Trained, text: str) -> None:
    features = trained.model.pipeline.transform([text], ["python"])[0]
    network, baseline = trained.model.network, trained.training.mean.astype(np.float32)
    number = int(network.log_probabilities(features[np.newaxis]).argmax())
    found = integrated_gradients(network, features, baseline, number)
    values = network.log_probabilities(np.stack([baseline, features]))[:, number]
    assert (found.baseline_value, found.value) == pytest.approx(tuple(values))
    assert found.pushes.sum() == pytest.approx(found.value - found.baseline_value + found.gap)
    assert abs(found.gap) <= max(GAP_SHARE * abs(found.value - found.baseline_value), GAP_NATS)


@pytest.mark.parametrize("seed", range(12))
def test_it_takes_more_steps_until_they_do_and_tells_what_is_left(seed: int) -> None:
    features = np.random.default_rng(seed).normal(size=DIMENSIONS).astype(np.float32) * 3
    found = integrated_gradients(_as_forward_pass(_rugged(seed)), features, np.zeros(DIMENSIONS, np.float32), seed)
    allowed = max(GAP_SHARE * abs(found.value - found.baseline_value), GAP_NATS)
    assert found.steps == MOST_STEPS or abs(found.gap) <= allowed
    assert found.steps in {FEWEST_STEPS, 3 * FEWEST_STEPS, 9 * FEWEST_STEPS, MOST_STEPS}


def test_a_number_that_is_the_baselines_own_gets_nothing(trained: Trained) -> None:
    features = trained.model.pipeline.transform(PROMPTS[:1], ["python"])[0]
    baseline = np.zeros(DIMENSIONS, np.float32)
    baseline[EMBEDDING.columns] = features[EMBEDDING.columns]
    found = integrated_gradients(trained.model.network, features, baseline, 2)
    assert not found.pushes[EMBEDDING.columns].any()
    assert found.pushes.any()


def test_the_baseline_itself_is_pushed_nowhere(trained: Trained) -> None:
    baseline = trained.training.mean.astype(np.float32)
    found = integrated_gradients(trained.model.network, baseline, baseline, 2)
    assert not found.pushes.any()
    assert (found.gap, found.steps) == (0, FEWEST_STEPS)
