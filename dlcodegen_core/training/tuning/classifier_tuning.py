"""A short fine-tuning of DeepCodeNet: lessons and old samples in every step, the old ones with the parent's answers.

On an old sample the child is asked to say what the parent says, not what was true: more passes over true tokens would
only learn the training split by heart (Li and Hoiem 2016, "Learning without Forgetting"). BatchNorm and dropout stay
as they are when answering, so lessons shown over and over do not shift what the network takes for ordinary.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.models.vocabulary import UNKNOWN
from dlcodegen_core.training.trainer import Split
from dlcodegen_core.training.tuning.request import CLASSIFIER_ROUNDS as ROUNDS

RATE = 3e-4  # of Adam, in the first round
FASTER, FASTEST = 1.2, 5.0  # the rate from round to round while the lessons resist, and how far it goes
STEPS_A_ROUND = 20
OLD_ROWS, LESSON_ROWS = 256, 64  # a step
LESSON_WEIGHT = 0.1
LEARNED = 0.3  # nats a lesson; they are mostly right by then, and more would only disturb the rest
NEW_CLASS_BIAS = -4.0  # beside the unknown class, which stood for the token until now


@dataclass(frozen=True, slots=True)
class ClassifierRound:
    """Some steps: the mean loss of the lessons, and of the old samples beyond what the parent itself is unsure of."""

    number: int
    lesson_loss: float
    drift: float


def grown(network: DeepCodeNet, classes: int, hidden_layers: Sequence[int], dropout: float) -> DeepCodeNet:
    """A copy with more output classes; a new one begins as a rare case of the unknown."""
    child = DeepCodeNet(classes, hidden_layers, dropout)
    state = copy.deepcopy(network.state_dict())
    more = classes - network.output.out_features
    weight, bias = state["output.weight"], state["output.bias"]
    state["output.weight"] = torch.cat([weight, weight[UNKNOWN].expand(more, -1)])
    state["output.bias"] = torch.cat([bias, (bias[UNKNOWN] + NEW_CLASS_BIAS).expand(more)])
    child.load_state_dict(state)
    return child.eval()


class ClassifierTuning:
    """One fine-tuning run; `rounds` learns and reports. The child is changed in place."""

    def __init__(self, parent: DeepCodeNet, child: DeepCodeNet, old: Tensor, lessons: Split, seed: int) -> None:
        """old: features of what the parent learned, shape (samples, 544). child: `grown` from the parent."""
        self._parent = parent
        self._child = child
        self._old = old
        self._lessons = lessons
        self._random = torch.Generator().manual_seed(seed)
        self._adam = torch.optim.Adam(child.parameters(), RATE)

    def rounds(self, stop: Callable[[], bool] = lambda: False) -> Iterator[ClassifierRound]:
        """Learn until the lessons are known or all rounds are over. Asks `stop` after each step."""
        for number in range(1, ROUNDS + 1):
            sums = torch.zeros(2)
            for _step in range(STEPS_A_ROUND):
                if stop():
                    return
                sums += self._step(min(FASTEST, FASTER ** (number - 1)))
            lesson_loss, drift = (sums / STEPS_A_ROUND).tolist()
            yield ClassifierRound(number, lesson_loss, drift)
            if lesson_loss < LEARNED:
                return

    def _step(self, times: float) -> Tensor:
        for group in self._adam.param_groups:
            group["lr"] = RATE * times
        old = self._old[torch.randint(0, len(self._old), (min(OLD_ROWS, len(self._old)),), generator=self._random)]
        rows = torch.randperm(len(self._lessons), generator=self._random)[:LESSON_ROWS]
        logits = self._child(torch.cat([old, self._lessons.features[rows]]))
        lesson_loss = functional.cross_entropy(logits[len(old) :], self._lessons.classes[rows])
        with torch.no_grad():
            said = self._parent(old).log_softmax(dim=1)
            said = functional.pad(said, (0, logits.shape[1] - said.shape[1]), value=-torch.inf)
        drift = functional.kl_div(
            logits[: len(old)].log_softmax(dim=1), said.clamp_min(-100), reduction="batchmean", log_target=True
        )
        (LESSON_WEIGHT * lesson_loss + drift).backward()
        self._adam.step()
        self._adam.zero_grad()
        return torch.stack([lesson_loss, drift]).detach()
