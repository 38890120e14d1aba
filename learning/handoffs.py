"""What reached people: which of it was hard, and which should have been answered; by the source that had been ranked first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Q

from helpdesk.models import Message, Source, Ticket
from learning.models import Decision, Signal
from learning.policies import Loaded

LOOKED_BACK = dt.timedelta(days=90)
MOST = 3_000  # of the newest that reached people
TOP = 3
MANY_TURNS = 6  # replies between customer and people, together
TOPICS = 30


@dataclass(frozen=True)
class Escalation:
    """`shown`: the source that an agent's answer came from, if there is one; `is_own`: it says what no source said before."""

    ticket: int
    source: int | None
    ranked: tuple[int, ...]
    was_answered: bool
    shown: int | None
    is_own: bool
    replies: int
    agents: int

    @property
    def verdict(self) -> str:
        """first: what it had ranked first was right, and held back. near: it was among the first three. hard: people needed what no source
        says, several of them, or many turns. other: another source was right. unknown: nobody has shown the answer.
        """
        if self.shown is not None and not self.is_own:
            if self.ranked[:1] == (self.shown,) and not self.was_answered:
                return "first"
            if self.shown in self.ranked[:TOP]:
                return "near"
        if self.is_own or self.agents > 1 or self.replies >= MANY_TURNS:
            return "hard"
        return "unknown" if self.shown is None else "other"


IN_WORDS = {
    "first": "Ranked first, and right",
    "near": "Among the first three",
    "other": "Another source was right",
    "hard": "Hard: for people",
    "unknown": "Nobody has shown the answer",
}
VERDICTS = tuple(IN_WORDS)


@dataclass
class Topic:
    """The escalations of one source that was ranked first. `shift`: how far its threshold has moved, in the policy in use."""

    source: int
    title: str = ""
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    tickets: dict[str, list[int]] = field(default_factory=dict)
    shift: float = 0.0

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def known(self) -> int:
        return self.total - self.counts["unknown"]

    @property
    def shift_in_words(self) -> str:
        points = max(round(abs(self.shift) * 100), 1)
        return f"{points} point{'' if points == 1 else 's'} {'less' if self.shift < 0 else 'more'}"


def escalations(at: dt.datetime) -> list[Escalation]:
    """The tickets of the last LOOKED_BACK that reached people after the assistant had ranked something, newest first. Three queries."""
    firsts = Decision.objects.learned().first_of_tickets().filter(at__gt=at - LOOKED_BACK, at__lte=at, source__isnull=False)
    firsts = firsts.filter(ticket__handler=Ticket.Handler.TEAM).exclude(ticket__state=Ticket.State.SPAM)
    rows = list(firsts.order_by("-at", "pk").values_list("ticket_id", "source_id", "candidates", "kind")[:MOST])
    tickets = [row[0] for row in rows]
    shown = _shown(tickets)
    written = _written(tickets)
    return [
        Escalation(
            ticket,
            source,
            tuple([each["source"] for each in candidates if not each.get("aside")][:TOP]),
            kind == Decision.Kind.ANSWER,
            *shown.get(ticket, (None, False)),
            *written.get(ticket, (0, 0)),
        )
        for ticket, source, candidates, kind in rows
    ]


def by_topic(found: Sequence[Escalation], policy: Loaded) -> list[Topic]:
    """By the source that was ranked first, those first where most should have been answered. One query."""
    topics: dict[int, Topic] = {}
    for each in found:
        topic = topics.setdefault(each.source or 0, Topic(each.source or 0))
        topic.counts[each.verdict] += 1
        topic.tickets.setdefault(each.verdict, []).append(each.ticket)
    titles = dict(Source.objects.filter(pk__in=topics).values_list("pk", "title"))
    for pk, topic in topics.items():
        topic.title, topic.shift = titles.get(pk, "A source that is gone"), policy.shifts.get(pk, 0.0)
    return sorted(topics.values(), key=lambda topic: (-topic.counts["first"], -topic.total, topic.source))


def totals(found: Sequence[Escalation]) -> dict[str, int]:
    return {verdict: sum(each.verdict == verdict for each in found) for verdict in VERDICTS}


def _shown(tickets: Sequence[int]) -> dict[int, tuple[int | None, bool]]:
    """By ticket the source that an agent's answer was matched to, and whether it was a new one: learned from this ticket, or kept nowhere."""
    signals = Signal.objects.in_force().filter(decision__ticket__in=tickets, kind__in=["demonstrated", "overruled"])
    rows = signals.order_by("kind", "-at", "-pk").values_list("decision__ticket_id", "source_id", "source__resolution__ticket_id")
    found: dict[int, tuple[int | None, bool]] = {}
    for ticket, source, origin in rows:  # what was demonstrated before what was only overruled
        found.setdefault(ticket, (source, source is None or origin == ticket))
    return found


def _written(tickets: Sequence[int]) -> dict[int, tuple[int, int]]:
    """By ticket how many messages people and customer exchanged, and how many agents wrote."""
    said = Message.objects.public().filter(ticket__in=tickets, author__in=[Message.Author.AGENT, Message.Author.CUSTOMER], seq__gt=1)
    counted = said.values_list("ticket").annotate(
        replies=Count("pk"), agents=Count("user", distinct=True, filter=Q(author=Message.Author.AGENT))
    )
    return {ticket: (replies, agents) for ticket, replies, agents in counted}
