"""Which source an agent's reply says the same as, if any."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from helpdesk.models import Article, Source
from helpdesk.search.embedder import EmbedderUnavailable, embed_one
from helpdesk.search.retrieve import Hit, find
from learning.models import Decision

# Chosen on 395 replies of the demo company: 259 of 322 that restate an article are matched to it, 20 to a wrong one; of 73 that restate none, 5 to one.
QUESTION, WORDS, QUESTION_WORDS = 0.5, 1.5, 0.6
ENOUGH = 0.9
SAID_AGAIN = 0.14  # share of the reply's rare words: what answers a near question says other things, however near
CONSIDERED = 12
REPLY_CHARACTERS = 1_500
_ARTICLE = re.compile(r"/articles/([-\w]+)")


@dataclass(frozen=True)
class Match:
    """How alike a reply and a source are, and how well the source fits what was asked.

    `cosine`, `asked`: of the source's best chunk with the reply and with the question, in [-1, 1]. `words`, `asked_words`: the share of
    their words, weighed by rarity, that the source holds, in [0, 1].
    """

    source_id: int
    cosine: float
    words: float
    asked: float = 0.0
    asked_words: float = 0.0

    @property
    def score(self) -> float:
        return self.cosine + WORDS * self.words + QUESTION * self.asked + QUESTION_WORDS * self.asked_words


def match(reply: str, asked: Sequence[Decision] = (), among: QuerySet[Source] | None = None) -> Source | None:
    """The source that the reply links to, else the one that it says the same as on the same matter. `among`: else all that are live or on trial."""
    linked = _linked(reply)
    if linked is not None:
        return linked
    alike = [found for found in matches(reply, asked, among) if found.words >= SAID_AGAIN]
    best = max(alike, key=lambda found: (found.score, -found.source_id), default=None)
    return Source.objects.filter(pk=best.source_id).first() if best and best.score >= ENOUGH else None


def matches(reply: str, asked: Sequence[Decision] = (), among: QuerySet[Source] | None = None) -> list[Match]:
    """The sources nearest to a reply. None while the embedder is away."""
    live = Source.objects.live_or_tried() if among is None else among
    try:
        said = find(live, reply, embed_one(reply[:REPLY_CHARACTERS]), CONSIDERED)
    except EmbedderUnavailable:
        return []
    fitting: dict[int, Hit] = {}
    if asked:
        fitting = {hit.source_id: hit for hit in find(live, asked[0].question, asked[0].vector, CONSIDERED)}
    return [
        Match(hit.source_id, hit.dense, hit.rank, fitting[hit.source_id].dense, fitting[hit.source_id].rank)
        if hit.source_id in fitting
        else Match(hit.source_id, hit.dense, hit.rank)
        for hit in said
    ]


def has_link(reply: str) -> bool:
    """Whether it points to an article: then it answers, however short it is."""
    return bool(_ARTICLE.search(reply))


def _linked(reply: str) -> Source | None:
    slugs = _ARTICLE.findall(reply)
    if not slugs:
        return None
    found = {
        article.slug: article
        for article in Article.objects.filter(slug__in=slugs, source__is_live=True).select_related("source").defer("source__tsv", "body")
    }
    return next((found[slug].source for slug in slugs if slug in found), None)
