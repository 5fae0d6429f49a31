"""A generating model on the person's own Ollama server as a baseline: a large general model without their code.

Only a server on this machine is asked, and only for what it has; nothing is ever pulled.
"""

import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dlcodegen_core.errors import EmbedderUnavailable, ModelError
from dlcodegen_core.evaluation.baselines.line_system import LineGuess

if TYPE_CHECKING:
    import ollama

PROMPT_CHARACTERS = 1_500
MAX_TOKENS = 40
CONNECT_SECONDS = 1.0
SEARCH_SECONDS = 2.0
READ_SECONDS = 60.0  # the first answer waits for the model to be loaded


class OllamaLines:
    """Raw continuation of the prompt's last 1,500 characters, greedy, up to the newline."""

    def __init__(self, host: str, model: str, read_seconds: float = READ_SECONDS) -> None:
        self.name = f"Ollama {model}"
        self._host = host
        self._model = model
        self._read_seconds = read_seconds
        self._client = _client(host, read_seconds)

    def complete(self, prompt: str) -> LineGuess:
        """Ask the server. Raises EmbedderUnavailable if it does not answer, ModelError if the model does not."""
        import httpx
        import ollama
        import pydantic

        text = prompt[-PROMPT_CHARACTERS:].encode("utf-8", "replace").decode()
        options = {"temperature": 0, "num_predict": MAX_TOKENS, "stop": ["\n"], "seed": 0}
        try:
            reply = self._client.generate(model=self._model, prompt=text, raw=True, stream=False, options=options)
        except ollama.ResponseError as exc:
            raise ModelError(f"Ollama's {self._model} refused a prompt: {exc.error}") from exc
        except httpx.TimeoutException as exc:
            raise EmbedderUnavailable(
                f"Ollama's {self._model} did not answer within {self._read_seconds:g} s. Try a smaller model."
            ) from exc
        except (ConnectionError, httpx.TransportError) as exc:
            raise EmbedderUnavailable(
                f"Ollama no longer answers at {self._host}. Start it with `ollama serve`."
            ) from exc
        except (pydantic.ValidationError, ValueError, TypeError) as exc:
            raise ModelError(f"{self._host} answered with something that is not an Ollama reply.") from exc
        return LineGuess((reply.response or "").partition("\n")[0].rstrip())

    def close(self) -> None:
        """Close the connection."""
        _close(self._client)


def find_generating_model(host: str, seconds: float = SEARCH_SECONDS) -> str | None:
    """The model to compare with on the server at `host`: one made for code if there is one, else the smallest.

    None if the host is not this machine, does not answer within `seconds`, or has only models that embed.
    """
    import httpx
    import ollama
    import pydantic

    if not _is_loopback(host):
        return None
    client = _client(host, seconds)
    try:
        models = [(entry.model, int(entry.size or 0)) for entry in client.list().models if entry.model]
        ranked = sorted(models, key=lambda entry: ("code" not in entry[0], entry[1], entry[0]))
        return next((name for name, _size in ranked if _generates(client.show(name))), None)
    except (ollama.ResponseError, ConnectionError, httpx.HTTPError, pydantic.ValidationError, ValueError, TypeError):
        return None
    finally:
        _close(client)


def _generates(model: "ollama.ShowResponse") -> bool:
    """Whether a model completes text: by its capabilities, or on servers before 0.6.4 by its family."""
    if model.capabilities is not None:
        return "completion" in model.capabilities
    details = model.details
    families = [*(details.families or []), details.family or ""] if details else []
    return any(families) and not any("bert" in family for family in families)


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(host).hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _client(host: str, read_seconds: float) -> "ollama.Client":
    import httpx
    import ollama

    timeout: Any = httpx.Timeout(read_seconds, connect=min(CONNECT_SECONDS, read_seconds))
    # trust_env off: a proxy from the environment must never see the person's code.
    return ollama.Client(host=host, timeout=timeout, trust_env=False)


def _close(client: "ollama.Client") -> None:
    client._client.close()  # the ollama client has no method for it
