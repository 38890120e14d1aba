"""The tickets behind a number, as a page: which decisions these are is told by whoever counts them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode

from helpdesk.access import AgentRequest
from helpdesk.models import Ticket
from learning import measures
from learning.measures import ENDINGS, SIDES
from learning.models.decision import DecisionQuerySet

ROWS = 30


def page(
    request: AgentRequest,
    found: DecisionQuerySet,
    *,
    title: str,
    says: str,
    back: tuple[str, str],
    since: dt.datetime,
    until: dt.datetime,
    address: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Decisions of tickets that may be seen, newest first. `back`: address and name of the page with the number. Three queries."""
    before = number_in(request, "before")
    seen = measures.told(found.filter(ticket__in=Ticket.objects.visible_to(request.user)))
    rows = list(with_what_is_shown(seen.filter(pk__lt=before) if before else seen).order_by("-pk")[: ROWS + 1])
    context = {
        "address": urlencode(address or {}),
        "title": title,
        "says": says,
        "first": since.date(),
        "last": until.date(),
        "rows": table_of(rows[:ROWS]),
        "older": rows[ROWS - 1].pk if len(rows) > ROWS else None,
        "is_first": not before,
        "hides": bool(request.user.closed_team_ids),
        "back": back,
    }
    return render(request, "learning/questions.html", context)


def with_what_is_shown(found: measures.Questions) -> measures.Questions:
    return found.select_related("ticket__customer", "ticket__organisation", "source").defer("vector", "candidates", "source__body")


def table_of(rows: Iterable[Any]) -> list[tuple[Any, str, str]]:
    """Each decision with how its ticket ended and what day one would have done, in words."""
    return [(row, ENDINGS[row.ending], SIDES[row.side]) for row in rows]


def number_in(request: AgentRequest, name: str) -> int:
    """A number from the address; anything else is as good as none."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
