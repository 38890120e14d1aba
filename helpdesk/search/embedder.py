"""Text in, unit vectors of 384 numbers out.

`get_embedder()` is the one way in. Whoever calls it expects EmbedderUnavailable and goes on by full text alone.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
from django.conf import settings
from django.utils.module_loading import import_string
from numpy.typing import NDArray

from helpdesk.search import minilm

Vectors = NDArray[np.float32]

DIMENSIONS = minilm.DIMENSIONS
MAX_CHARACTERS = 20_000  # 256 tokens seldom reach beyond 2,000; a pasted log of 10 MB must not be tokenised whole
RETRY_SECONDS = 30.0


class EmbedderUnavailable(Exception):
    """There are no vectors now; the sentence says why."""


class Backend(Protocol):
    """What an embedder must offer; `version` changes when its vectors do."""

    dimensions: int
    version: str

    def embed(self, texts: Sequence[str]) -> Vectors: ...


class MiniLM:
    """all-MiniLM-L6-v2 on the CPU. Safe to call from several threads."""

    dimensions = DIMENSIONS
    version = f"minilm-v{minilm.GRAPH_VERSION}"

    def __init__(self, data_dir: Path, threads: int = 1) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        folder = minilm.weights_dir(data_dir)
        minilm.check(folder)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(minilm.MAX_TOKENS)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(minilm.graph_path(data_dir)), options, providers=["CPUExecutionProvider"])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, 384) float32 rows of length one, in the order given. The same text always has the same vector."""
        if len(texts) < 8:
            rows = [self._one(text) for text in texts]
        else:
            with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
                rows = list(pool.map(self._one, texts, chunksize=1))
        return np.concatenate(rows) if rows else np.empty((0, DIMENSIONS), np.float32)

    def _one(self, text: str) -> Vectors:
        ids = self._tokenizer.encode(_clean(text)).ids
        vector: Vectors = self._session.run(None, {"ids": np.array(ids, np.int64)})[0]
        return vector


def _clean(text: str) -> str:
    # A lone surrogate, from broken mail, is not text to the tokenizer.
    return text[:MAX_CHARACTERS].encode("utf-8", "replace").decode()


class Embedder:
    """A backend whose every failure is an EmbedderUnavailable."""

    dimensions = DIMENSIONS

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.version = backend.version

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, 384) float32 unit vectors, in the order of the texts."""
        try:
            vectors = np.asarray(self._backend.embed(texts), np.float32)
        except Exception as error:
            raise EmbedderUnavailable(f"The embedder failed: {error}") from error
        if vectors.shape != (len(texts), DIMENSIONS) or not np.isfinite(vectors).all():
            raise EmbedderUnavailable(f"The embedder gave {vectors.shape} for {len(texts)} texts, or numbers that are none.")
        return vectors

    def embed_one(self, text: str) -> Vectors:
        """(384,) float32 of length one."""
        vector: Vectors = self.embed([text])[0]
        return vector


_lock = threading.Lock()
_embedder: Embedder | None = None
_failure: tuple[float, EmbedderUnavailable] | None = None


def get_embedder() -> Embedder:
    """The process's embedder, loaded on first use. After a failure it is tried again every 30 seconds."""
    global _embedder, _failure
    if _embedder is not None:
        return _embedder
    with _lock:
        if _embedder is not None:
            return _embedder
        if _failure and time.monotonic() - _failure[0] < RETRY_SECONDS:
            raise _failure[1]
        try:
            _embedder = _load()
        except EmbedderUnavailable as error:
            _failure = (time.monotonic(), error)
            raise
        return _embedder


def forget_embedder() -> None:
    """Load it afresh at the next call: after a change of settings, and between tests."""
    global _embedder, _failure
    with _lock:
        _embedder = _failure = None


def use_embedder(embedder: Embedder) -> None:
    """Put another one in its place: for batch jobs that know their vectors, and for tests."""
    global _embedder
    with _lock:
        _embedder = embedder


def _load() -> Embedder:
    name = settings.EMBEDDER
    try:
        backend: Backend = MiniLM(settings.DATA_DIR) if name == "minilm" else import_string(name)()
    except minilm.WeightsError as error:
        raise EmbedderUnavailable(str(error)) from error
    except Exception as error:
        raise EmbedderUnavailable(f"The embedder {name!r} does not start: {error}") from error
    if backend.dimensions != DIMENSIONS:
        raise EmbedderUnavailable(f"The embedder {name!r} gives {backend.dimensions} numbers; the database holds {DIMENSIONS}.")
    return Embedder(backend)


def embed(texts: Sequence[str]) -> Vectors:
    return get_embedder().embed(texts)


def embed_one(text: str) -> Vectors:
    return get_embedder().embed_one(text)
