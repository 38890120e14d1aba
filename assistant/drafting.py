"""Drafts for agents: made when people take over and when the customer writes again, settled when the agent answers."""

from __future__ import annotations

import datetime as dt

from assistant import turn
from assistant.models import Draft, offer
from assistant.passages import passages_of
from assistant.reading import read
from helpdesk.models import Message, Source, Ticket
from helpdesk.search.embedder import EmbedderUnavailable
from learning import decisions
from learning.models import Decision
from learning.scoring import rank

WORTH_SHOWING = 0.25  # below this a draft costs more reading than it saves


def draft_for(ticket: Ticket, *, at: dt.datetime) -> Draft | None:
    """A draft on the customer's last message, once. None when there is nothing worth showing."""
    message = ticket.messages.filter(author=Message.Author.CUSTOMER).select_related("ticket__customer").order_by("-seq").first()
    if message is None or not message.body or ticket.is_with_assistant or ticket.is_resolved:
        return None
    if Draft.objects.filter(message=message).exists() or _answered_since(ticket, message):
        return None
    decision = _decided(message, at)
    if decision is None or decision.confidence < WORTH_SHOWING:
        return None
    passages = passages_of(_likely(decision, ticket), decision.vector)
    body, cited = turn.compose(message.body, passages)
    if body is None:
        return None
    return offer(
        ticket,
        message,
        decision=decision,
        body=body,
        citations=[passage.citation(for_agents=True) for passage in cited],
        confidence=decision.confidence,
        threshold=decision.threshold,
        at=at,
    )


def _decided(message: Message, at: dt.datetime) -> Decision | None:
    """What the turn decided when it passed this very message on. What it answered has missed, so that is decided again without it."""
    passed_on = Decision.objects.filter(message=message, kind__in=[Decision.Kind.HAND_OFF, Decision.Kind.DRAFT]).order_by("-pk").first()
    if passed_on:
        return passed_on
    try:
        reading = read(message, at=at)
    except EmbedderUnavailable:
        return None
    ranking = rank(reading.question, reading.candidates, reading.recalled)
    return decisions.log(ticket=message.ticket, message=message, question=reading.question, ranking=ranking, kind="draft", at=at)


def _likely(decision: Decision, ticket: Ticket) -> list[Source]:
    """The likeliest sources that this customer may read."""
    wanted = [each["source"] for each in decision.served[:2]]
    visible = Source.objects.rankable_for(ticket.customer).in_bulk(wanted)
    return [visible[pk] for pk in wanted if pk in visible]


def _answered_since(ticket: Ticket, message: Message) -> bool:
    return ticket.messages.public().filter(author=Message.Author.AGENT, seq__gt=message.seq).exists()


def settle(ticket: Ticket, reply: Message) -> Draft | None:
    """The agent has answered: was the draft sent as it was, changed, or left aside? Returns it when it was used."""
    draft = Draft.objects.ready().filter(ticket=ticket).order_by("-pk").first()
    if draft is None:
        return None
    used = reply.meta.get("draft") == draft.pk
    as_it_was = " ".join(draft.body.split()) == " ".join(reply.body.split())
    draft.settle(Draft.State.UNUSED if not used else Draft.State.SENT if as_it_was else Draft.State.EDITED)
    return draft if used else None
