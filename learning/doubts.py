"""A suspicion as agents read it: what was expected, what happened, on which tickets, what agents answered instead, and a drafted fix."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Avg, Count, Q

from helpdesk.models import Source, Ticket, User
from learning import amending, demonstrations, resolutions
from learning.amending import Line
from learning.channels import channel
from learning.models import Decision, Signal, Suspicion
from learning.models.decision import DecisionQuerySet
from learning.screening import objection
from learning.staleness import EXPECTED

TICKETS = 20
REPLIES = 8  # of the newest, for the draft
WHOLE = 1_800  # characters; what is shorter is amended whole


@dataclass(frozen=True)
class Share:
    """Of `tried` questions that it came first on and of which something is known, `solved` were likely solved by it."""

    tried: int = 0
    solved: int = 0

    @property
    def percent(self) -> int:
        return round(100 * self.solved / self.tried) if self.tried else 0


@dataclass(frozen=True)
class Row:
    ticket: Ticket
    expected: int  # percent
    what: list[str]


@dataclass(frozen=True)
class Instead:
    """What agents answered with instead, and how often."""

    source: Source
    count: int


@dataclass(frozen=True)
class Doubt:
    suspicion: Suspicion
    before: Share
    since: Share
    expected: int  # percent, on average, of those since
    rows: list[Row]
    hidden: int
    instead: list[Instead]
    fix: list[Line]
    replies: int

    @property
    def changes(self) -> bool:
        return any(line.kind != "same" for line in self.fix)

    @property
    def text(self) -> str:
        return amending.text(self.fix)


def shares(suspicion: Suspicion) -> tuple[Share, Share, int]:
    """Before, since, and what was expected since, in percent. One query."""
    since, solved = Q(at__gte=suspicion.since), Q(belief__gt=0.5)
    found = _tried(suspicion).aggregate(
        before=Count("pk", filter=~since),
        solved_before=Count("pk", filter=~since & solved),
        since=Count("pk", filter=since),
        solved_since=Count("pk", filter=since & solved),
        expected=Avg("confidence", filter=since),
    )
    return (
        Share(found["before"], found["solved_before"]),
        Share(found["since"], found["solved_since"]),
        round(100 * (found["expected"] or 0.0)),
    )


def doubt(suspicion: Suspicion, viewer: User) -> Doubt:
    """Everything on its page: seven queries, and two for each reply that the draft is made of. Tickets and replies as far as the viewer may see them."""
    before, since, expected = shares(suspicion)
    tried = _tried(suspicion).filter(at__gte=suspicion.since)
    seen = tried.filter(ticket__in=Ticket.objects.visible_to(viewer))
    decisions = list(seen.select_related("ticket__customer").order_by("-pk")[:TICKETS])
    replies = _replies(suspicion, [each.ticket for each in decisions if each.ticket and (each.belief or 0) < 0.5])
    instead = _instead(suspicion, viewer)
    told = replies or [each.source.body for each in instead[:1]]
    return Doubt(
        suspicion,
        before,
        since,
        expected,
        _rows(decisions),
        since.tried - len(decisions),
        instead,
        _fix(suspicion.source, told),
        len(replies),
    )


def _tried(suspicion: Suspicion) -> DecisionQuerySet:
    known = Decision.objects.filter(source=suspicion.source_id, belief__isnull=False, confidence__gte=EXPECTED)
    return known.filter(at__gte=suspicion.counted_from) if suspicion.counted_from else known


def _rows(decisions: list[Decision]) -> list[Row]:
    said: dict[int, list[str]] = {}
    for decision, kind in (
        Signal.objects.in_force().filter(decision__in=decisions).order_by("matured_at", "pk").values_list("decision", "kind")
    ):
        if kind != "demonstrated":  # of another source; that this one was overruled says the same
            said.setdefault(decision, []).append(channel(kind).label)
    return [Row(each.ticket, round(100 * each.confidence), list(dict.fromkeys(said.get(each.pk, [])))) for each in decisions if each.ticket]


def _instead(suspicion: Suspicion, viewer: User) -> list[Instead]:
    shown = Signal.objects.in_force().filter(kind="demonstrated", decision__source=suspicion.source_id, decision__at__gte=suspicion.since)
    counted = Counter(shown.exclude(source=suspicion.source_id).exclude(source=None).values_list("source_id", flat=True))
    found = Source.objects.visible_to(viewer).defer("tsv").in_bulk(counted)
    return [Instead(found[pk], count) for pk, count in counted.most_common(5) if pk in found]


def _replies(suspicion: Suspicion, tickets: list[Ticket]) -> list[str]:
    """What agents have written since where it missed, newest first, without the people in it and without what must not be learned."""
    found = []
    for ticket in tickets[:REPLIES]:
        reply = demonstrations.solving_reply(ticket)
        if reply is not None and reply.at >= suspicion.since:
            people = [ticket.customer.name, *([reply.user.name] if reply.user else [])]
            said = resolutions.depersonalise(reply.body, people)
            if said and not objection(said):
                found.append(said)
    return found


def _fix(source: Source, replies: list[str]) -> list[Line]:
    passages = [source.body] if len(source.body) <= WHOLE else [chunk.text for chunk in source.chunks.order_by("position")]
    return amending.amend(amending.nearest(passages, replies), replies) if replies else []
