"""Text -> vectors: the sentence-embedding model all-MiniLM-L6-v2, and a stand-in that needs no weights.

A passage gives one vector for the whole and a short one for each of its words, taken from the same pass
through the model: a question is compared word by word with the few passages that look promising, which
finds the one line that answers it (late interaction: Khattab and Zaharia 2020, ColBERT). A question is read
with what training added for questions (`question_encoder`). Knows nothing of files, chunks or indexes.
"""

from __future__ import annotations

import re
import threading
import zlib
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from knowledge.errors import UnreadableModelError
from knowledge.question_encoder import MOST
from knowledge.words import STOP_WORDS, plain_symbols, tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WORD_DIMENSION = 96  # of a word's vector, as the projections of `question_encoder` give them
STOP_WEIGHT = 0.3  # of a question's little words, when it is compared word by word
CACHED = 256  # last questions, and last sentences that were embedded alone
MANY = 8  # batches from which on each core takes batches of its own
Progress = Callable[[int, int], None]  # (texts done, texts in all)
_Made = tuple[np.ndarray, np.ndarray]  # of a text: the mean state, and what is made of each token's
_T = TypeVar("_T")


@dataclass(frozen=True)
class Embedded:
    vector: np.ndarray  # (dimension,) float32, length 1
    words: (
        np.ndarray
    )  # (words, WORD_DIMENSION) int8, each of length about 127; punctuation and little words left out


@dataclass(frozen=True)
class Query:
    vector: np.ndarray  # (dimension,) float32, length 1
    words: np.ndarray  # (words, WORD_DIMENSION) float32, each of length 1
    weights: np.ndarray  # (words,) float32: how much each counts
    plain: np.ndarray  # (dimension,) float32, length 1: by the model as it was published, as `embed` gives it


class TextEmbedder(Protocol):
    name: str
    dimension: int
    max_tokens: int  # special tokens included

    def count_tokens(self, text: str) -> int: ...
    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray: ...
    def embed_passages(self, texts: Sequence[str], progress: Progress | None = None) -> list[Embedded]: ...
    def embed_query(self, text: str) -> Query: ...
    def is_word(self, text: str) -> bool: ...
    def warm_up(self) -> None: ...


LITTLE = 128  # tokens up to which one core is faster: the second one mostly waits, and waits busily


