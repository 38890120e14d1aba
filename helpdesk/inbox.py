"""What each view of the inbox holds, how much that is, and one page of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django.core import signing
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.dateparse import parse_datetime

from helpdesk.formatting import clean_line
from helpdesk.models import Customer, Message, ReadMark, Ticket, User
from helpdesk.models.tickets import TicketQuerySet

PAGE = 30
MOST_SHOWN = 300  # rows that a refresh fetches at once
COUNT_LIMIT = 1_000
SEARCHED = 20_000  # tickets
SEARCHED_PEOPLE = 500
SORTS = {"newest": "Newest activity", "waiting": "Waiting longest"}


@dataclass(frozen=True)
class View:
    slug: str
    name: str
    icon: str
    narrow: Callable[[TicketQuerySet, User], TicketQuerySet]
    empty: str = "Nothing is in this view."
    listed: bool = True
    is_open: bool = True  # somebody may be waiting in it

    @property
    def sorts(self) -> dict[str, str]:
        return SORTS if self.is_open else {"newest": SORTS["newest"]}

    def tickets(self, agent: User) -> TicketQuerySet:
        return self.narrow(Ticket.objects.visible_to(agent), agent)


def _mine(tickets: TicketQuerySet, agent: User) -> TicketQuerySet:
    return tickets.open().filter(assignee=agent)


_VIEWS = [
    View("all", "All open", "layers", lambda tickets, _: tickets.open().with_team(), "Every ticket that people look after has an answer."),
    View("mine", "Mine", "user-round", _mine, "None of your tickets needs you now."),
    View(
        "unassigned",
        "Unassigned",
        "circle-dashed",
        lambda tickets, _: tickets.open().with_team().filter(assignee=None),
        "Each open ticket has somebody who looks after it.",
    ),
    View(
        "person",
        "Asked for a person",
        "hand",
        lambda tickets, _: tickets.open().filter(asked_for_person=True),
        "Nobody who asked for a person is waiting for one.",
    ),
    View(
        "drafts",
        "Draft ready",
        "pen-line",
        lambda tickets, _: tickets.open().filter(has_draft=True),
        "No draft waits for you to look at it.",
    ),
    View(
        "assistant",
        "With the assistant",
        "stone",
        lambda tickets, _: tickets.open().filter(handler=Ticket.Handler.ASSISTANT),
        "The assistant is not talking to anybody.",
    ),
    View(
        "waiting",
        "Waiting on customer",
        "hourglass",
        lambda tickets, _: tickets.filter(state=Ticket.State.WAITING),
        "No customer owes you an answer.",
        is_open=False,
    ),
    View(
        "snoozed",
        "Snoozed",
        "alarm-clock",
        lambda tickets, _: tickets.filter(state=Ticket.State.SNOOZED),
        "Nothing has been put off. Snoozed tickets come back by themselves.",
        is_open=False,
    ),
    View(
        "resolved",
        "Resolved",
        "check",
        lambda tickets, _: tickets.filter(state=Ticket.State.RESOLVED),
        "Nothing has been resolved yet.",
        is_open=False,
    ),
    View("everything", "All tickets", "inbox", lambda tickets, _: tickets, "There is no ticket yet.", listed=False, is_open=False),
]
VIEWS = {view.slug: view for view in _VIEWS}


# --- Counts -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Count:
    number: int

    def __str__(self) -> str:
        return f"{COUNT_LIMIT}+" if self.number > COUNT_LIMIT else str(self.number)


def counts(agent: User) -> dict[str, Count]:
    """Of every listed view, in one query. Each stops counting just above the limit, so a million tickets cost no more than a thousand."""
    listed = [view for view in _VIEWS if view.listed]
    parts: list[str] = []
    params: list[Any] = []
    for view in listed:
        sql, given = view.tickets(agent).order_by().values("pk")[: COUNT_LIMIT + 1].query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({sql}) AS capped)")  # noqa: S608 (compiled by the ORM, its parameters apart)
        params += given
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", params)
        return {view.slug: Count(number) for view, number in zip(listed, cursor.fetchone(), strict=True)}


# --- One page of a view -----------------------------------------------------------------------------------------------


class BadCursor(ValueError):
    """What follows a row that this server never named."""


@dataclass(frozen=True)
class Cursor:
    """The last row of a page. Opaque and signed: what a browser sends back is what we sent."""

    sort: str
    at: dt.datetime | None
    pk: int

    SALT: ClassVar[str] = "helpdesk.inbox.cursor"

    def __str__(self) -> str:
        return signing.dumps([self.sort, self.at.isoformat() if self.at else "", self.pk], salt=self.SALT)

    @classmethod
    def parse(cls, text: str, *, sort: str) -> Self:
        try:
            found, at, pk = signing.loads(text, salt=cls.SALT)
        except (signing.BadSignature, ValueError, TypeError) as error:
            raise BadCursor from error
        if found != sort:
            raise BadCursor
        return cls(sort, parse_datetime(at) if at else None, pk)

    @classmethod
    def after(cls, row: Ticket, *, sort: str) -> Self:
        return cls(sort, row.updated_at if sort == "newest" else row.waiting_since, row.pk)


@dataclass(frozen=True)
class Page:
    rows: list[Ticket]
    next: Cursor | None


def page(tickets: TicketQuerySet, *, agent: User, sort: str = "newest", after: str = "", size: int = PAGE) -> Page:
    """`size` rows with all they show, and the cursor to what follows."""
    cursor = Cursor.parse(after, sort=sort) if after else None
    ordered = _newest(tickets, cursor) if sort == "newest" else _waiting_longest(tickets, cursor)
    rows = list(with_unread(ordered.with_people(), agent)[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    return Page(rows, Cursor.after(rows[-1], sort=sort) if more else None)


def _newest(tickets: TicketQuerySet, cursor: Cursor | None) -> TicketQuerySet:
    if cursor and cursor.at:
        tickets = tickets.before(cursor.at, cursor.pk)
    return tickets.newest_first()


def _waiting_longest(tickets: TicketQuerySet, cursor: Cursor | None) -> TicketQuerySet:
    """Who waits comes first, the longest at the top; then who does not."""
    if cursor and cursor.at:
        later = Q(waiting_since__gt=cursor.at) | Q(waiting_since=cursor.at, pk__gt=cursor.pk)
        tickets = tickets.filter(later | Q(waiting_since=None))
    elif cursor:
        tickets = tickets.filter(waiting_since=None, pk__gt=cursor.pk)
    return tickets.order_by(F("waiting_since").asc(nulls_last=True), "pk")


def with_unread(tickets: TicketQuerySet, agent: User) -> TicketQuerySet:
    """Adds `unread`: the customer wrote what this agent has not seen. What is done, or with the assistant, calls for nobody."""
    read_to = Subquery(ReadMark.objects.filter(user=agent, ticket=OuterRef("ticket")).values("seq")[:1])
    news = Message.objects.filter(ticket=OuterRef("pk"), author="customer", seq__gt=Coalesce(read_to, Value(0)))
    return tickets.annotate(unread=Q(Exists(news), handler=Ticket.Handler.TEAM, state=Ticket.State.OPEN))


def search(tickets: TicketQuerySet, words: str) -> TicketQuerySet:
    """By number, by the customer's name or address, or by what stands in the subject of the newest tickets.

    The ways are asked apart: an OR over two tables would join every ticket with its customer first.
    """
    words = clean_line(words, limit=100)
    if not words:
        return tickets
    people = Customer.objects.filter(Q(name__icontains=words) | Q(email__icontains=words)).order_by("-pk").values("pk")[:SEARCHED_PEOPLE]
    theirs = tickets.filter(customer__in=people).newest_first().values("pk")[:SEARCHED]
    newest = tickets.newest_first().values("pk")[:SEARCHED]
    found = theirs.union(Ticket.objects.filter(pk__in=newest, subject__icontains=words).order_by().values("pk"))
    number = words.removeprefix("#")
    if number.isdecimal() and number.isascii() and int(number) < 2**63:
        found = found.union(tickets.filter(pk=int(number)).order_by().values("pk"))
    return tickets.filter(pk__in=found)
