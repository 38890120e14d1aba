"""The learning dashboard, and the tickets behind each of its figures."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from helpdesk.access import AgentRequest, agent_required
from helpdesk.models import SiteSettings, Ticket, User
from learning import behind, lessons, measures, panels, trends
from learning.behind import ROWS, number_in, with_what_is_shown
from learning.channels import CHANNELS
from learning.dashboard import Dashboard
from learning.models import Decision
from learning.telling import TABS

PAGE = "learning/dashboard.html"
LONGEST = dt.timedelta(days=120)  # of a list: what a chart of 90 days looks back on


@require_safe
@agent_required
@SiteSettings.kept()
def dashboard(request: AgentRequest) -> HttpResponse:
    """The whole page; for htmx the part that it replaces: all of a period, or one chart."""
    at = timezone.now()
    days, slug = request.GET.get("days", ""), request.GET.get("chart", "")
    period = trends.period(int(days) if days in {str(each) for each in trends.PERIODS} else max(trends.PERIODS), at)
    found, part = Dashboard(period), _fragment(request)
    slug = slug if slug in TABS else next(iter(TABS))
    context: dict[str, Any] = {
        "board": found,
        "period": period,
        "periods": list(trends.PERIODS),
        "tabs": TABS.items(),
        "slug": slug,
        "enough": trends.ENOUGH,
    }
    if not found.is_empty:
        context["trend"] = found.trend(slug)
    if part != "trend":
        context |= _around(request, found, at)
    response = render(request, f"{PAGE}#{part}" if part else PAGE, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    response["Cache-Control"] = "no-store"
    return response


def _around(request: AgentRequest, found: Dashboard, at: dt.datetime) -> dict[str, Any]:
    shown = [{"template": panel.template, **panel.ask(request.user, found.history)} for panel in panels.PANELS]
    if found.is_empty:
        return {"panels": shown}
    head, weeks = found.weeks()
    return {"panels": shown, "figures": found.figures(), "week_head": head, "weeks": weeks, "lessons": lessons.lessons(request.user, at)}


@require_safe
@agent_required
def questions(request: AgentRequest) -> HttpResponse:
    """The tickets that a figure counts, newest first, a page at a time from the one before."""
    name, (first, last) = request.GET.get("what", "questions"), _days(request)
    source, before = number_in(request, "source"), number_in(request, "before")
    try:
        rows = _newest(request.user, name, first, last, source, before)
    except KeyError:
        raise Http404("Nothing is counted by that name.") from None
    title, says = _named(name)
    return behind.show(
        request,
        rows[:ROWS],
        title=title,
        says=says,
        back=(reverse("learning:dashboard"), "Learning"),
        days=(first, last),
        address={"what": name, "from": str(first), "to": str(last), **({"source": str(source)} if source else {})},
        older=rows[ROWS - 1].pk if len(rows) > ROWS else None,
    )


def _newest(viewer: User, name: str, first: dt.date, last: dt.date, source: int, before: int) -> list[Any]:
    """One row more than a page shows. A few days are looked through first, then twice as many: of most figures these are enough."""
    at = Decision.objects.filter(pk=before).values_list("at", flat=True).first() if before else None
    back = 1 if not name.startswith(measures.SIGNAL) else LONGEST.days  # a signal may be of a decision long before it
    end = min(last, at.astimezone(dt.UTC).date()) if at and back == 1 else last
    while True:
        start = max(first, end - dt.timedelta(days=back))
        found = measures.behind(name, start, end, source).filter(ticket__in=Ticket.objects.visible_to(viewer))
        if at:  # written so that the index is walked
            found = found.filter(at__lte=at).filter(Q(at__lt=at) | Q(pk__lt=before))
        rows = list(with_what_is_shown(found).order_by("-at", "-pk")[: ROWS + 1])
        if len(rows) > ROWS or start <= first:
            return rows
        back *= 4


def _named(name: str) -> tuple[str, str]:
    if name.startswith(measures.SIGNAL):
        kind, standing = measures.signal_of(name)
        return CHANNELS[kind].label, standing.says
    return measures.MEASURES[name].title, measures.MEASURES[name].says


def _days(request: AgentRequest) -> tuple[dt.date, dt.date]:
    """From the address; without, or with nonsense, the last thirty."""
    today = timezone.now().astimezone(dt.UTC).date()
    last = _day(request.GET.get("to")) or today
    first = _day(request.GET.get("from")) or last - dt.timedelta(days=29)
    return max(min(first, last), last - LONGEST), last


def _day(text: str | None) -> dt.date | None:
    try:
        found = parse_date(text or "")
    except ValueError:
        return None
    return found if found and 1990 < found.year < 2200 else None


def _fragment(request: AgentRequest) -> str:
    wanted = request.htmx.target or "" if request.htmx and not request.htmx.history_restore_request else ""
    return wanted if wanted in {"board", "trend"} else ""
