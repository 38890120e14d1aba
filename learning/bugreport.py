"""An incident as one bug report: facts counted from its tickets, and the same as Markdown to paste or to send."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from django.db.models import Count

from helpdesk.formatting import clean_line
from helpdesk.models import Message, Ticket
from learning import bursts
from learning.masking import mask
from learning.models import Incident, Report
from learning.models.incident import READ

EXAMPLES, MOST = 5, 8
EXAMPLE_LIMIT = 400
_VERSION = re.compile(r"\bv?(\d{1,3}(?:\.\d{1,4}){1,3})\b(?!\s*(?:%|mb|gb|kb|pm|am|eur|usd|h\b))", re.IGNORECASE)
_SAYS = (  # what servers say beside the number, in English
    r"(?:error|bad request|unauthori[sz]ed|forbidden|not found|request time-?out|conflict|too many requests|(?:internal )?server error|bad gateway"
    r"|service (?:temporarily )?unavailable|gateway time-?out)"
)
_CODE = re.compile(
    r"\b(?:[A-Z][A-Z0-9]*[-_])+[A-Z0-9]+\b|\b(?:error|https?|status|code)\s+(?:code\s+)?(\d{3,5})\b"
    rf"|\b([45]\d\d)[\s(:–-]{{1,3}}{_SAYS}\b|\b{_SAYS}[\s(:–-]{{1,3}}([45]\d\d)\b",
    re.IGNORECASE,
)
KNOWN_OF_APPS = ("app", "app_version", "version", "platform", "system", "os", "os_version", "browser", "device")  # traits, by their names
_IN_CAPITALS = re.compile(r"\b(?:[A-Z][A-Z0-9]*[-_])+\d+\b")


def refresh(incident: Incident, usual: bursts.Background) -> None:
    """Count its tickets anew, and keep the result with it."""
    linked = incident.reports.select_related("ticket__customer", "ticket__organisation", "ticket__team")
    rows = list(linked.order_by("-at", "-pk")[:READ])[::-1]
    counts = incident.reports.aggregate(
        tickets=Count("pk"), customers=Count("ticket__customer", distinct=True), accounts=Count("account", distinct=True)
    )
    incident.report = {**counts, **facts(rows, usual)} if rows else {}
    incident.terms = incident.report.get("terms", [])
    incident.save(update_fields=["report", "terms"])


def facts(rows: Sequence[Report], usual: bursts.Background) -> dict[str, Any]:
    """What linked tickets, oldest first, have in common. Texts are masked; a ticket is named by its number only."""
    first = Message.objects.filter(ticket__in=[row.ticket_id for row in rows], seq=1)
    tickets = [row.ticket for row in rows]
    names = {ticket.pk: [ticket.customer.name] for ticket in tickets}
    said = {ticket: mask(body, names[ticket]) for ticket, body in first.values_list("ticket", "body")}
    texts = [f"{ticket.subject}\n{said.get(ticket.pk, '')}" for ticket in tickets]
    found = [frozenset(row.words) for row in rows]
    return {
        "terms": bursts.telling(found, usual),
        "words": sorted(bursts.shared(found)),
        "versions": _common(version for text in texts for version in set(_VERSION.findall(text))),
        "errors": _common(error for ticket, text in zip(tickets, texts, strict=True) for error in _errors(ticket.context, text)),
        "apps": _apps(tickets),
        "pages": _common(ticket.page for ticket in tickets),
        "plans": _common(ticket.organisation.plan for ticket in tickets if ticket.organisation),
        "channels": _common(ticket.get_channel_display() for ticket in tickets),
        "examples": [
            {"ticket": row.ticket_id, "at": row.at.isoformat(), "text": clean_line(said.get(row.ticket_id, ""), limit=EXAMPLE_LIMIT)}
            for row in _typical([row for row in rows if not is_private(row)])
        ],
    }


def markdown(incident: Incident) -> str:
    """The report for whoever mends it."""
    found = incident.report
    lines = [f"# {incident.title}", ""]
    lines += [f"{found.get('tickets', 0)} tickets of {found.get('customers', 0)} customers since {incident.first_seen:%Y-%m-%d %H:%M} UTC."]
    lines += [f"Usually about {incident.usual:.1f} a day. Raised {incident.raised_at:%Y-%m-%d %H:%M} UTC.", ""]
    for name in ("errors", "versions", "apps", "pages", "plans", "channels"):
        if counted := found.get(name):
            lines.append(f"- **{name.capitalize()}**: " + ", ".join(f"{value} ({count})" for value, count in counted))
    if found.get("terms"):
        lines.append(f"- **In common**: {', '.join(found['terms'])}")
    lines += ["", "## What they say", ""]
    for example in found.get("examples", []):
        lines.append(f"> {example['text']}\n>\n> Ticket {example['ticket']}, {example['at'][:16].replace('T', ' ')} UTC\n")
    return "\n".join(lines).rstrip() + "\n"


def is_private(row: Report) -> bool:
    """Of a private team: counted, never quoted."""
    return row.ticket.team is not None and row.ticket.team.is_private


def _typical(rows: Sequence[Report]) -> list[Report]:
    """The first one, and those nearest the middle; in the order they came in."""
    if not rows:
        return []
    centre = bursts.middle([np.asarray(row.vector, np.float32) for row in rows])
    nearest = sorted(rows[1:], key=lambda row: -float(np.asarray(row.vector) @ centre))[: EXAMPLES - 1]
    return [row for row in rows if row is rows[0] or row in nearest]


def _errors(context: dict[str, Any], text: str) -> set[str]:
    named = set()
    for found in _CODE.finditer(text):
        number = found[1] or found[2] or found[3]
        if number or _IN_CAPITALS.fullmatch(found[0]):
            named.add(f"error {number}" if number else found[0])
    shown = clean_line(mask(str(context.get("error") or "")), limit=120)
    return named | ({shown} if shown else set())


def _apps(tickets: Sequence[Ticket]) -> list[tuple[str, int]]:
    """What is known of the apps of those who reported it, not from their words: where more than half of them have the same."""
    customers = {ticket.customer_id: ticket.customer.traits for ticket in tickets}
    known = (traits for traits in customers.values() if isinstance(traits, dict))
    told = _common(
        f"{name.replace('_', ' ')} {clean_line(mask(str(value)), limit=40)}"
        for traits in known
        for name, value in traits.items()
        if name.lower() in KNOWN_OF_APPS and isinstance(value, str | int | float) and value != ""
    )
    return [(value, count) for value, count in told if 2 * count > len(customers)]


def _common(values: Iterable[str]) -> list[tuple[str, int]]:
    return [(value, count) for value, count in Counter(filter(None, values)).most_common(MOST)]
