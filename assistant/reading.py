"""From a customer's message to a question and the sources that may answer it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pgvector.django import CosineDistance

from helpdesk.models import Category, Chunk, Message, Source, Ticket
from helpdesk.search.embedder import embed_one
from helpdesk.search.retrieve import hybrid
from learning import experience
from learning.question import Candidate, Question
from learning.scoring import Recall, recall

SHORT = 6  # words; a shorter message is read together with what was asked before
CANDIDATES = 20


@dataclass(frozen=True)
class Reading:
    question: Question
    candidates: list[Candidate]
    recalled: Recall


def read(message: Message, *, at: dt.datetime) -> Reading:
    """Embed, recall and retrieve, all of it through what this customer may see. Raises EmbedderUnavailable."""
    ticket = message.ticket
    text = _text(message)
    helped_by, missed_by = experience.of_customer(ticket.customer)
    question = Question(
        text=text,
        vector=embed_one(text),
        at=at,
        page=ticket.page,
        segment=ticket.context.get("segment", {}),
        customer_id=ticket.customer_id,
        is_verified=ticket.customer.is_verified,
        helped_by=helped_by,
        missed_by=missed_by,
    )
    recalled = recall(question)
    return Reading(question, find_candidates(question, ticket, recalled), recalled)


def find_candidates(question: Question, ticket: Ticket, recalled: Recall) -> list[Candidate]:
    """What search finds and what solved similar questions, less what has missed in this very ticket."""
    viewer = ticket.customer
    hits = {hit.source_id: hit for hit in reversed(hybrid(question.text, question.vector, viewer, limit=CANDIDATES))}
    wanted = (hits.keys() | set(recalled.source_ids)) - _missed(ticket)
    # Some thirty rows, of which one is shown in the end: values, not models with their bodies.
    visible = (
        Source.objects.visible_to(viewer).filter(pk__in=wanted).values_list("pk", "kind", "title", "pages", "category__risk", "updated_at")
    )
    found = list(visible)
    unseen = _best_cosine(question, [pk for pk, *_ in found if pk not in hits])
    return [
        Candidate(
            source_id=pk,
            dense=hits[pk].dense if pk in hits else unseen.get(pk, 0.0),
            text_rank=hits[pk].rank if pk in hits else 0.0,
            chunk_id=hits[pk].chunk_id if pk in hits else None,
            pages=pages,
            is_strict=risk == Category.Risk.STRICT,
            is_learned=kind == Source.Kind.RESOLUTION,
            title=title,
            days_since_change=max((question.at - updated_at).total_seconds() / 86_400, 0.0),
        )
        for pk, kind, title, pages, risk, updated_at in found
    ]


def _text(message: Message) -> str:
    """The subject says little more than the first message; a short follow-up says little without it."""
    ticket = message.ticket
    if message.seq == 1:
        return message.body if message.body.startswith(ticket.subject.rstrip("…")) else f"{ticket.subject}\n{message.body}"
    if len(message.body.split()) >= SHORT:
        return message.body
    first = ticket.messages.filter(seq=1).values_list("body", flat=True).first() or ticket.subject
    return f"{first}\n{message.body}"


def _missed(ticket: Ticket) -> set[int]:
    """Sources this ticket's customer has been shown already. Their writing again says that these missed."""
    if ticket.last_seq < 2:
        return set()
    answers = ticket.messages.filter(author=Message.Author.ASSISTANT, meta__kind="answer").values_list("meta", flat=True)
    return {meta["citations"][0]["source"] for meta in answers if meta.get("citations")}


def _best_cosine(question: Question, source_ids: list[int]) -> dict[int, float]:
    if not source_ids or question.vector is None:
        return {}
    nearest = Chunk.objects.filter(source__in=source_ids).exclude(vector=None).annotate(distance=CosineDistance("vector", question.vector))
    best: dict[int, float] = {}
    for source_id, distance in nearest.values_list("source_id", "distance"):
        best[source_id] = max(best.get(source_id, -1.0), 1.0 - distance)
    return best
