"""Learned answers that say the same: one stands for the other, and has its outcomes. Nothing of the ledger is rewritten for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from django.db.models import Q

from helpdesk.models import Event, Source, Ticket, User
from helpdesk.models.events import SYSTEM
from helpdesk.search.embedder import EmbedderUnavailable, embed
from helpdesk.search.retrieve import find
from learning import episodes, ledger
from learning.edits import adds_facts
from learning.models import Decision, LearnedResolution, Signal

QUESTIONS, ANSWERS = 0.6, 0.8  # cosines from which two questions ask, and two answers say, the same
CONSIDERED = 3
ALIKE = 0.8  # cosine of question and answer together, from which agents are asked
ANSWER_CHARACTERS = 1_500


def twin(question: str, answer: str) -> LearnedResolution | None:
    """The learned answer, not retired, that says the same to the same question, with the same facts. None while the embedder is away."""
    known = Source.objects.filter(resolution__in=LearnedResolution.objects.standing())
    try:
        asked, said = embed([question, answer[:ANSWER_CHARACTERS]])
        near = [hit.source_id for hit in find(known, answer[:ANSWER_CHARACTERS], said, CONSIDERED)]
        rows = {row.source_id: row for row in LearnedResolution.objects.filter(source__in=near).select_related("source", "ticket")}
        found = [rows[pk] for pk in near if says_the_same(rows[pk].answer, answer)]
        if not found:
            return None
        vectors = embed([text for row in found for text in (row.question, row.answer[:ANSWER_CHARACTERS])])
    except EmbedderUnavailable:
        return None
    alike = zip(found, vectors[0::2], vectors[1::2], strict=True)
    return next((row for row, q, a in alike if float(np.dot(asked, q)) >= QUESTIONS and float(np.dot(said, a)) >= ANSWERS), None)


def says_the_same(one: str, other: str) -> bool:
    """Whether neither names a number, a link or something to press that the other does not."""
    return not adds_facts(one, other) and not adds_facts(other, one)


@transaction.atomic
def join(known: LearnedResolution, ticket: Ticket, *, by: User | None, taught: bool, at: dt.datetime) -> None:
    """It was taught once more, from this ticket. With an agent's approval it is live now, unless the filter holds it."""
    if taught and not known.held_because:
        known.approve(by=by, at=at)
    Event.record("resolution.joined", by=by or SYSTEM, at=at, ticket=ticket, resolution=known.pk, source=known.source_id)


@transaction.atomic
def replace(resolution: LearnedResolution, source: Source, *, by: User | None = None, at: dt.datetime) -> bool:
    """`source` takes its place: it is served no more, and whatever was said of it counts for that one. `undo` takes it back."""
    source = Source.objects.select_for_update(of=("self",)).select_related("stands_for").get(pk=source.pk)
    place = source.stands_for or source
    if place.pk == resolution.source_id or not resolution.retire(f"“{place.title}” took its place", by=by, at=at):
        return False
    resolution.replaced_by = source
    resolution.save(update_fields=["replaced_by"])
    _route(resolution.source_id, place.pk)
    Event.record("resolution.merged", by=by or SYSTEM, at=at, ticket=resolution.ticket, resolution=resolution.pk, into=source.pk)
    return True


@transaction.atomic
def undo(resolution: LearnedResolution, *, by: User | None = None, at: dt.datetime) -> bool:
    """What was last done to it, taken back; with a merge also whose outcomes are whose."""
    if resolution.replaced_by_id is not None:
        _take_back_approval(resolution, by=by, at=at)
        resolution.replaced_by = None
        resolution.save(update_fields=["replaced_by"])
        _route(resolution.source_id, None)
    return resolution.undo(by=by, at=at)


def _take_back_approval(resolution: LearnedResolution, *, by: User | None, at: dt.datetime) -> None:
    """What took its place was approved with the merge, lest nobody be served either; without the merge nobody has approved it."""
    merged = Event.objects.filter(verb="resolution.merged", data__resolution=resolution.pk).order_by("-pk").first()
    place = LearnedResolution.objects.filter(source=resolution.replaced_by_id).first()
    if merged is not None and place is not None and place.live_at == merged.at:
        place.undo(by=by, at=at)


def resettle(sources: Collection[int]) -> None:
    """Work out anew, from the ledger, what was said of these sources."""
    spoken = Signal.objects.in_force().filter(Q(source__in=sources) | Q(decision__source__in=sources)).order_by().values("decision")
    for decision in Decision.objects.filter(pk__in=spoken).select_related("customer").order_by("pk").iterator(500):
        episodes.forget(decision)
        episodes.settle(decision, ledger.account_of(decision))


def _route(source: int, place: int | None) -> None:
    """Let `source`, and all that it stands for, be stood for by `place`; by nobody with None."""
    behind = _behind(source)
    Source.objects.filter(pk=source).update(stands_for=place)
    Source.objects.filter(pk__in=behind).update(stands_for=place or source)
    resettle([source, *behind])


def _behind(source: int) -> list[int]:
    """The sources whose place it took, and whose place those took."""
    found: list[int] = []
    front = [source]
    while front:
        front = list(LearnedResolution.objects.filter(replaced_by__in=front).values_list("source_id", flat=True))
        found += front
    return found


@dataclass(frozen=True)
class Alike:
    """Two that have grown alike: `other` is the one to stand for both, and how near they are, in percent."""

    other: LearnedResolution
    percent: int


def alike(resolutions: Sequence[LearnedResolution], among: Iterable[LearnedResolution]) -> dict[int, Alike]:
    """By resolution the other one nearest to it, if it is near and has the same facts. `among`: those that may be offered. One query."""
    allowed = {each.source_id: each for each in among}
    with connection.cursor() as cursor:
        cursor.execute(_NEAREST, [list(allowed), ALIKE, [each.source_id for each in resolutions]])
        rows = cursor.fetchall()
    by_source = {each.source_id: each for each in resolutions}
    return {
        by_source[source].pk: Alike(allowed[other], round(100 * cosine))
        for source, other, cosine in rows
        if says_the_same(by_source[source].answer, allowed[other].answer)
    }


_NEAREST = """
SELECT mine.source_id, other.source_id, other.cosine
FROM helpdesk_chunk AS mine
CROSS JOIN LATERAL (
    SELECT chunk.source_id, 1 - (chunk.vector <=> mine.vector) AS cosine FROM helpdesk_chunk AS chunk
    WHERE chunk.source_id = ANY(%s) AND chunk.source_id <> mine.source_id AND chunk.position = 0 AND chunk.vector IS NOT NULL
    ORDER BY cosine DESC, chunk.source_id LIMIT 1
) AS other
WHERE other.cosine >= %s AND mine.position = 0 AND mine.vector IS NOT NULL AND mine.source_id = ANY(%s)
"""
