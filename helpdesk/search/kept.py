"""Vectors kept in a file by the hash of their text: for batch jobs that run again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from django.conf import settings

from helpdesk.search.embedder import DIMENSIONS, Embedder, Vectors


class Kept:
    """An embedder's backend that embeds no text twice. `save()` keeps what is new for the next run."""

    dimensions = DIMENSIONS

    def __init__(self, embedder: Embedder, path: Path | None = None) -> None:
        self._embedder = embedder
        self.version = embedder.version
        self.path = path or settings.DATA_DIR / "cache" / f"kept-{embedder.version}.npz"
        self._known = _read(self.path)
        self._stored = len(self._known)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, 384) unit vectors, in the order of the texts."""
        keys = [hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if missing:
            self._known.update(zip(missing, self._embedder.embed(list(missing.values())), strict=True))
        return np.stack([self._known[key] for key in keys]) if keys else np.empty((0, DIMENSIONS), np.float32)

    def save(self) -> None:
        """With what another run has saved meanwhile."""
        if len(self._known) == self._stored:
            return
        self._known = _read(self.path) | self._known
        self._stored = len(self._known)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(f".{os.getpid()}.tmp")
        with draft.open("wb") as file:
            np.savez(
                file, keys=np.frombuffer(b"".join(self._known), np.uint8).reshape(-1, 32), vectors=np.stack(list(self._known.values()))
            )
        draft.replace(self.path)


def _read(path: Path) -> dict[bytes, Vectors]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {key.tobytes(): vector for key, vector in zip(stored["keys"], stored["vectors"], strict=True)}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):  # none yet, or cut short: it is only a cache
        return {}
