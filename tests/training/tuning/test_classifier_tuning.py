"""DeepCodeNet learns lessons and says the same as before elsewhere."""

import pytest
import torch

from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.models.vocabulary import UNKNOWN
from dlcodegen_core.training.trainer import Split
from dlcodegen_core.training.tuning.classifier_tuning import ClassifierTuning, grown


@pytest.fixture
def parent():
    torch.manual_seed(0)
    network = DeepCodeNet(6, (32, 16), 0.2)
    with torch.inference_mode():
        for _step in range(5):
            network(torch.randn(64, DIMENSIONS))  # BatchNorm has seen something
    return network.eval()


def _answers(network, features):
    with torch.inference_mode():
        return network(features).softmax(dim=1)


def test_a_grown_network_says_what_it_said_but_for_a_little_of_the_unknown(parent):
    features = torch.randn(50, DIMENSIONS)
    before, after = _answers(parent, features), _answers(grown(parent, 8, (32, 16), 0.2), features)
    assert after.shape == (50, 8)
    ratio = after[:, 6] / after[:, UNKNOWN]
    torch.testing.assert_close(ratio, torch.full((50,), float(torch.tensor(-4.0).exp())), rtol=1e-3, atol=0)
    assert (before - after[:, :6]).abs().max() < 0.03


def test_lessons_are_learned_and_old_answers_kept(parent):
    old, features = torch.randn(400, DIMENSIONS), torch.randn(4, DIMENSIONS)
    lessons = Split(features, torch.tensor([6, 2, 3, 7]))
    child = grown(parent, 8, (32, 16), 0.2)
    rounds = list(ClassifierTuning(parent, child, old, lessons, seed=0).rounds())
    assert rounds[-1].lesson_loss < rounds[0].lesson_loss / 2
    assert (_answers(child, features).argmax(dim=1) == lessons.classes).sum() >= 3
    moved = (_answers(child, old)[:, :6] - _answers(parent, old)).abs().sum(dim=1).mean()
    assert moved < 0.2


def test_it_ends_when_asked_to(parent):
    lessons = Split(torch.randn(2, DIMENSIONS), torch.tensor([2, 3]))
    tuning = ClassifierTuning(parent, grown(parent, 6, (32, 16), 0.2), torch.randn(9, DIMENSIONS), lessons, seed=0)
    assert list(tuning.rounds(lambda: True)) == []
