"""Settings and training options, checked once at the edge."""

from pathlib import Path

import pytest

from dlcodegen_core.config import ServingSettings, Settings, TrainConfig
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
        {"DLCODEGEN_OFFLINE": "maybe"},
    ],
)
def test_a_setting_out_of_range_names_its_variable(environ):
    with pytest.raises(ConfigError, match=next(iter(environ))):
        Settings.from_environment(environ)


@pytest.mark.parametrize(("given", "offline"), [("1", True), ("Yes", True), ("0", False), ("off", False), ("", False)])
def test_offline_is_a_yes_or_a_no_and_reaches_other_processes(given, offline):
    settings = Settings.from_environment({"DLCODEGEN_OFFLINE": given})
    assert settings.offline is offline
    assert Settings.from_environment(settings.to_environment()).offline is offline


def test_serving_is_for_this_machine_alone_unless_told_otherwise():
    settings = ServingSettings.from_environment({})
    assert (settings.api_keys, settings.allowed_hosts, settings.allowed_origins) == ("", (), ())
    assert (settings.max_body_bytes, settings.requests_per_minute, settings.sign_in) == (32_000_000, None, False)


def test_lists_of_serving_are_separated_by_commas_and_told_in_lower_case():
    settings = ServingSettings.from_environment(
        {
            "DLCODEGEN_ALLOWED_HOSTS": "Workbench.example.org, *.lab.example.org,[fd00::5]",
            "DLCODEGEN_ALLOWED_ORIGINS": "https://tools.example.org:8443,vscode-webview://abc",
            "DLCODEGEN_SIGN_IN": "1",
            "DLCODEGEN_SIGN_IN_EMAILS": "Ann@example.org, ,bob@example.org",
            "DLCODEGEN_REQUESTS_PER_MINUTE": "60",
        }
    )
    assert settings.allowed_hosts == ("workbench.example.org", "*.lab.example.org", "[fd00::5]")
    assert settings.allowed_origins == ("https://tools.example.org:8443", "vscode-webview://abc")
    assert settings.sign_in_emails == ("ann@example.org", "bob@example.org")
    assert (settings.sign_in, settings.requests_per_minute) == (True, 60)


def test_keys_never_show_themselves_in_settings():
    assert "s3cret" not in repr(ServingSettings(api_keys="laptop:s3cret"))


@pytest.mark.parametrize(
    "environ",
    [
        {"DLCODEGEN_LOG": "xml"},
        {"DLCODEGEN_SIGN_IN": "perhaps"},
        {"DLCODEGEN_MAX_BODY_BYTES": "many"},
        {"DLCODEGEN_MAX_BODY_BYTES": "10"},
        {"DLCODEGEN_BODY_SECONDS": "nan"},
        {"DLCODEGEN_BODY_SECONDS": "inf"},
        {"DLCODEGEN_REQUESTS_PER_MINUTE": "0"},
        {"DLCODEGEN_ALLOWED_HOSTS": "*"},
        {"DLCODEGEN_ALLOWED_HOSTS": "http://a"},
        {"DLCODEGEN_ALLOWED_HOSTS": "a:80"},
        {"DLCODEGEN_ALLOWED_ORIGINS": "tools.example.org"},
        {"DLCODEGEN_ALLOWED_ORIGINS": "*"},
        {"DLCODEGEN_ALLOWED_ORIGINS": "https://a.example/path"},
    ],
)
def test_a_setting_of_serving_out_of_range_names_its_variable(environ):
    with pytest.raises(ConfigError, match=next(iter(environ))):
        ServingSettings.from_environment(environ)


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
