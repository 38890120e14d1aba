"""Incidents as tickets come in: what each one said is kept, and when too many say the same, an incident is raised."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from django.db import connection, transaction

from helpdesk.events import consumer
from helpdesk.formatting import clean_line
from helpdesk.models import Event, Ticket
from helpdesk.models.events import SYSTEM
from learning import bugreport, bursts, outgoing
from learning.consume import vector_of
from learning.masking import mask
from learning.models import Incident, Report
from learning.models.incident import NOTICE, NOTICE_OF
from learning.signals import incident_over, incident_raised
from learning.wording import has_link, words

HISTORY = dt.timedelta(days=90)
LOCK = 0x1C1D  # of two tickets at once the second sees what the first has raised


@consumer("incidents", {"ticket.opened", "ticket.spam", "incident.fixed", "incident.dismissed"})
def consume(event: Event) -> None:
    if event.verb == "ticket.opened" and event.ticket is not None:
        watch(event.ticket, message_id=event.data["message"], at=event.at)
    elif event.verb == "ticket.spam" and event.ticket is not None:
        set_apart(event.ticket, at=event.at)
    elif incident := Incident.objects.select_related("fixed_by").filter(pk=event.data.get("incident")).first():
        if event.verb == "incident.fixed":
            tell(incident, at=event.at)
        outgoing.announce(incident, event.verb.removeprefix("incident."))
        transaction.on_commit(partial(incident_over.send_robust, sender=Incident, incident_id=incident.pk))


def watch(ticket: Ticket, *, message_id: int, at: dt.datetime) -> Incident | None:
    """Keep what this ticket said, and link it to the incident that it belongs to, an open one or one that it raises.

    None while the embedder is away: a ticket without a vector is read by people like any other, and only not counted.
    """
    if Report.objects.filter(ticket=ticket).exists():
        return None
    message = ticket.message(message_id)
    vector = vector_of(message)
    if vector is None:
        return None
    with transaction.atomic():
        _take_turns()
        row = _keep(ticket, f"{ticket.subject}\n{message.body}", vector, at)
        seen = _seen(row)
        for incident in Incident.objects.gathering(at):
            if bursts.belongs(seen, _vector(incident.centre), _words_of(incident)):
                _link(incident, [row], at)
                return incident
        return _raise_if_burst(at)


def set_apart(ticket: Ticket, *, at: dt.datetime) -> None:
    """Spam counts for nothing."""
    report = Report.objects.select_related("incident").filter(ticket=ticket).first()
    if report and report.incident:
        report.incident.detach(ticket, at=at)
    Report.objects.filter(ticket=ticket).update(is_apart=True)


def tell(incident: Incident, *, at: dt.datetime) -> int:
    """The customer of every linked ticket hears that it is fixed, from the agent who said so; each once. How many there are."""
    agent, count = incident.fixed_by, 0
    if agent is None or not incident.fixed_text:
        return 0
    for ticket in Ticket.objects.filter(report__incident=incident).exclude(state=Ticket.State.SPAM).order_by("pk"):
        nobody = ticket.assignee is None
        ticket.reply(
            incident.fixed_text,
            by=agent,
            teach=False,
            client_msg_id=f"incident-{incident.pk}-fixed",
            meta={"incident": incident.pk},
            at=at,
        )
        if nobody and not Ticket.objects.visible_to(agent).filter(pk=ticket.pk).exists():
            ticket.assign(team=ticket.team, by=agent, at=at)  # a private team's ticket stays theirs
        count += 1
    return count


def close_quiet(at: dt.datetime) -> int:
    """Let incidents rest that nobody has reported for a while."""
    return sum(incident.close(at=at) for incident in Incident.objects.open().filter(last_seen__lte=at - bursts.QUIET))


# --- What is usual ------------------------------------------------------------------------------------------------------


@dataclass
class _Usual:
    day: dt.date
    background: bursts.Background


_usual: _Usual | None = None


def usual(at: dt.datetime) -> bursts.Background:
    """The background as of the last midnight, so that a burst is not measured against itself. One query a day and process."""
    global _usual
    midnight = at.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if _usual is None or _usual.day != midnight.date():
        before = Report.objects.filter(at__lt=midnight, at__gte=midnight - HISTORY, is_apart=False).order_by("-at", "-pk")
        _usual = _Usual(midnight.date(), bursts.background([_seen(row) for row in before[: bursts.KEPT]], midnight))
    return _usual.background


def forget() -> None:
    """Read the background afresh at the next ticket."""
    global _usual
    _usual = None


# --- Inside -------------------------------------------------------------------------------------------------------------


def _take_turns() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _keep(ticket: Ticket, text: str, vector: bursts.Vectors, at: dt.datetime) -> Report:
    found = words(mask(text))
    by_radius, by_term = bursts.shares(usual(at), vector, found)
    customer = ticket.customer
    earlier = Ticket.objects.filter(customer=customer, opened_at__lte=at - bursts.KNOWN_AFTER).exclude(state=Ticket.State.SPAM)
    return Report.objects.create(
        ticket=ticket,
        at=at,
        vector=vector,
        words=sorted(found),
        account=f"o{customer.organisation_id}" if customer.organisation_id else f"c{customer.pk}",
        is_known=customer.is_verified or earlier.exists(),
        has_link=has_link(text),
        radius_shares=list(by_radius),
        term_shares=by_term,
    )


def _raise_if_burst(at: dt.datetime) -> Incident | None:
    recent = Report.objects.filter(at__gt=at - bursts.WINDOW, at__lte=at, incident=None, is_apart=False)
    rows = list(recent.select_related("ticket__customer", "ticket__organisation", "ticket__team").order_by("-at", "-pk")[: bursts.MOST])[
        ::-1
    ]
    window = [_seen(row) for row in rows]
    found = bursts.scan(window, usual(at))
    if found is None:
        return None
    members = [rows[place] for place in found.members]
    centre = bursts.middle([window[place].vector for place in found.members])
    kin = next((each for each in Incident.objects.gathering(at) if bursts.is_same(_vector(each.centre), centre)), None)
    incident = kin or _raise(members, centre, found, usual(at), at)
    _link(incident, members, at)
    common = bursts.shared([frozenset(row.words) for row in members])
    also = [row for row, seen in zip(rows, window, strict=True) if row not in members and bursts.belongs(seen, centre, common)]
    _link(incident, also, at)
    return incident


def _raise(members: Sequence[Report], centre: bursts.Vectors, found: bursts.Burst, usual: bursts.Background, at: dt.datetime) -> Incident:
    quotable = sorted((row for row in members if not bugreport.is_private(row)), key=lambda row: -float(_vector(row.vector) @ centre))
    title = clean_line(mask(quotable[0].ticket.subject, [quotable[0].ticket.customer.name]), limit=120) if quotable else ""
    incident = Incident.objects.create(
        title=title or "Several customers report the same",
        first_seen=members[0].at,
        last_seen=members[-1].at,
        raised_at=at,
        public_text=_notice(quotable, usual),
        evidence=round(found.evidence, 3),
        usual=round(bursts.expected_a_day(usual, centre), 3),
        centre=centre,
    )
    Event.record("incident.raised", by=SYSTEM, at=at, incident=incident.pk, reports=len(members))
    outgoing.announce(incident, "raised")
    transaction.on_commit(partial(incident_raised.send_robust, sender=Incident, incident_id=incident.pk))
    return incident


def _notice(quotable: Sequence[Report], usual: bursts.Background) -> str:
    """What customers read of it: named by the most typical subject that names nobody, else by the words that most have in common.

    Who reads it does not know the others, so a subject in which anything had to be taken out is not shown, not even without that.
    """
    tickets = [row.ticket for row in quotable]
    people = [ticket.customer.name for ticket in tickets] + [ticket.organisation.name for ticket in tickets if ticket.organisation]
    subjects = (clean_line(ticket.subject, limit=100) for ticket in tickets)
    matter = next((subject for subject in subjects if subject and mask(subject, people) == subject), "")
    if not matter:
        common = bursts.telling([frozenset(row.words) for row in quotable], usual, most=3) if quotable else []
        matter = ", ".join(word for word in common if mask(word, people) == word)
    return NOTICE_OF.format(matter) if matter else NOTICE


def _link(incident: Incident, rows: Iterable[Report], at: dt.datetime) -> None:
    if incident.attach(list(rows), at=at):
        bugreport.refresh(incident, usual(at))


def _seen(row: Report) -> bursts.Report:
    return bursts.Report(
        key=row.pk,
        at=row.at,
        vector=_vector(row.vector),
        words=frozenset(row.words),
        account=row.account,
        is_known=row.is_known,
        has_link=row.has_link,
        radius_shares=tuple(row.radius_shares),
        term_shares=row.term_shares,
    )


def _vector(stored: object) -> bursts.Vectors:
    return np.asarray(stored, np.float32)


def _words_of(incident: Incident) -> frozenset[str]:
    return frozenset(incident.report.get("words", []))
