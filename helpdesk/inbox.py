"""What each view of the inbox holds, how much that is, and one page of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django.core import signing
from django.db import connection
from django.db.models import Exists, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.dateparse import parse_datetime

from helpdesk.finding import excerpts, results
from helpdesk.finding.grammar import read
from helpdesk.finding.meaning import Meaning, understand
from helpdesk.models import AgentSettings, HeldReply, Message, ReadMark, SavedView, Ticket, User
from helpdesk.models.tickets import TicketQuerySet

PAGE = 30
MOST_SHOWN = 300  # rows that a refresh fetches at once
COUNT_LIMIT = 1_000
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
    query: str = ""  # what a saved view asks for, in the words of a search
    saved: SavedView | None = None

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
        "team",
        "My teams",
        "users-round",
        lambda tickets, agent: tickets.open().with_team().filter(team__in=agent.teams.all()),
        "Nothing waits for a team of yours.",
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


def counts(agent: User, saved: Sequence[View] = ()) -> dict[str, Count]:
    """Of every listed view, in one query. Each stops counting just above the limit, so a million tickets cost no more than a thousand."""
    listed = [view for view in _VIEWS if view.listed]
    found = counts_of([*(view.tickets(agent) for view in listed), *(countable(view, agent) for view in saved)])
    return {view.slug: count for view, count in zip([*listed, *saved], found, strict=True)}


def counts_of(lists: Sequence[TicketQuerySet]) -> list[Count]:
    """In one query."""
    parts: list[str] = []
    params: list[Any] = []
    for tickets in lists:
        sql, given = tickets.order_by().values("pk")[: COUNT_LIMIT + 1].query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({sql}) AS capped)")  # noqa: S608 (compiled by the ORM, its parameters apart)
        params += given
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", params)
        return [Count(number) for number in cursor.fetchone()]


def countable(view: View, agent: User) -> TicketQuerySet:
    """A saved view's tickets, as far as they are counted: where its words are common, among the newest."""
    meaning = understand(view.query, agent=agent)
    tickets = results.narrowed(view.tickets(agent), meaning, agent)
    return results.counted(tickets, meaning) if meaning.tsquery else tickets


# --- Views that agents keep -------------------------------------------------------------------------------------------


def saved_views(agent: User) -> list[View]:
    """Their own and those shared with them, in the order they have chosen; new ones come last."""
    order = {pk: place for place, pk in enumerate(AgentSettings.of(agent).view_order)}
    kept = sorted(SavedView.objects.visible_to(agent).distinct(), key=lambda each: (order.get(each.pk, len(order)), each.pk))
    return [as_view(each) for each in kept]


def as_view(saved: SavedView) -> View:
    wants_spam = any(part.text == "spam" for part in read(saved.query).of("is"))
    return View(
        saved.slug,
        saved.name,
        {"private": "bookmark", "team": "users-round"}.get(saved.audience, "globe"),
        lambda tickets, _: tickets if wants_spam else tickets.exclude(state=Ticket.State.SPAM),
        "No ticket fits the filters of this view.",
        query=saved.query,
        saved=saved,
    )


def view_for(slug: str, agent: User) -> View | None:
    """Built in or saved; none where there is none that this agent may see."""
    if slug in VIEWS:
        return VIEWS[slug]
    number = slug.removeprefix("v")
    if not (slug.startswith("v") and number.isascii() and number.isdigit() and len(number) < 16):
        return None
    saved = SavedView.objects.visible_to(agent).filter(pk=int(number)).first()
    return as_view(saved) if saved else None


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


def page(
    tickets: TicketQuerySet, *, agent: User, sort: str = "newest", after: str = "", size: int = PAGE, meaning: Meaning | None = None
) -> Page:
    """`size` rows with all they show, and the cursor to what follows. `meaning`: only those that were asked for."""
    cursor = Cursor.parse(after, sort=sort) if after else None
    if meaning is not None and not meaning.is_empty:
        return _found_page(tickets, meaning, agent, sort, cursor, size)
    rows: list[Ticket] = []
    for part in _in_order(with_unread(tickets.as_rows(), agent), sort, cursor):
        rows += part[: size + 1 - len(rows)]
        if len(rows) > size:
            break
    return _page(rows[:size], sort, more=len(rows) > size)


def _found_page(tickets: TicketQuerySet, meaning: Meaning, agent: User, sort: str, cursor: Cursor | None, size: int) -> Page:
    narrowed = results.narrowed(tickets, meaning, agent)
    exact = meaning.number and tickets.filter(pk=meaning.number).values_list("pk", flat=True).first()
    if exact:
        narrowed = narrowed.exclude(pk=exact)  # it stands above all others
    ids = [exact] if exact and cursor is None else []
    more = False
    for part in _in_order(narrowed, sort, cursor):
        room = size - len(ids)
        if meaning.tsquery:
            found = results.first(part, "updated_at" if sort == "newest" else "waiting_since", meaning, size=room)
            more = not found.is_all
            ids += found.ids
        else:
            some = list(part.values_list("pk", flat=True)[: room + 1])
            more = len(some) > room
            ids += some[:room]
        if more or len(ids) == size:
            break
    known = {row.pk: row for row in with_unread(Ticket.objects.filter(pk__in=ids).as_rows(), agent)}
    rows = [known[pk] for pk in ids if pk in known]
    pieces = excerpts.excerpts(ids, meaning)
    for row in rows:
        row.found_subject = excerpts.marks(row.subject, meaning.words)
        row.found_excerpt = pieces.get(row.pk) if row.says_more or "<mark>" not in row.found_subject else None
    return _page(rows, sort, more=more)


def _page(rows: list[Ticket], sort: str, *, more: bool) -> Page:
    return Page(rows, Cursor.after(rows[-1], sort=sort) if more and rows else None)


def _in_order(tickets: TicketQuerySet, sort: str, cursor: Cursor | None) -> Iterator[TicketQuerySet]:
    """What follows the cursor, in parts that each walk an index: who waits, the longest at the top, then who does not."""
    if sort == "newest":
        yield (tickets.before(cursor.at, cursor.pk) if cursor and cursor.at else tickets).newest_first()
        return
    if cursor is None or cursor.at:
        waiting = tickets.filter(waiting_since__isnull=False)
        if cursor and cursor.at:
            waiting = waiting.filter(waiting_since__gte=cursor.at).filter(Q(waiting_since__gt=cursor.at) | Q(pk__gt=cursor.pk))
        yield waiting.order_by("waiting_since", "pk")
    resting = tickets.filter(waiting_since=None)
    yield (resting.filter(pk__gt=cursor.pk) if cursor and not cursor.at else resting).order_by("pk")


def with_unread(tickets: TicketQuerySet, agent: User) -> TicketQuerySet:
    """Adds `unread`: the customer wrote what this agent has not seen. What is done, or with the assistant, calls for nobody.
    And `is_sending`: somebody's reply is on its way and can still be taken back.
    """
    read_to = Subquery(ReadMark.objects.filter(user=agent, ticket=OuterRef("ticket")).values("seq")[:1])
    news = Message.objects.filter(ticket=OuterRef("pk"), author="customer", seq__gt=Coalesce(read_to, Value(0)))
    sending = Exists(HeldReply.objects.filter(ticket=OuterRef("pk")))
    return tickets.annotate(unread=Q(Exists(news), handler=Ticket.Handler.TEAM, state=Ticket.State.OPEN), is_sending=sending)
