"""Which source an agent's reply says the same as, if any."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Min, QuerySet
from pgvector.django import CosineDistance

from helpdesk.models import Article, Chunk, Source
from helpdesk.search.embedder import EmbedderUnavailable, embed, embed_one
from helpdesk.search.retrieve import Hit, find
from learning.edits import adds_facts
from learning.models import Decision, Episode, LearnedResolution
from learning.question import Vector

# Chosen on 395 replies of the demo company: 259 of 322 that restate an article are matched to it, 20 to a wrong one; of 73 that restate none, 5 to one.
QUESTION, WORDS, QUESTION_WORDS = 0.5, 1.5, 0.6
ENOUGH = 0.9
SAID_AGAIN = 0.14  # share of the reply's rare words: what answers a near question says other things, however near
COMPARED = 3  # learned answers
ALIKE, VERBATIM = 0.8, 0.9  # cosine of two answers; those in one set form are no nearer than .88 when they are of different matters
ASKED_BEFORE = 0.45  # cosine of the nearest question that a learned answer has solved; on CLINC150 four in five of its own are nearer, one in six others
LEAD = 0.1  # of the score, before what else was asked in such words ...
SAME = 0.8  # ... unless question and answer together are as near as this: then it says the same
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
    is_learned: bool = False

    @property
    def score(self) -> float:
        return self.cosine + WORDS * self.words + QUESTION * self.asked + QUESTION_WORDS * self.asked_words


def match(reply: str, asked: Sequence[Decision] = (), among: QuerySet[Source] | None = None) -> Source | None:
    """The source that the reply links to, else the one that it says the same as on the same matter. `among`: else all that are live or on trial."""
    linked = _linked(reply)
    if linked is not None:
        return linked
    try:
        said = embed_one(reply[:REPLY_CHARACTERS])
    except EmbedderUnavailable:
        return None
    alike = [found for found in matches(reply, said, asked, among) if found.words >= SAID_AGAIN and found.score >= ENOUGH]
    learned = [found.source_id for found in alike if found.is_learned]
    alike_answers, before = (_alike(learned, reply, said), _asked_before(learned, asked)) if learned else ({}, set())
    again = {source for source, cosine in alike_answers.items() if cosine >= VERBATIM}
    fitting = [found for found in alike if not found.is_learned or found.source_id in again | before]
    if not fitting:
        return None
    best, *others = sorted(fitting, key=lambda found: (found.source_id not in again, -found.score, found.source_id))
    if best.is_learned and best.source_id not in alike_answers and _is_one_of_many(best, others):
        return None
    return Source.objects.filter(pk=best.source_id).first()


def _alike(learned: list[int], reply: str, said: Vector) -> dict[int, float]:
    """Those of the likeliest whose answers say much the same, with the same facts, and how near they are: a cosine in [ALIKE, 1]."""
    answers = dict(LearnedResolution.objects.filter(source__in=learned[:COMPARED]).values_list("source", "answer"))
    vectors = embed([answer[:REPLY_CHARACTERS] for answer in answers.values()])
    near = ((source, answer, float(np.dot(said, vector))) for (source, answer), vector in zip(answers.items(), vectors, strict=True))
    return {
        source: cosine
        for source, answer, cosine in near
        if cosine >= ALIKE and not adds_facts(answer, reply) and not adds_facts(reply, answer)
    }


def _asked_before(learned: list[int], asked: Sequence[Decision]) -> set[int]:
    """Those that have solved a question like this. What agents write in a set form fits much that it is not about."""
    if not asked or asked[0].vector is None:
        return set(learned)
    solved = Episode.objects.filter(source__in=learned, credit__gt=0).order_by().values("source")
    nearest = dict(solved.annotate(nearest=Min(CosineDistance("vector", asked[0].vector))).values_list("source", "nearest"))
    return {source for source in learned if 1 - nearest.get(source, 0.0) >= ASKED_BEFORE}


def _is_one_of_many(best: Match, others: Sequence[Match]) -> bool:
    """Whether the reply fits something else that was asked in such words about as well: then it is made of neither. Not where the other says the same."""
    rivals = [found.source_id for found in others if best.score - found.score < LEAD]
    if not rivals:
        return False
    first = Chunk.objects.filter(source__in=[best.source_id, *rivals], position=0).exclude(vector=None)
    vectors = {source: np.asarray(vector) for source, vector in first.values_list("source", "vector")}
    if best.source_id not in vectors:
        return True
    return any(pk not in vectors or float(np.dot(vectors[best.source_id], vectors[pk])) < SAME for pk in rivals)


def matches(reply: str, vector: Vector, asked: Sequence[Decision] = (), among: QuerySet[Source] | None = None) -> list[Match]:
    """The sources nearest to a reply, the nearest first."""
    live = Source.objects.live_or_tried() if among is None else among
    said = find(live, reply, vector, CONSIDERED)
    fitting: dict[int, Hit] = {}
    if asked:
        fitting = {hit.source_id: hit for hit in find(live, asked[0].question, asked[0].vector, CONSIDERED)}
    return [
        Match(hit.source_id, hit.dense, hit.rank, *_fit(fitting.get(hit.source_id)), is_learned=hit.kind == Source.Kind.RESOLUTION)
        for hit in said
    ]


def _fit(hit: Hit | None) -> tuple[float, float]:
    return (hit.dense, hit.rank) if hit else (0.0, 0.0)


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
