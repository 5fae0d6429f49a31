"""Byte-level BPE over source code: any text is in the vocabulary, and decoding what was encoded gives it back.

Text is first cut into pieces that no token crosses: a newline with the indentation after it, a word with the space
before it, up to three digits, a run of punctuation. A line's first guess is then its block level, and a completion
that ends the line ends with a token. Uses the `tokenizers` library.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

# Tokens that stand for no text. The last three let a network fill in the middle: after FILL_IN come the first tokens of
# what stands behind the gap, after FROM_HERE what stands before it, then the middle, closed by FILLED.
END_OF_FILE, FILL_IN, FROM_HERE, FILLED = range(4)
_MARKS = ("<end of file>", "<fill in>", "<from here>", "<filled>")
SMALLEST_VOCABULARY = 512
LARGEST_VOCABULARY = 16_384
LONGEST_TOKEN = 40  # characters; longer ones would be whole lines of a licence header

_PIECES = r"(?:\n[ \t]*)+| ?[\p{L}_][\p{L}\p{N}_]*|\p{N}{1,3}| ?[^\s\p{L}\p{N}_]+|\s+|."
_BATCH = 1_000_000  # characters encoded at once
_STOPS_KEPT = 64  # sets of stop strings
_TAIL = 400  # characters looked at to find the last piece of a text

Tokens = NDArray[np.int64]


class CodeTokenizer:
    """A trained tokenizer. Immutable; threads may share it."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._ending: dict[tuple[bytes, ...], NDArray[np.bool_]] = {}

    @classmethod
    def train(cls, texts: Iterable[str], vocabulary_size: int) -> "CodeTokenizer":
        """Learn the merges from texts; the result may be smaller than asked if the texts are short."""
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(_PIECES), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary_size,
            special_tokens=list(_MARKS),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
            max_token_length=LONGEST_TOKEN,
        )
        tokenizer.train_from_iterator(texts, trainer)
        # As text, the name of a mark is text like any other.
        tokenizer.encode_special_tokens = True
        return cls(tokenizer)

    @classmethod
    def from_json(cls, text: str) -> "CodeTokenizer":
        """Raises ValueError if it is not the JSON of such a tokenizer."""
        try:
            tokenizer = Tokenizer.from_str(text)
        except Exception as exc:  # the library raises bare Exception
            raise ValueError(f"it is no tokenizer: {exc}") from exc
        tokenizer.encode_special_tokens = True
        return cls(tokenizer)

    def to_json(self) -> str:
        return self._tokenizer.to_str()

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def encode(self, text: str) -> Tokens:
        """Token numbers of a text, shape (tokens,)."""
        return np.array(self._tokenizer.encode(text, add_special_tokens=False).ids, np.int64)

    def encode_all(self, texts: Sequence[str]) -> list[Tokens]:
        """The same for many texts, on all cores."""
        return [
            np.array(encoding.ids, np.int64)
            for batch in _batches(texts)
            for encoding in self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
        ]

    def pieces(self, texts: Sequence[str]) -> Counter[tuple[int, ...]]:
        """How often each piece that tokens do not cross stands in the texts, as its tokens."""
        counts: Counter[tuple[int, ...]] = Counter()
        for batch in _batches(texts):
            for encoding in self._tokenizer.encode_batch(batch, add_special_tokens=False):
                tokens = tuple(encoding.ids)
                begins = np.flatnonzero(np.diff(np.array(encoding.word_ids, np.int64), prepend=-1)).tolist()
                counts.update(tokens[start:end] for start, end in pairwise([*begins, len(tokens)]))
        return counts

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of tokens; bytes that form no character become U+FFFD."""
        return b"".join(self.bytes_of[int(token)] for token in tokens).decode("utf-8", "replace")

    @cached_property
    def bytes_of(self) -> list[bytes]:
        """The bytes that each token stands for; none for the marks."""
        byte_of = {character: byte for byte, character in enumerate(_byte_characters())}
        texts = [self._tokenizer.id_to_token(number) for number in range(len(self))]
        return [b"" if text in _MARKS else bytes(byte_of[character] for character in text or "") for text in texts]

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """How many bytes each token stands for, shape (vocabulary,)."""
        return np.array([len(content) for content in self.bytes_of], np.int64)

    def ending(self, stops: Sequence[bytes]) -> NDArray[np.bool_]:
        """Which tokens begin with one of `stops` or are marks, shape (vocabulary,). Kept for the next time."""
        kept = tuple(stops)
        if kept not in self._ending:
            if len(self._ending) >= _STOPS_KEPT:
                self._ending = {}
            self._ending[kept] = np.array([not content or content.startswith(kept) for content in self.bytes_of])
        return self._ending[kept]

    def typing(self, pending: bytes) -> Tokens:
        """The tokens that begin with the bytes `pending`, and those that are a beginning of it, ascending."""
        contents, numbers = self._sorted
        first = bisect_left(contents, pending)
        last = bisect_left(contents, pending + b"\xff" * LONGEST_TOKEN * 4)  # a character has four bytes at most
        shorter = [
            self._number_of[part] for size in range(1, len(pending)) if (part := pending[:size]) in self._number_of
        ]
        return np.array(sorted([*numbers[first:last], *shorter]), np.int64)

    @cached_property
    def _sorted(self) -> tuple[list[bytes], list[int]]:
        """What the tokens stand for, in the order of bytes, and their numbers; without the marks."""
        pairs = sorted((content, number) for number, content in enumerate(self.bytes_of) if content)
        return [content for content, _number in pairs], [number for _content, number in pairs]

    @cached_property
    def _number_of(self) -> dict[bytes, int]:
        return dict(zip(*self._sorted, strict=True))

    def last_piece(self, text: str) -> str:
        """The unfinished piece at the end of `text`: typing on may still change how it is cut into tokens."""
        tail = text[-_TAIL:]
        pieces = self._tokenizer.pre_tokenizer.pre_tokenize_str(tail)
        return tail[pieces[-1][1][0] :] if pieces else ""


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in lists of about a million characters: encodings take a hundred times the room of their tokens."""
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _byte_characters() -> list[str]:
    """The printable character that byte-level BPE writes for each byte: itself, or one above U+0100."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    above = iter(range(0x100, 0x200))
    return [chr(byte) if byte in printable else chr(next(above)) for byte in range(256)]
