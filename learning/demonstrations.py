"""An agent answered and the ticket was solved: the strongest signal there is, credited to every phrasing in the conversation."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from django.db.models import Q, QuerySet

from helpdesk.models import Event, Message, Source, Ticket
from helpdesk.models.events import SYSTEM
from helpdesk.search.embedder import EmbedderUnavailable, embed_one
from learning import edits, ledger, matching, probation, resolutions
from learning.masking import mask
from learning.models import Decision, Signal

ANSWER_WORDS = 8  # a shorter reply asks or thanks; it does not solve, unless it says where to press
_WAY = re.compile(r"\w\*{0,2} ?[>›→] ?\*{0,2}\w")  # **Project > Map > Beacons**
KINDS = ["demonstrated", "overruled", "outdone"]
MISSED = ["rephrased", "differs", "asked_person", "came_back"]


def learn(ticket: Ticket, event: Event) -> Source | None:
    """Credit the source that the agent's solving reply matches; where none does, or it corrects what was shown, make it a learned resolution.

    Returns the source.
    """
    reply = solving_reply(ticket)
    if reply is None:
        _tell_that_it_is_too_short(ticket, at=event.at)
        return None
    asked = phrasings(ticket, at=event.at)
    source = matching.match(reply.body, asked)
    if source is not None and _corrects(reply.body, source, asked):
        source = None
    if asked and (source is None or resolutions.is_taught_on_trial(source, reply)):
        source = resolutions.learn(ticket, reply, asked[0], at=event.at, known=source)
    for decision in asked:
        if source is not None:
            ledger.note(decision, "demonstrated", event=event, at=event.at, source=source)
        if decision.source_id and (source is None or decision.source_id != source.pk):
            ledger.note(decision, "overruled", event=event, at=event.at)
    spoken_of = _outdone(asked, source, event)
    if source is not None and source.kind == Source.Kind.RESOLUTION:
        spoken_of.append(source.pk)
    if spoken_of:
        probation.judge(event.at, spoken_of)
    return source


def _outdone(asked: Sequence[Decision], source: Source | None, event: Event) -> list[int]:
    """What is on trial is compared too: where it would have come first, and something else solved it, it would have been wrong."""
    firsts = {decision.pk: first for decision in asked if (first := decision.first_aside) and (source is None or first != source.pk)}
    sources = Source.objects.in_bulk(set(firsts.values()))
    for decision in asked:
        if (shadow := sources.get(firsts.get(decision.pk, 0))) is not None:
            ledger.note(decision, "outdone", event=event, at=event.at, source=shadow)
    return sorted(sources)


def _corrects(reply: str, source: Source, asked: Sequence[Decision]) -> bool:
    """Near the words of what was shown and did not help, or of a draft, but with other facts: then it is not that source that solved it."""
    taken = [decision for decision in asked if decision.source_id == source.pk]
    if not taken or matching.has_link(reply) or not edits.adds_facts(f"{source.title}\n{source.body}", reply):
        return False
    missed, changed = Q(decision__shown=True, kind__in=MISSED), Q(kind="draft_changed")
    return Signal.objects.in_force().filter(missed | changed, decision__in=taken).exists()


def take_back(ticket: Ticket, *, at: dt.datetime) -> None:
    """The customer came back after people had solved it: what they showed counts no more, and what was learned from it rests."""
    standing = Signal.objects.in_force().filter(decision__ticket=ticket, kind__in=KINDS)
    for decision in Decision.objects.select_related("customer").filter(pk__in=standing.values("decision")):
        ledger.reverse(decision, KINDS, at=at)
    resolutions.rest(ticket, at=at)


def solving_reply(ticket: Ticket) -> Message | None:
    """The agent's reply that most likely solved it: the longest since the customer last came back that does more than ask."""
    solving = [reply for reply in _replies(ticket) if _is_an_answer(reply.body)]
    telling = [reply for reply in solving if not reply.body.rstrip().endswith("?")]
    return max(telling or solving, key=lambda reply: (len(_own_words(reply.body)), reply.seq), default=None)


def _replies(ticket: Ticket) -> QuerySet[Message]:
    """Of agents, since the customer last came back. News of a fix answers nothing."""
    since = Event.objects.filter(ticket=ticket, verb="ticket.reopened", actor_kind=Event.ActorKind.CUSTOMER).order_by("-at").first()
    replies = ticket.messages.public().filter(author=Message.Author.AGENT).exclude(meta__has_key="incident")
    return replies.filter(at__gte=since.at) if since else replies


def _is_an_answer(text: str) -> bool:
    return len(text.split()) >= ANSWER_WORDS or matching.has_link(text) or _WAY.search(_own_words(text)) is not None


def _tell_that_it_is_too_short(ticket: Ticket, *, at: dt.datetime) -> None:
    """What was to be taught, and teaches nothing: once, to whoever wrote it."""
    taught = _replies(ticket).filter(meta__teach=True).select_related("user").order_by("-seq").first()
    if taught is None or Event.objects.filter(ticket=ticket, verb="resolution.passed_over", data__message=taught.pk).exists():
        return
    Event.record("resolution.passed_over", by=taught.user or SYSTEM, at=at, ticket=ticket, message=taught.pk, because="too_short")


def phrasings(ticket: Ticket, *, at: dt.datetime) -> Sequence[Decision]:
    """One decision a customer message, in order. A ticket that people had from the start gets its first one here, unscored."""
    found: dict[int | None, Decision] = {}
    for decision in Decision.objects.filter(ticket=ticket).select_related("customer").exclude(vector=None).order_by("pk"):
        found.setdefault(decision.message_id, decision)
    if not found and (observed := _observe(ticket, at)):
        return [observed]
    first, *later = found.values() or [None]
    return [each for each in [first, *later] if each is not None and (each is first or len(each.question.split()) > 2)]


def _observe(ticket: Ticket, at: dt.datetime) -> Decision | None:
    message = ticket.messages.filter(author=Message.Author.CUSTOMER).order_by("seq").first()
    if message is None:
        return None
    text = message.body if message.body.startswith(ticket.subject.rstrip("…")) else f"{ticket.subject}\n{message.body}"
    try:
        vector = embed_one(text)
    except EmbedderUnavailable:
        return None
    return Decision.objects.create(
        ticket=ticket,
        message=message,
        customer_id=ticket.customer_id,
        kind=Decision.Kind.OBSERVED,
        confidence=0.0,
        threshold=1.0,
        policy="people",
        vector=vector,
        question=mask(text)[:2_000],
        page=ticket.page[:200],
        segment=ticket.context.get("segment", {}),
        at=at,
    )


def _own_words(text: str) -> str:
    """Without what is quoted of an earlier mail."""
    return re.sub(r"^>.*$", "", text, flags=re.MULTILINE)
