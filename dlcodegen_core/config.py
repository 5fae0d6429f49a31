"""Settings from the environment and the options of a training, validated once, at the edge.

The only place that reads environment variables. Knows nothing of models or files.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dlcodegen_core.errors import ConfigError

MODEL_KINDS = ("deepcodenet", "sequence")
EMBEDDER_CHOICES = ("auto", "ollama", "local")
RUNTIMES = ("numpy", "onnx")
REDIS_SCHEMES = ("redis", "rediss", "unix")
ENVIRONMENT_VARIABLES = {
    "home": "DLCODEGEN_HOME",
    "ollama_host": "OLLAMA_EMBED_HOST",
    "ollama_model": "OLLAMA_EMBED_MODEL",
    "embedder": "DLCODEGEN_EMBEDDER",
    "database_url": "DLCODEGEN_DATABASE_URL",
    "chroma_host": "CHROMA_HOST",
    "chroma_port": "CHROMA_PORT",
    "redis_url": "REDIS_URL",
    "runtime": "DLCODEGEN_RUNTIME",
    "offline": "DLCODEGEN_OFFLINE",
}
SERVING_VARIABLES = {
    "api_keys": "DLCODEGEN_API_KEY",
    "allowed_hosts": "DLCODEGEN_ALLOWED_HOSTS",
    "allowed_origins": "DLCODEGEN_ALLOWED_ORIGINS",
    "max_body_bytes": "DLCODEGEN_MAX_BODY_BYTES",
    "body_seconds": "DLCODEGEN_BODY_SECONDS",
    "requests_per_minute": "DLCODEGEN_REQUESTS_PER_MINUTE",
    "log": "DLCODEGEN_LOG",
    "sign_in": "DLCODEGEN_SIGN_IN",
    "sign_in_emails": "DLCODEGEN_SIGN_IN_EMAILS",
}
LOG_FORMATS = ("", "json", "text")
YES, NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")
MAX_PORT = 65_535
# A name or an address, an IPv6 one in its brackets; nothing that could be more of a URL than that.
_HOST = re.compile(r"[A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\]")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[A-Za-z0-9_.\[\]:-]+")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things live and which services are used. `Settings.from_environment()` reads the contract's variables.

    redis_url: of a prediction cache that processes share; empty for one in memory. runtime: what DeepCodeNet's forward
    pass runs on. offline: connect to no other machine.
    """

    home: Path = Path(".data")
    ollama_host: str = "http://localhost:11434"
    ollama_model: str = "nomic-embed-text"
    embedder: str = "auto"
    database_url: str = ""
    chroma_host: str = ""
    chroma_port: int = 8000
    redis_url: str = field(default="", repr=False)  # it may hold a password
    runtime: str = "numpy"
    offline: bool = False

    def __post_init__(self) -> None:
        if self.embedder not in EMBEDDER_CHOICES:
            raise ConfigError(
                f"DLCODEGEN_EMBEDDER is {self.embedder!r}. Set it to one of: {', '.join(EMBEDDER_CHOICES)}."
            )
        if urlsplit(self.ollama_host).scheme not in ("http", "https"):
            raise ConfigError(f"OLLAMA_EMBED_HOST is {self.ollama_host!r}. Give a URL such as http://localhost:11434.")
        if not _HOST.fullmatch(self.chroma_host):
            raise ConfigError(
                f"CHROMA_HOST is {self.chroma_host!r}. Give a host's name alone, such as localhost, and its port as "
                "CHROMA_PORT; or leave it empty to keep the index in the home folder."
            )
        if not re.fullmatch("[0-9]{1,5}", str(self.chroma_port)) or not 1 <= int(self.chroma_port) <= MAX_PORT:
            raise ConfigError(f"CHROMA_PORT is {str(self.chroma_port)!r}. Give a number from 1 to {MAX_PORT}.")
        if self.redis_url and urlsplit(self.redis_url).scheme not in REDIS_SCHEMES:
            raise ConfigError(
                "REDIS_URL is not the address of a Redis server. Give one such as redis://localhost:6379/0, or leave "
                "it empty to keep the predictions of each process in its own memory."
            )
        if self.runtime not in RUNTIMES:
            raise ConfigError(f"DLCODEGEN_RUNTIME is {self.runtime!r}. Set it to one of: {', '.join(RUNTIMES)}.")
        object.__setattr__(self, "chroma_port", int(self.chroma_port))
        object.__setattr__(self, "offline", _yes_or_no("DLCODEGEN_OFFLINE", self.offline))
        object.__setattr__(self, "home", Path(self.home).expanduser().absolute())
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.home / 'workbench.sqlite'}")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the variables of the contract; an empty one counts as not set. Raises ConfigError."""
        given = {field: environ[name] for field, name in ENVIRONMENT_VARIABLES.items() if environ.get(name)}
        return cls(**given)  # type: ignore[arg-type]  # __post_init__ turns them into a Path and a number

    def to_environment(self) -> dict[str, str]:
        """The variables that make another process read these same settings."""
        values = {name: getattr(self, field) for field, name in ENVIRONMENT_VARIABLES.items()}
        return {name: str(int(value) if isinstance(value, bool) else value) for name, value in values.items()}

    def for_a_child(self) -> dict[str, str]:
        """The whole environment of a process that runs this same code with these settings."""
        package_root = str(Path(__file__).parents[1])
        paths = [package_root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        return {**os.environ, **self.to_environment(), "PYTHONPATH": os.pathsep.join(paths)}

    @property
    def versions_folder(self) -> Path:
        return self.home / "versions"

    @property
    def jobs_folder(self) -> Path:
        return self.home / "jobs"

    @property
    def reports_folder(self) -> Path:
        return self.home / "reports"

    @property
    def searches_folder(self) -> Path:
        return self.home / "searches"

    @property
    def vector_models_folder(self) -> Path:
        return self.home / "vector-models"

    @property
    def tasks_folder(self) -> Path:
        return self.home / "tasks"

    @property
    def uploads_folder(self) -> Path:
        return self.home / "uploads"

    @property
    def chroma_folder(self) -> Path:
        return self.home / "chroma"

    @property
    def embedding_cache_file(self) -> Path:
        return self.home / "cache" / "embeddings.sqlite"


@dataclass(frozen=True, slots=True)
class ServingSettings:
    """Who may ask over HTTP, how much, and what is written down of it.

    api_keys: as DLCODEGEN_API_KEY has them, see `serving.keys`. allowed_hosts, allowed_origins: beside this machine's
    own names. max_body_bytes, body_seconds: of a whole body. requests_per_minute: of one key, or of one address without
    keys; None leaves this machine alone. log: json or text; empty for text on a terminal and JSON elsewhere. sign_in:
    the pages ask who is there. sign_in_emails: who may come in then, everybody who can sign in if empty.
    """

    api_keys: str = field(default="", repr=False)
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    max_body_bytes: int = 32_000_000
    body_seconds: float = 30.0
    requests_per_minute: int | None = None
    log: str = ""
    sign_in: bool = False
    sign_in_emails: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.log not in LOG_FORMATS:
            raise ConfigError(f"DLCODEGEN_LOG is {self.log!r}. Set it to json or text, or leave it empty.")
        for name, least, kind in (("max_body_bytes", 1_000, int), ("body_seconds", 0.1, float)):
            object.__setattr__(self, name, _number(SERVING_VARIABLES[name], getattr(self, name), least, kind))
        if self.requests_per_minute is not None:
            limit = _number(SERVING_VARIABLES["requests_per_minute"], self.requests_per_minute, 1, int)
            object.__setattr__(self, "requests_per_minute", limit)
        object.__setattr__(self, "sign_in", _yes_or_no("DLCODEGEN_SIGN_IN", self.sign_in))
        for origin in self.allowed_origins:
            if not _ORIGIN.fullmatch(origin):
                raise ConfigError(
                    f"DLCODEGEN_ALLOWED_ORIGINS holds {origin!r}. Give origins such as https://tools.example.org, "
                    "separated by commas."
                )
        for host in self.allowed_hosts:
            if not host or not _HOST.fullmatch(host.removeprefix("*.")):
                raise ConfigError(
                    f"DLCODEGEN_ALLOWED_HOSTS holds {host!r}. Give names such as workbench.example.org or "
                    "*.example.org, without a port, separated by commas."
                )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "ServingSettings":
        """An empty variable counts as not set. Raises ConfigError."""
        given: dict[str, Any] = {
            field: environ[name] for field, name in SERVING_VARIABLES.items() if environ.get(name, "").strip()
        }
        for name in ("allowed_hosts", "allowed_origins", "sign_in_emails"):
            if name in given:
                given[name] = tuple(part.strip().lower() for part in given[name].split(",") if part.strip())
        return cls(**given)


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Everything that decides what a training does. The defaults are the seed configuration of DeepCodeNet;
    `TrainConfig.sequence()` has those of the sequence model, which uses held_out, seconds, seed, from_scratch and,
    from scratch, vocabulary_size.

    model: which kind. vocabulary_size counts all output classes, unknown and end of completion included.
    tokens_per_pair: how many leading code tokens of each target are learned; each is a sample of its own.
    held_out: share of the pairs kept out of the training, split by source file where pairs have one.
    patience: stop after so many epochs without a better held-out loss; None trains all epochs.
    seconds: stop the fitting after this time even if epochs are left; None for no limit. Of the sequence model: all
    of the training, from reading to saving.
    language: None detects it for each pair.
    from_scratch: the sequence model learns its tokenizer and network anew instead of starting from the base model.
    """

    hidden_layers: tuple[int, ...] = (512, 256, 128, 64)
    dropout: float = 0.2
    learning_rate: float = 0.001
    epochs: int = 50
    batch_size: int = 64
    vocabulary_size: int = 100
    tokens_per_pair: int = 1
    held_out: float = 0.15
    patience: int | None = None
    seconds: float | None = None
    seed: int = 0
    language: str | None = None
    model: str = "deepcodenet"
    from_scratch: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden_layers", tuple(self.hidden_layers))
        rules = {
            "hidden_layers": (
                1 <= len(self.hidden_layers) <= 12 and all(1 <= width <= 8192 for width in self.hidden_layers),
                "1 to 12 widths between 1 and 8192",
            ),
            "dropout": (0 <= self.dropout < 1, "at least 0 and below 1"),
            "learning_rate": (0 < self.learning_rate <= 1, "above 0 and at most 1"),
            "epochs": (1 <= self.epochs <= 10_000, "1 to 10000"),
            "batch_size": (1 <= self.batch_size <= 65_536, "1 to 65536"),
            "vocabulary_size": (3 <= self.vocabulary_size <= 16_384, "3 to 16384"),
            "tokens_per_pair": (1 <= self.tokens_per_pair <= 64, "1 to 64"),
            "held_out": (0 <= self.held_out <= 0.5, "0 to 0.5"),
            "patience": (self.patience is None or self.patience >= 1, "1 or more, or none"),
            "seconds": (self.seconds is None or self.seconds > 0, "above 0, or none"),
            "model": (self.model in MODEL_KINDS, " or ".join(MODEL_KINDS)),
            "seed": (0 <= self.seed < 2**32, "0 to 4294967295"),
        }
        wrong = [f"{name} is {getattr(self, name)}, use {rule}" for name, (holds, rule) in rules.items() if not holds]
        if wrong:
            raise ConfigError(f"Training configuration: {'; '.join(wrong)}.")

    @classmethod
    def sequence(cls, **options: Any) -> "TrainConfig":
        """The sequence model's defaults: 4,096 tokens, a minute in all, a tenth of the files held out."""
        return cls(**{"vocabulary_size": 4096, "seconds": 60.0, "held_out": 0.1, **options, "model": "sequence"})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "TrainConfig":
        """The inverse of `to_json`. Raises ConfigError on unknown names or wrong types."""
        known = {each.name for each in fields(cls)}
        unknown = sorted(set(value) - known)
        if unknown:
            raise ConfigError(
                f"Training configuration: unknown option {', '.join(unknown)}. Known: {', '.join(sorted(known))}."
            )
        try:
            return cls(**value)
        except TypeError as exc:
            raise ConfigError(f"Training configuration: a value has the wrong type ({exc}).") from exc


def _yes_or_no(variable: str, value: bool | str) -> bool:
    told = str(value).strip().lower()
    if told not in (*YES, *NO):
        raise ConfigError(f"{variable} is {value!r}. Set it to 1 or 0, or leave it empty.")
    return told in YES


def _number(variable: str, value: Any, least: float, kind: type) -> Any:
    try:
        number = kind(value)
    except (ValueError, OverflowError) as exc:
        raise ConfigError(f"{variable} is {value!r}. Give a number of at least {least:g}.") from exc
    if not least <= number < float("inf"):
        raise ConfigError(f"{variable} is {value!r}. Give a number of at least {least:g}.")
    return number
