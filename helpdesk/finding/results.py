"""The tickets that were asked for, page by page, each with the words that were found in it.

Two ways through a million tickets, by how many the text query finds. Few: the index of words names them, and they are sorted. Many: the newest are
walked in their order and looked at one by one until the page is full; where too few of the newest fit, the index is asked after all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQueryField
from django.db import connection
from django.db.models import Q, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast

from helpdesk.finding.meaning import Meaning
from helpdesk.models import Ticket, User
from helpdesk.models.tickets import TicketQuerySet

FEW = 4_000  # tickets; with more, the newest 20,000 of a million fill a page or two
MAYBE_FEW = 60_000  # expected by the planner, who knows nothing of rare words and takes them for less rare than they are
WALKED = 20_000


@dataclass(frozen=True)
class Found:
    ids: list[int]
    is_all: bool


def narrowed(tickets: TicketQuerySet, meaning: Meaning, agent: User) -> TicketQuerySet:
    """By its filters, whatever its words are."""
    from helpdesk.inbox import with_unread

    for each in meaning.filters:
        tickets = tickets.filter(each)
    if meaning.unread is not None:
        tickets = with_unread(tickets, agent).filter(Q(("unread", meaning.unread)))
    return tickets


def matching(tickets: TicketQuerySet, meaning: Meaning, agent: User) -> TicketQuerySet:
    """All of them, in no order: for counting and for acting on."""
    tickets = narrowed(tickets, meaning, agent)
    if not meaning.tsquery:
        return tickets
    few = few_of(meaning)
    return with_words(tickets, meaning.tsquery) if few is None else _among(tickets, few)


def with_words(tickets: TicketQuerySet, tsquery: str) -> TicketQuerySet:
    """Materialised, so that the planner never reads the words of every ticket to find a few."""
    return tickets.filter(pk__in=RawSQL(_INDEXED, [tsquery]))  # noqa: S611 (no part of it comes from outside)


def counted(tickets: TicketQuerySet, meaning: Meaning) -> TicketQuerySet:
    """At a bounded cost: all of them where the words are rare, else those among the newest."""
    if (few := few_of(meaning)) is not None:
        return _among(tickets, few)
    newest = tickets.newest_first().values("pk")[:WALKED]
    return Ticket.objects.filter(pk__in=newest, words__tsv=Cast(Value(meaning.tsquery), SearchQueryField()))


def first(ordered: TicketQuerySet, column: str, meaning: Meaning, *, size: int) -> Found:
    """The first `size` of what is `ordered` and follows the cursor, by `column` and number."""
    if (few := few_of(meaning)) is not None:
        return _first_of(_among(ordered, few), size)
    sql, params = ordered.values_list("pk", column)[:WALKED].query.sql_with_params()
    order = "2 DESC, 1 DESC" if column == "updated_at" else "2 ASC NULLS LAST, 1 ASC"
    with connection.cursor() as cursor:
        cursor.execute(_WALK.format(newest=sql, order=order), [*params, meaning.tsquery, size + 1])
        ids = [row[0] for row in cursor.fetchall()]
    if len(ids) > size:
        return Found(ids[:size], is_all=False)
    if _is_longer_than(ordered, WALKED):
        return _first_of(with_words(ordered, meaning.tsquery), size)
    return Found(ids, is_all=True)


def few_of(meaning: Meaning) -> list[int] | None:
    """The tickets with these words, visible or not, where they are few: so that the planner sees how few. None where they are many."""
    if meaning.is_only_negative or _expected(meaning.tsquery) > MAYBE_FEW:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_FEW, [meaning.tsquery, FEW + 1])
        ids = [row[0] for row in cursor.fetchall()]
    return ids if len(ids) <= FEW else None


def _among(tickets: TicketQuerySet, numbers: list[int]) -> TicketQuerySet:
    """As one parameter: thousands of them take a fifth of a second to be put into the statement."""
    return tickets.filter(pk__in=RawSQL("SELECT unnest(%s::bigint[])", [numbers]))


def _first_of(found: TicketQuerySet, size: int) -> Found:
    ids = list(found.values_list("pk", flat=True)[: size + 1])
    return Found(ids[:size], is_all=len(ids) <= size)


def _is_longer_than(tickets: TicketQuerySet, length: int) -> bool:
    return tickets.values_list("pk", flat=True)[length : length + 1].first() is not None


def _expected(tsquery: str) -> int:
    """How many tickets the planner expects, from its statistics."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPLAIN, [tsquery])
        told = cursor.fetchone()[0]
    plan = told if isinstance(told, list) else json.loads(told)
    return int(plan[0]["Plan"]["Plan Rows"])


_INDEXED = """
WITH found AS MATERIALIZED (SELECT words.ticket_id FROM helpdesk_ticketwords AS words WHERE words.tsv @@ %s::tsquery) SELECT found.ticket_id FROM found
"""
_FEW = "SELECT words.ticket_id FROM helpdesk_ticketwords AS words WHERE words.tsv @@ %s::tsquery LIMIT %s"
_WALK = """
SELECT newest.id, newest.at FROM ({newest}) AS newest (id, at) JOIN helpdesk_ticketwords AS words ON words.ticket_id = newest.id
WHERE words.tsv @@ %s::tsquery ORDER BY {order} LIMIT %s
"""
_EXPLAIN = "EXPLAIN (FORMAT JSON) SELECT FROM helpdesk_ticketwords AS words WHERE words.tsv @@ %s::tsquery"
