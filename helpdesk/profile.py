"""What an agent sees of the person who asks: who they are, what they did before, how earlier tickets went."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.formats import date_format

from helpdesk.formatting import clean_line, plain
from helpdesk.models import Customer, Organisation, Resolution, Ticket, User, Visit

EARLIER = 5
ZONE = "time_zone"  # the trait that names it
STEPS = 12


@dataclass(frozen=True)
class Step:
    """One thing they did before writing."""

    what: str
    detail: str = ""
    time: str = ""
    is_error: bool = False
    is_here: bool = False


def trail(ticket: Ticket) -> list[Step]:
    """From the page's own report, which is data of a browser: shown as text, and never more than a few lines."""
    context = ticket.context
    actions = context.get("actions")
    steps = [_step(action) for action in (actions[-STEPS:] if isinstance(actions, list) else [])]
    if context.get("error"):
        steps.append(Step("Saw an error", detail=_short(context["error"]), is_error=True))
    if context.get("page"):
        steps.append(
            Step(_short(context.get("title")) or _short(context["page"]), detail=_short(context["page"]) if context.get("title") else "")
        )
    return [*steps, Step("Asked the question", is_here=True)] if steps else []


def _step(action: Any) -> Step:
    if not isinstance(action, dict):
        return Step(_short(action))
    if "kind" in action:
        return _from_widget(action)
    what = next((_short(action[key]) for key in ("label", "what", "title", "text", "page", "type") if action.get(key)), "Did something")
    return Step(what, _short(action.get("detail")), _short(action.get("time"))[:5], is_error=bool(action.get("error")))


def _from_widget(action: dict[str, Any]) -> Step:
    kind, what = str(action["kind"]), _short(action.get("what"))
    try:
        time = f"{timezone.localtime(dt.datetime.fromisoformat(str(action.get('at')))):%H:%M}"
    except ValueError:
        time = ""
    if kind == "click":
        return Step(f"Pressed “{what}”" if what else "Pressed something", time=time)
    if kind == "page":
        return Step(f"Opened {what or 'a page'}", time=time)
    named = {"error": "A script failed", "request": "A request was refused"}.get(kind)
    return Step(named or what or kind.removeprefix("track:"), what if named else "", time, is_error=named is not None)


def here(customer: Customer) -> Visit | None:
    """The browser they have the widget open in now, if they have."""
    visit = Visit.objects.filter(customer=customer, ended_at=None).order_by("-seen_at").first()
    return visit if visit and visit.is_here else None


def product(ticket: Ticket) -> list[tuple[str, str]]:
    """What the site said of the customer's product when they asked."""
    given = ticket.context.get("product")
    shown = given.items() if isinstance(given, dict) else []
    return [
        (str(name).replace("_", " ").capitalize(), ", ".join(map(_short, value)) if isinstance(value, list) else _short(value))
        for name, value in shown
    ][:12]


def _short(value: Any) -> str:
    return str(value or "")[:160]


def traits(of: Customer | Organisation | None) -> list[tuple[str, str]]:
    """Name and value of each plain trait."""
    given = of.traits.items() if of and isinstance(of.traits, dict) else []
    plain = [(name, value) for name, value in given if isinstance(value, str | int | float) and name != ZONE]
    return [(str(name).replace("_", " ").capitalize(), _day(value)) for name, value in plain][:12]


def _day(value: Any) -> str:
    """`2027-03-21` as people write it; anything else as it is."""
    text = _short(value)
    try:
        return date_format(dt.date.fromisoformat(text), "j M Y") if len(text) == 10 else text
    except ValueError:
        return text


def local_time(customer: Customer) -> str:
    """`10:31 in Lagos`, where their time zone is known."""
    zone = customer.traits.get(ZONE) if isinstance(customer.traits, dict) else None
    if not isinstance(zone, str) or zone not in available_timezones():
        return ""
    return f"{timezone.now().astimezone(ZoneInfo(zone)):%H:%M} in {zone.rpartition('/')[2].replace('_', ' ')}"


def earlier(customer: Customer, *, besides: Ticket, agent: User) -> list[Ticket]:
    """Their last tickets, each with how it was solved (`how`, `solver`, `answered_by`) and by what (`solution`, `cited`)."""
    held = Resolution.objects.filter(ticket=OuterRef("pk"), reversed_at=None).order_by("-at")
    return list(
        Ticket.objects.visible_to(agent)
        .filter(customer=customer)
        .exclude(pk=besides.pk)
        .annotate(
            how=Subquery(held.values("kind")[:1]),
            solver=Subquery(held.values("by__name")[:1]),
            answered_by=Subquery(held.values("message__author")[:1]),
            solution=Subquery(held.values("message__body")[:1]),
            cited=Subquery(held.values("message__meta__citations__0__title")[:1]),
        )
        .newest_first()[:EARLIER]
    )


def outcome(ticket: Any) -> tuple[str, str]:
    """The colour of its state and its end in words; `ticket` as `earlier` gives it."""
    if ticket.merged_into_id:
        return "warn", f"Goes on in {ticket.merged_into_id}"
    if ticket.how == "assumed":
        return "warn", "Assumed solved"
    if ticket.how == "abandoned":
        return "warn", "Left without a word"
    if ticket.how and ticket.solver:
        return "good", f"Solved by {ticket.solver.split(' ')[0]}"
    if ticket.how:
        return "good", "Solved by the assistant" if ticket.answered_by == "assistant" else "Solved"
    return "open", ticket.get_state_display()


def solution(ticket: Any) -> str:
    """What solved it: the article or learned answer that was cited, else the first words of the reply; `ticket` as `earlier` gives it."""
    return str(ticket.cited or "") or clean_line(plain(ticket.solution or ""), limit=120)
