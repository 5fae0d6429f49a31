"""Training presets in plain words. The times are for the demo dataset on two cores, measured by `make bench`."""

from dataclasses import dataclass

from dlcodegen_core import TrainConfig


@dataclass(frozen=True, slots=True)
class Preset:
    """A named configuration. help: one sentence on what it is for."""

    name: str
    help: str
    config: TrainConfig


QUICK = Preset(
    "Quick",
    "A first model in well under a minute: 500 tokens, the first token of each completion.",
    TrainConfig(vocabulary_size=500, epochs=20, patience=5),
)
GOOD = Preset(
    "Good",
    "Learns the first three tokens of each completion, so that it can go on; about a minute the first time.",
    TrainConfig(vocabulary_size=1000, epochs=40, patience=6, tokens_per_pair=3),
)
THOROUGH = Preset(
    "Thorough",
    "Learns the first eight tokens of each completion; several minutes the first time.",
    TrainConfig(vocabulary_size=2000, epochs=80, patience=8, tokens_per_pair=8),
)
SEED = Preset(
    "Seed configuration",
    "Exactly the original design: 100 output tokens, 50 epochs, batch 64, the first token only.",
    TrainConfig(),
)
LINES_QUICK = Preset(
    "Quick",
    "About half a minute, enough to try it: the network has little time for your code, so what it knows of it comes "
    "mostly from counting and copying.",
    TrainConfig.sequence(seconds=20.0),
)
LINES_GOOD = Preset(
    "Good",
    "About a minute: the network has time for your code, too.",
    TrainConfig.sequence(),
)
LINES_THOROUGH = Preset(
    "Thorough",
    "About five minutes, most of them for the network: for much code, or a model for every day.",
    TrainConfig.sequence(seconds=300.0),
)
LINES_PRESETS = (LINES_QUICK, LINES_GOOD, LINES_THOROUGH)
CUSTOM = Preset("Custom", "Start from the seed configuration and change what you like.", TrainConfig())

PRESETS = (QUICK, GOOD, THOROUGH, SEED, CUSTOM)
