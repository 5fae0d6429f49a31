"""Settings and training options, checked once at the edge."""

from pathlib import Path

import pytest

from dlcodegen_core.config import Settings, TrainConfig
from dlcodegen_core.errors import ConfigError


def test_the_defaults_are_the_contracts():
    settings = Settings.from_environment({})
    assert settings.ollama_host == "http://localhost:11434"
    assert settings.ollama_model == "nomic-embed-text"
    assert settings.embedder == "auto"
    assert settings.home == Path(".data").absolute()
    assert settings.database_url.startswith("sqlite:///")
    assert (settings.chroma_host, settings.chroma_port) == ("", 8000)


def test_an_empty_variable_counts_as_not_set():
    assert Settings.from_environment({"DLCODEGEN_EMBEDDER": ""}).embedder == "auto"


def test_another_process_reads_the_same_settings_back(tmp_path):
    settings = Settings(home=tmp_path, embedder="local", ollama_model="all-minilm", chroma_host="[::1]", chroma_port=81)
    assert Settings.from_environment(settings.to_environment()) == settings


@pytest.mark.parametrize(
    "environ",
    [
        {"DLCODEGEN_EMBEDDER": "cloud"},
        {"OLLAMA_EMBED_HOST": "localhost:11434"},
        {"CHROMA_HOST": "http://localhost"},
        {"CHROMA_HOST": "localhost:8000"},
        {"CHROMA_HOST": "localhost/path"},
        {"CHROMA_PORT": "many"},
        {"CHROMA_PORT": "0"},
        {"CHROMA_PORT": "65536"},
        {"CHROMA_PORT": "٣"},
    ],
)
def test_a_setting_out_of_range_names_its_variable(environ):
    with pytest.raises(ConfigError, match=next(iter(environ))):
        Settings.from_environment(environ)


def test_the_default_training_is_the_seed_configuration():
    config = TrainConfig()
    assert config.hidden_layers == (512, 256, 128, 64)
    assert (config.dropout, config.learning_rate, config.epochs, config.batch_size) == (0.2, 0.001, 50, 64)
    assert config.vocabulary_size == 100


def test_all_wrong_options_are_named_at_once():
    with pytest.raises(ConfigError, match=r"dropout is 2.*epochs is 0"):
        TrainConfig(dropout=2, epochs=0)


def test_a_config_survives_json():
    config = TrainConfig(hidden_layers=(8, 4), patience=3)
    assert TrainConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize("value", [{"epochs": "many"}, {"layers": 3}, {"hidden_layers": 5}])
def test_foreign_json_is_a_config_error(value):
    with pytest.raises(ConfigError):
        TrainConfig.from_json(value)
