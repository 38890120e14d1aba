"""From a customer's message to a question and the sources that may answer it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from helpdesk.models import Message, Source, Ticket
from helpdesk.search.embedder import embed_one
from helpdesk.search.retrieve import find
from learning import experience, probation
from learning.question import Candidate, Question
from learning.scoring import Recall, recall

SHORT = 6  # words; a shorter message is read together with what was asked before
CANDIDATES = 20
AROUND = 160  # characters of each thing the page says of itself


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
    door = Source.objects.rankable_for(ticket.customer)
    hits = find(door, question.text, question.vector, CANDIDATES, also=set(recalled.source_ids))
    shown = missed(ticket)
    return [Candidate.of(hit, question.at, is_aside=probation.is_aside(hit.trial, ticket.pk)) for hit in hits if hit.source_id not in shown]


def _text(message: Message) -> str:
    """The subject says little more than the first message; a short follow-up says little without it."""
    ticket = message.ticket
    if asked := _asked_before(message):
        return _text(asked)
    if message.seq == 1:
        text = message.body if message.body.startswith(ticket.subject.rstrip("…")) else f"{ticket.subject}\n{message.body}"
        around = _around(ticket) if len(text.split()) < SHORT else ""
        return f"{text}\n{around}" if around else text
    if len(message.body.split()) >= SHORT:
        return message.body
    first = ticket.messages.filter(seq=1).values_list("body", flat=True).first() or ticket.subject
    return f"{first}\n{message.body}"


def _asked_before(message: Message) -> Message | None:
    """Picking another answer asks nothing new: what it is to answer, and is remembered to have answered, is the question before it."""
    if "instead_of" not in message.meta:
        return None
    before = message.ticket.messages.filter(author=Message.Author.CUSTOMER, seq__lt=message.seq)
    return before.select_related("ticket__customer").order_by("-seq").first()


def _around(ticket: Ticket) -> str:
    """What had just gone wrong on their page, and where: “Why does this fail?” says nothing by itself."""
    told = [ticket.context.get("error"), ticket.context.get("title")]
    return "\n".join(each[:AROUND] for each in told if isinstance(each, str) and each)


def missed(ticket: Ticket) -> set[int]:
    """Sources this ticket's customer has been shown already. Their writing again says that these missed."""
    if ticket.last_seq < 2:
        return set()
    answers = ticket.messages.filter(author=Message.Author.ASSISTANT, meta__kind="answer").values_list("meta", flat=True)
    return {meta["citations"][0]["source"] for meta in answers if meta.get("citations")}