class Embedder:
    """all-MiniLM-L6-v2 from its official files (model.safetensors, tokenizer.json) in `model_dir`.

    Nothing is loaded before it is needed: counting tokens costs no torch. Safe to use from several threads.
    """

    name = "all-minilm-l6-v2"
    dimension = 384
    max_tokens = 256
    _batch_tokens = 1024  # keeps a batch's activations inside the processor's cache

    def __init__(self, model_dir: Path) -> None:
        self.folder = model_dir
        self._lock = threading.Lock()
        self._tokenizer_lock = threading.Lock()
        self._tokenizer: Tokenizer | None = None
        self._model: Any = None
        self._little: np.ndarray | None = None  # (vocabulary,) bool: word pieces that say nothing alone
        self._questions: _Last[Query] = _Last()
        self._sentences: _Last[np.ndarray] = _Last()

    def count_tokens(self, text: str) -> int:
        """Word pieces of `text`, without the two special tokens."""
        (counted,) = self._tokens().encode_batch_fast([text], add_special_tokens=False)
        return len(counted.ids)

    def token_ids(self, text: str) -> list[int]:
        """What the model reads: word pieces between the two special tokens, cut to the window."""
        return self._cut(self._tokens().encode(plain_symbols(text)).ids)

    def _cut(self, ids: list[int]) -> list[int]:
        return ids if len(ids) <= self.max_tokens else [*ids[: self.max_tokens - 1], ids[-1]]

    def warm_up(self) -> None:
        self.embed_query("warm up")

    def is_word(self, text: str) -> bool:
        """Whether the model knows `text` as one word (in small letters), not as pieces of one."""
        return self._tokens().token_to_id(text) is not None

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Vectors of short texts, (texts, 384) float32, each of length 1; exact, or as near as makes no difference."""
        alone = plain_symbols(texts[0]) if len(texts) == 1 else ""
        if alone and (known := self._sentences.get(alone)) is not None:
            return known.copy()
        found = np.zeros((len(texts), self.dimension), np.float32)
        for position, _, mean, _ in self._run(texts, progress, "near"):
            found[position] = mean
        found = _unit(found)
        if alone:
            self._sentences.put(alone, found.copy())
        return found

    def embed_query(self, text: str) -> Query:
        """A question's vector, near to those of passages that answer it, and its words; the last are remembered."""
        text = plain_symbols(text)
        if (known := self._questions.get(text)) is not None:
            return known
        ((_, ids, means, words),) = self._run([text], None, "asked")
        plain, vector = _unit(means)
        inner = slice(1, -1) if len(ids) > 2 else slice(None)
        words, little = words[inner], self.says_little()[ids[inner]]
        told = np.exp(np.clip(words[:, WORD_DIMENSION], -MOST, MOST))
        weights = (np.where(little, STOP_WEIGHT, 1.0) * told).astype(np.float32)
        made = Query(vector, _unit(words[:, :WORD_DIMENSION]), weights, plain)
        self._questions.put(text, made)
        self._sentences.put(text, plain[None])
        return made

    def embed_passages(self, texts: Sequence[str], progress: Progress | None = None) -> list[Embedded]:
        """Vectors of passages and of their words, in the fastest way that the processor has."""
        found: list[Embedded | None] = [None] * len(texts)
        for position, ids, mean, words in self._run(texts, progress, "fast"):
            words = _unit(words[~self.says_little()[ids]])
            found[position] = Embedded(_unit(mean[None])[0], np.rint(words * 127).astype(np.int8))
        return [item for item in found if item is not None]

    def _run(
        self, texts: Sequence[str], progress: Progress | None, way: str
    ) -> Iterator[tuple[int, list[int], np.ndarray, np.ndarray]]:
        """(position of the text, its token ids, their mean state, their states in WORD_DIMENSION), by like lengths."""
        from knowledge.minilm import padded

        encoded = [
            self._cut(item.ids)
            for item in self._tokens().encode_batch([plain_symbols(text) for text in texts])
        ]
        order = sorted(
            range(len(encoded)), key=lambda i: -len(encoded[i])
        )  # like lengths together: little padding
        batches: list[list[int]] = []
        while order:
            size = max(1, self._batch_tokens // padded(len(encoded[order[0]])))
            batches.append(order[:size])
            order = order[size:]
        done = 0
        found = self._in_parallel([[encoded[i] for i in batch] for batch in batches], way)
        for batch, made in zip(batches, found, strict=True):
            yield from ((i, encoded[i], mean, words) for i, (mean, words) in zip(batch, made, strict=True))
            done += len(batch)
            if progress:
                progress(done, len(encoded))

    def _in_parallel(self, batches: Sequence[list[list[int]]], way: str) -> Iterator[list[_Made]]:
        """What the model makes of each batch, in order. Many batches: one to a core; they share nothing, never wait.

        (All cores on one batch, as torch does it, spend up to half their time waiting for each other.)
        """
        import torch

        cores = _cores()
        if len(batches) < MANY:
            little = sum(len(ids) for batch in batches for ids in batch) <= LITTLE
            for batch in batches:
                torch.set_num_threads(1 if little else cores)  # of this thread alone
                try:
                    made = self._hidden(batch, way)
                finally:
                    torch.set_num_threads(cores)
                yield made
            return
        self._hidden(batches[-1], way)  # the model is loaded before anybody else needs it
        with ThreadPoolExecutor(cores, "embedding", lambda: torch.set_num_threads(1)) as pool:
            waiting: deque[Future[list[_Made]]] = deque()
            try:
                for batch in batches:
                    waiting.append(pool.submit(self._hidden, batch, way))
                    if len(waiting) > 2 * cores:  # a large course's vectors are taken as they are made
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()
        torch.set_num_threads(cores)

    def says_little(self) -> np.ndarray:
        """Of each word piece, by its id, whether it says nothing alone, (vocabulary,) bool."""
        if self._little is None:
            vocabulary = self._tokens().get_vocab(with_added_tokens=True)
            little = np.zeros(max(vocabulary.values()) + 1, bool)
            for piece, id in vocabulary.items():
                little[id] = piece in STOP_WORDS or piece in _SPECIAL or not any(map(str.isalnum, piece))
            self._little = little
        return self._little

    def _hidden(self, batch: list[list[int]], way: str) -> list[_Made]:
        if self._model is None:
            with self._lock:
                if self._model is None:
                    from knowledge.minilm import MiniLM

                    self._model = MiniLM(self.folder / "model.safetensors")
        made: list[_Made] = self._model(batch, way)
        return made

    def _tokens(self) -> Tokenizer:
        with self._tokenizer_lock:
            if self._tokenizer is None:
                from tokenizers import Tokenizer

                try:
                    tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
                except Exception as error:  # the library raises nothing more particular
                    raise UnreadableModelError(self.folder, error) from error
                tokenizer.no_padding()
                tokenizer.no_truncation()  # the file asks for 128 tokens; the model was made for 256
                self._tokenizer = tokenizer
            return self._tokenizer


class _Last(Generic[_T]):
    """What the last CACHED texts gave. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[str, _T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    def get(self, text: str) -> _T | None:
        with self._lock:
            if (found := self._found.get(text)) is not None:
                self._found.move_to_end(text)
            return found

    def put(self, text: str, found: _T) -> None:
        with self._lock:
            self._found[text] = found
            while len(self._found) > CACHED:
                self._found.popitem(last=False)


class HashEmbedder:
    """Bags of hashed word stems: no weights, the same everywhere, and texts that share words are similar.

    For tests and demonstrations; it knows no synonyms.
    """

    name = "hash-256"
    dimension = 256
    max_tokens = 256

    def count_tokens(self, text: str) -> int:
        return sum(1 + len(word) // 8 for word in _PIECES.findall(text))

    def is_word(self, text: str) -> bool:
        return False

    def warm_up(self) -> None:
        """Nothing to load."""

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        found = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            found[row] = self._bag(tokens(text))
        return _unit(found)

    def embed_query(self, text: str) -> Query:
        words = self._each(tokens(text))
        vector = self.embed([text])[0]
        return Query(vector, words, np.ones(len(words), np.float32), vector)

    def embed_passages(self, texts: Sequence[str], progress: Progress | None = None) -> list[Embedded]:
        found = []
        for done, text in enumerate(texts, start=1):
            words = np.rint(self._each(dict.fromkeys(tokens(text))) * 127).astype(np.int8)
            found.append(Embedded(_unit(self._bag(tokens(text))[None])[0], words))
            if progress:
                progress(done, len(texts))
        return found

    def _each(self, stems: Iterable[str]) -> np.ndarray:
        """A vector of its own for each stem, (stems, WORD_DIMENSION)."""
        rows = [
            np.random.default_rng(zlib.crc32(stem.encode("utf-8", "replace"))).normal(size=WORD_DIMENSION)
            for stem in list(stems) or ["(nothing)"]
        ]
        return _unit(np.stack(rows))

    def _bag(self, stems: Sequence[str]) -> np.ndarray:
        bag = np.zeros(self.dimension, np.float32)
        for stem in stems or ["(nothing)"]:
            digest = zlib.crc32(stem.encode())
            bag[digest % self.dimension] += 1.0 if digest & 0x10000 else -1.0
        return bag


_SPECIAL = frozenset({"[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]"})
_PIECES = re.compile(r"\w+|[^\w\s]")


@cache
def _cores() -> int:
    """The threads that torch takes if nobody tells it otherwise.

    Asked once, before anybody does: what one thread sets is what torch tells every thread that comes new.
    """
    import torch

    return torch.get_num_threads()


def _unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.maximum(lengths, 1e-12)).astype(np.float32)
