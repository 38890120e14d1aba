"""What is going on just now: the conversations that the assistant is holding, and the chats that people are in."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from helpdesk import mood
from helpdesk.models import Event, Message, Ticket, User, Visit
from helpdesk.models.people import HERE
from helpdesk.models.tickets import TicketQuerySet
from helpdesk.mood import Mood

LATELY = dt.timedelta(hours=6)  # what nobody touched for longer is not live any more
MOST = 40  # conversations of each kind
REMEMBERED = 12  # messages of each that are looked at


@dataclass
class Live:
    """One conversation of the feed."""

    ticket: Ticket
    messages: list[Message] = field(default_factory=list)
    not_quite: int = 0
    visit: Visit | None = None

    @property
    def mood(self) -> Mood:
        said = [message.body for message in self.messages if message.author == Message.Author.CUSTOMER]
        return mood.read(said, not_quite=self.not_quite, asked_for_person=self.ticket.asked_for_person)

    @property
    def answer(self) -> Message | None:
        """What the assistant said last."""
        return next((each for each in reversed(self.messages) if each.author == Message.Author.ASSISTANT and each.kind == "answer"), None)

    @property
    def topic(self) -> str:
        """The title of what it answered from; it may have said nothing yet."""
        return str(self.answer.meta.get("title") or "") if self.answer else ""

    @property
    def confidence(self) -> float | None:
        found = self.answer.meta.get("confidence") if self.answer else None
        return found if isinstance(found, float | int) else None

    @property
    def last(self) -> Message | None:
        return self.messages[-1] if self.messages else None

    @property
    def is_here(self) -> bool:
        return self.visit is not None and self.visit.is_here

    @property
    def waits(self) -> bool:
        """The last word is the customer's."""
        return self.last is not None and self.last.author == Message.Author.CUSTOMER


def held(agent: User, *, at: dt.datetime | None = None) -> list[Live]:
    """By the assistant. Who has the widget open comes first, then the newest."""
    return _live(_lately(agent, at).filter(handler=Ticket.Handler.ASSISTANT))


def with_people(agent: User, *, at: dt.datetime | None = None) -> list[Live]:
    """Chats that people are in: with somebody in the widget, or with something said lately."""
    return _live(_lately(agent, at).filter(handler=Ticket.Handler.TEAM, channel=Ticket.Channel.CHAT))


def both(agent: User, *, at: dt.datetime | None = None) -> tuple[list[Live], list[Live]]:
    """What the assistant holds, and the chats that people are in. What is handed over while this is read stands in the latter only."""
    first, people = held(agent, at=at), with_people(agent, at=at)
    taken = {each.ticket.pk for each in people}
    return [each for each in first if each.ticket.pk not in taken], people


def one(ticket: Ticket) -> Live:
    return _filled([ticket])[0]


def _lately(agent: User, at: dt.datetime | None) -> TicketQuerySet:
    going_on = Q(state__in=[Ticket.State.OPEN, Ticket.State.WAITING], updated_at__gt=(at or timezone.now()) - LATELY)
    return Ticket.objects.visible_to(agent).filter(going_on)


def _live(tickets: TicketQuerySet) -> list[Live]:
    found = _filled(list(tickets.with_people().newest_first()[:MOST]))
    return sorted(found, key=lambda each: not each.is_here)  # stable


def _filled(tickets: list[Ticket]) -> list[Live]:
    """Three queries, however many there are."""
    live = {ticket.pk: Live(ticket) for ticket in tickets}
    newest = Window(RowNumber(), partition_by=F("ticket_id"), order_by=F("seq").desc())
    said = Message.objects.public().filter(ticket__in=live).annotate(place=newest).filter(place__lte=REMEMBERED)
    for message in said.select_related("user", "customer").order_by("ticket_id", "seq"):
        live[message.ticket_id].messages.append(message)
    for ticket in Event.objects.filter(ticket__in=live, verb="ticket.not_quite").values_list("ticket", flat=True):
        live[ticket].not_quite += 1
    visits: defaultdict[int, list[Visit]] = defaultdict(list)
    customers = {ticket.customer_id for ticket in tickets}
    for visit in Visit.objects.filter(customer__in=customers, ended_at=None, seen_at__gt=timezone.now() - HERE).order_by("seen_at"):
        visits[visit.customer_id or 0].append(visit)
    for each in live.values():
        each.visit = next(reversed(visits[each.ticket.customer_id]), None) if visits[each.ticket.customer_id] else None
    return list(live.values())
