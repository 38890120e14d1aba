"""From events to the ledger: what each thing that happened says of the decisions before it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from django.db.models import Q

from helpdesk.events import consumer
from helpdesk.models import Event, Message, SiteSettings, Source, Ticket
from helpdesk.search.embedder import EmbedderUnavailable, embed_one
from learning import demonstrations, ledger
from learning.contradiction import says_it_differs
from learning.models import Decision, Signal
from learning.question import Vector

SOON = dt.timedelta(hours=1)  # what is said later is coming back, not rephrasing
SAME_MATTER = 0.75  # cosine of a new ticket with an earlier question of the same customer
RELATED = 0.25  # cosine below which a further message is about something else
_CONTENT = re.compile(
    r"^\W*(?:thanks?|thank you|cheers|great|perfect|brilliant|lovely|ok(?:ay)?|that(?:['’]s)? (?:it|worked|did it))\b", re.I
)
_DISCONTENT = re.compile(r"\b(?:but|still|not|n['’]t|however|wrong)\b", re.I)
_REJECTS = re.compile(  # says of the answer that it does not help, in words that need not be near the question
    r"^\W*no\b(?! (?:problem|worries|rush|need|more))|(?:\bnot|n['’]?t) (?:what i|work|help|solve|answer|right\b|correct|it\b|true\b|relevant|the (?:problem|question|issue|case|answer))"
    r"|\bstill (?:not?\b|does|doesn|do\b|don|is\b|isn|the same|broken|fail|happen|stuck|get|see|have)"
    r"|\b(?:useless|unhelpful|no (?:help|use|luck|good)|(?:wrong|bad) answer|makes no sense|same (?:problem|error|thing|issue))\b",
    re.I,
)

Handler = Callable[[Event, Ticket], None]
HANDLERS: dict[str, Handler] = {}


def on(verb: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        HANDLERS[verb] = handler
        return handler

    return register


@on("assistant.answered")
def answered(event: Event, ticket: Ticket) -> None:
    """From now on silence begins to count, and will when the window closes."""
    if decision := _decision(event):
        ledger.hold(decision, "assumed", event=event, at=event.at)


@on("ticket.solved")
def solved(event: Event, ticket: Ticket) -> None:
    if decision := _decision(event):
        ledger.note(decision, "confirmed", event=event, at=event.at)
    else:
        demonstrations.learn(ticket, event)


@on("ticket.resolved")
def resolved(event: Event, ticket: Ticket) -> None:
    """Closed by an agent who answered: a demonstration. Assumed and abandoned say nothing that silence has not said."""
    if event.data.get("how") == "by_agent":
        demonstrations.learn(ticket, event)


@on("message.replied")
def replied(event: Event, ticket: Ticket) -> None:
    """An answer to what the customer had closed already solves it as well as one that closes it."""
    if ticket.is_resolved and ticket.resolved_at is not None and event.at > ticket.resolved_at:
        demonstrations.learn(ticket, event)


@on("ticket.not_quite")
def not_quite(event: Event, ticket: Ticket) -> None:
    if decision := _decision(event):
        ledger.note(decision, _again(decision, event), event=event, at=event.at)


@on("ticket.guide_missed")
def guide_missed(event: Event, ticket: Ticket) -> None:
    """The widget looked for what the answer points to, and it is not on their page."""
    if decision := _decision(event):
        ledger.note(decision, "differs", event=event, at=event.at)


@on("message.said")
def said(event: Event, ticket: Ticket) -> None:
    """What follows right upon an answer says something of it: asking again in other words, or picking one of several."""
    message, before = _with_the_one_before(event, ticket)
    decision = _decision_of(before) if before and before.author == Message.Author.ASSISTANT else None
    if before is None or decision is None or not message.body:
        return
    if "instead_of" in message.meta:  # that the answer missed has been said with it
        return
    if before.kind == "clarify":
        chosen = Source.objects.filter(pk=message.meta.get("option")).first()
        if chosen:
            ledger.note(decision, "chose", event=event, at=event.at, source=chosen)
            if decision.source_id and decision.source_id != chosen.pk:
                ledger.note(decision, "chose_other", event=event, at=event.at)
    elif before.kind == "answer" and says_it_differs(message.body):
        ledger.note(decision, "differs", event=event, at=event.at)
    elif before.kind == "answer" and not _is_content(message.body) and _is_about(decision, message) and not _has_reopened(decision, event):
        ledger.note(decision, _again(decision, event), event=event, at=event.at)


@on("ticket.handed_off")
def handed_off(event: Event, ticket: Ticket) -> None:
    """Whoever wrote on has not fallen silent: an answer that is still waited for says nothing of itself once people have the conversation."""
    for decision in Decision.objects.select_related("customer").filter(
        ticket=ticket, signals__kind="assumed", signals__state=Signal.State.PENDING
    ):
        ledger.reverse(decision, ["assumed"], at=event.at)


@on("ticket.person_requested")
def person_requested(event: Event, ticket: Ticket) -> None:
    if decision := _decision(event):
        ledger.note(decision, "asked_person", event=event, at=event.at)


@on("ticket.reopened")
def reopened(event: Event, ticket: Ticket) -> None:
    """Only the customer's word: an agent may reopen to tidy up. What a person had demonstrated did not solve it either.

    What was no spam after all counts again.
    """
    if event.data.get("was") == Ticket.State.SPAM:
        _no_spam(event, ticket)
    if event.actor_kind != Event.ActorKind.CUSTOMER:
        return
    demonstrations.take_back(ticket, at=event.at)
    if decision := _decision(event):
        ledger.note(decision, "came_back", event=event, at=event.at)


@on("ticket.opened")
def opened(event: Event, ticket: Ticket) -> None:
    """A new ticket on a matter that was answered days ago: that answer did not last. In another part of the product the same words ask something else."""
    if event.data.get("split_from"):  # an agent made two of one: nobody has come back
        return
    since = event.at - dt.timedelta(days=SiteSettings.load().came_back_days)
    earlier = Decision.objects.shown().filter(customer=ticket.customer_id, at__range=(since, event.at))
    if part := "/".join(ticket.page.split("/")[:2]).strip("/"):
        earlier = earlier.filter(Q(page="") | Q(page=f"/{part}") | Q(page__startswith=f"/{part}/"))
    same = _same_matter(event, list(earlier.exclude(ticket=ticket).exclude(vector=None).values_list("pk", "vector")))
    for decision in Decision.objects.filter(pk__in=same).select_related("customer").order_by("pk") if same else ():
        ledger.note(decision, "came_back", event=event, at=event.at)


@on("ticket.spam")
def spam(event: Event, ticket: Ticket) -> None:
    """Nothing of it counts."""
    for decision in Decision.objects.filter(ticket=ticket).select_related("customer"):
        kinds = list(decision.signals.values_list("kind", flat=True))
        ledger.reverse(decision, kinds, at=event.at)


@on("answer.verdict")
def judged(event: Event, ticket: Ticket) -> None:
    """An agent audited a decision: `right`, and if not, the `source` that would have been."""
    if not (decision := _decision(event)):
        return
    right = bool(event.data.get("right"))
    ledger.note(decision, "audited_right" if right else "audited_wrong", event=event, at=event.at)
    better = Source.objects.filter(pk=event.data.get("source")).first()
    if better and not right:
        ledger.note(decision, "demonstrated", event=event, at=event.at, source=better)


@consumer("learning", set(HANDLERS))
def learn(event: Event) -> None:
    if event.ticket is not None:
        HANDLERS[event.verb](event, event.ticket)


def _no_spam(event: Event, ticket: Ticket) -> None:
    marked = Event.objects.filter(ticket=ticket, verb="ticket.spam", pk__lt=event.pk).order_by("-pk").first()
    if marked is not None:
        for decision in Decision.objects.filter(ticket=ticket).select_related("customer"):
            ledger.restore(decision, reversed_at=marked.at, at=event.at)


def _with_the_one_before(event: Event, ticket: Ticket) -> tuple[Message, Message | None]:
    message, *before = ticket.messages.public().filter(seq__lte=event.data["seq"]).order_by("-seq")[:2]
    return message, before[0] if before else None


def _decision(event: Event) -> Decision | None:
    return _found(event.data.get("decision"), event.ticket)


def _decision_of(message: Message) -> Decision | None:
    return _found(message.meta.get("decision"), message.ticket)


def _found(pk: int | None, ticket: Ticket | None) -> Decision | None:
    """As it was taken on this very ticket a moment ago, or read."""
    if pk is None:
        return None
    taken: Decision | None = ticket.just_decided if ticket else None
    return taken if taken is not None and taken.pk == pk else Decision.objects.select_related("customer").filter(pk=pk).first()


def _again(decision: Decision, event: Event) -> str:
    return "rephrased" if event.at - decision.at <= SOON else "came_back"


def _is_content(text: str) -> bool:
    return bool(_CONTENT.match(text)) and not _DISCONTENT.search(text)


def _has_reopened(decision: Decision, event: Event) -> bool:
    """With this very message, which has been counted as coming back."""
    return Signal.objects.in_force().filter(decision=decision, kind="came_back", at=event.at).exists()


def _is_about(decision: Decision, message: Message) -> bool:
    """Whether it is about that answer: it says so, or it is near to what was asked. What is about something else says nothing of it."""
    if _REJECTS.search(message.body):
        return True
    vector = vector_of(message)
    return vector is None or decision.vector is None or float(np.dot(vector, np.asarray(decision.vector))) >= RELATED


def _same_matter(event: Event, earlier: list[tuple[int, Any]]) -> list[int]:
    """Of decisions and the vectors of their questions, those that are about the same."""
    if not earlier or (vector := vector_of(Message.objects.get(pk=event.data["message"]))) is None:
        return []
    return [pk for pk, asked in earlier if float(np.dot(vector, np.asarray(asked))) >= SAME_MATTER]


def vector_of(message: Message) -> Vector | None:
    """As the turn embedded it; else embedded here. None while the embedder is away."""
    known = Decision.objects.filter(message=message).exclude(vector=None).values_list("vector", flat=True).first()
    if known is not None:
        return np.asarray(known, np.float32)
    try:
        return embed_one(message.body)
    except EmbedderUnavailable:
        return None
