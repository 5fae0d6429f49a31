"""Which versions know a pair."""

from dataclasses import replace

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.feedback.learned import learned_by
from dlcodegen_core.feedback.records import pair_fingerprint
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.registry.versions import DamagedVersion

CARD = ModelCard("v1", "", "", "d", 1, "", 1, 1, TrainConfig(), "", "", (), (), (), {})


def test_the_versions_that_were_tuned_on_a_pair_are_named() -> None:
    one, other = pair_fingerprint("a", "1"), pair_fingerprint("b", "2")
    cards = [
        replace(CARD, version="v4", tuning={"feedback": [one, other]}),
        DamagedVersion("v3", "broken"),
        replace(CARD, version="v2", tuning={"feedback": [other]}),
        CARD,
    ]
    assert learned_by(cards, [one]) == ["v4"]
    assert learned_by(cards, [one, other]) == ["v4", "v2"]
    assert learned_by(cards, [pair_fingerprint("a", "2")]) == []
