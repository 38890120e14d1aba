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
    address: Mapping[str, str],
) -> HttpResponse:
    """Decisions of tickets that may be seen, newest first. Three queries."""
    before = number_in(request, "before")
    seen = measures.told(found.filter(ticket__in=Ticket.objects.visible_to(request.user)))
    rows = list(with_what_is_shown(seen.filter(pk__lt=before) if before else seen).order_by("-pk")[: ROWS + 1])
    older = rows[ROWS - 1].pk if len(rows) > ROWS else None
    return show(request, rows[:ROWS], title=title, says=says, back=back, days=(since.date(), until.date()), address=address, older=older)


def show(
    request: AgentRequest,
    rows: Iterable[Any],
    *,
    title: str,
    says: str,
    back: tuple[str, str],
    days: tuple[dt.date, dt.date],
    address: Mapping[str, str],
    older: int | None,
) -> HttpResponse:
    """One page of them. `back`: address and name of the page with the number; `older`: after which one the next page goes on."""
    context = {
        "address": urlencode(address),
        "title": title,
        "says": says,
        "first": days[0],
        "last": days[1],
        "rows": [(row, ENDINGS[row.ending], SIDES[row.side]) for row in rows],
        "older": older,
        "is_first": not number_in(request, "before"),
        "hides": bool(request.user.closed_team_ids),
        "back": back,
    }
    return render(request, "learning/questions.html", context)


def with_what_is_shown(found: measures.Questions) -> measures.Questions:
    return found.select_related("ticket__customer", "ticket__organisation", "source").defer("vector", "candidates", "source__body")


def number_in(request: AgentRequest, name: str) -> int:
    """A number from the address; anything else is as good as none."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
