"""Which source an agent's reply says the same as, if any."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pgvector.django import CosineDistance

from helpdesk.models import Article, Chunk, Source
from helpdesk.search.embedder import EmbedderUnavailable, embed_one
from learning.models import Decision

CLOSE, CLOSE_OVERLAP = 0.80, 0.30
NEAR, NEAR_OVERLAP = 0.62, 0.55
REPLY_CHARACTERS = 1_500
_ARTICLE = re.compile(r"/articles/([-\w]+)")
_WORD = re.compile(r"[^\W_]{4,}")


@dataclass(frozen=True)
class Match:
    """How alike a reply and a chunk are: cosine in [-1, 1], and the share of the reply's content words that the chunk has."""

    source_id: int
    cosine: float
    overlap: float

    @property
    def holds(self) -> bool:
        return (self.cosine >= CLOSE and self.overlap >= CLOSE_OVERLAP) or (self.cosine >= NEAR and self.overlap >= NEAR_OVERLAP)


def find(reply: str, asked: Sequence[Decision] = ()) -> Source | None:
    """The live source that the reply links to, else the one that it says the same as."""
    linked = _linked(reply)
    if linked is not None:
        return linked
    best = max((match for match in matches(reply) if match.holds), key=lambda match: match.cosine + match.overlap, default=None)
    return Source.objects.filter(pk=best.source_id).first() if best else None


def matches(reply: str, limit: int = 8) -> list[Match]:
    """The chunks nearest to a reply. None while the embedder is away."""
    try:
        vector = embed_one(reply[:REPLY_CHARACTERS])
    except EmbedderUnavailable:
        return []
    nearest = Chunk.objects.filter(source__is_live=True).exclude(vector=None).select_related("source")
    rows = nearest.annotate(distance=CosineDistance("vector", vector)).order_by("distance")[:limit]
    words = _words(reply)
    return [Match(row.source_id, 1 - row.distance, overlap(words, _words(f"{row.source.title} {row.source.body}"))) for row in rows]


def overlap(mine: set[str], theirs: set[str]) -> float:
    """Share of `mine` that is in `theirs`, in [0, 1]; 0 when there is nothing."""
    return len(mine & theirs) / len(mine) if mine else 0.0


def _linked(reply: str) -> Source | None:
    slugs = _ARTICLE.findall(reply)
    if not slugs:
        return None
    found = {article.slug: article for article in Article.objects.filter(slug__in=slugs, source__is_live=True).select_related("source")}
    return next((found[slug].source for slug in slugs if slug in found), None)


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}
