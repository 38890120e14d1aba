"""What an answer is made of: passages of the chosen sources, each with its number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from pgvector.django import CosineDistance

from helpdesk.formatting import clean_line, plain
from helpdesk.models import Chunk, Source

WHOLE_SOURCE = 1_800  # characters; what is shorter is quoted whole
_LINK = re.compile(r"https?://[^\s)>\]\"']+", re.IGNORECASE)


@dataclass(frozen=True)
class Passage:
    n: int
    source: Source
    heading: str
    text: str

    def citation(self, *, for_agents: bool = False) -> dict[str, Any]:
        """As kept in a message: enough to show where it comes from, even after the source has changed."""
        return {
            "n": self.n,
            "source": self.source.pk,
            "kind": self.source.kind,
            "title": self.source.title if for_agents else self.source.public_title,
            "path": self.source.path,
            "quote": clean_line(plain(self.text), limit=180),
            "updated": self.source.updated_at.date().isoformat(),
        }


def passages_of(sources: list[Source], vector: np.ndarray | None, *, limit: int = WHOLE_SOURCE) -> list[Passage]:
    """The passage of each source nearest to the question; a short source whole."""
    return [Passage(n, source, *_best_part(source, vector, limit)) for n, source in enumerate(sources, start=1)]


def _best_part(source: Source, vector: np.ndarray | None, limit: int) -> tuple[str, str]:
    if len(source.body) <= limit or vector is None or source.kind == Source.Kind.RESOLUTION:  # whose chunks have the question in them
        return source.title, source.body
    chunk = Chunk.objects.filter(source=source).exclude(vector=None).order_by(CosineDistance("vector", vector), "position").first()
    if chunk is None:
        return source.title, source.body
    return chunk.heading or source.title, chunk.text


def links_in(text: str) -> set[str]:
    return {link.rstrip(".,;:") for link in _LINK.findall(text)}
