"""What came of each question lately, told from the ledger: answered by an article, or by nothing that an article says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from django.db.models import BinaryField, Func, Q
from numpy.typing import NDArray

from helpdesk.models import Source, Ticket
from learning.models import Decision, GapQuestion, Signal
from learning.models.decision import DIMENSIONS

LOOKED_BACK = dt.timedelta(days=90)
MOST = 10_000  # of the newest questions
SETTLED = dt.timedelta(days=1)  # after that a question that is still open counts as unanswered
VECTOR_HEADER = 4  # bytes before the numbers in pgvector's binary form

SHOWN = {"demonstrated", "audited_right"}  # an agent's word: this source, whatever was said before
CONTENT = {"confirmed", "chose", "assumed"}  # the customer's: it holds unless they come back
OVERRULED = "overruled"  # an agent solved it, with something else than what was ranked first
FAILED = {"rephrased", "differs", "asked_person", "came_back", "chose_other", OVERRULED, "audited_wrong"}


class Said(NamedTuple):
    """A signal in force: on which decision, of which source."""

    decision: int
    kind: str
    source: int | None
    is_article: bool
    is_live: bool


@dataclass
class Asked:
    """The first question of a ticket. `decision_kind`: what the assistant did; `source`: what it ranked first."""

    decision: int
    ticket: int
    customer: int | None
    decision_kind: str
    source: int | None
    at: dt.datetime
    is_over: bool
    said: list[Said] = field(default_factory=list)

    @property
    def is_answered(self) -> bool:
        """By the assistant itself, and nothing speaks against it."""
        return self.decision_kind == Decision.Kind.ANSWER and not self._failed

    @property
    def article(self) -> int | None:
        """The article that solved it, as far as that is known: an agent's word before the customer's, the last one of several."""
        named = [each for each in self.said if each.is_article and each.is_live and each.source is not None]
        shown = [each.source for each in named if each.kind in SHOWN]
        failed = {each.decision for each in self.said if each.kind in FAILED}
        held = [each.source for each in named if each.kind in CONTENT and each.decision not in failed]
        return next(iter([*shown[::-1], *held[::-1]]), None)

    @property
    def kind(self) -> str | None:
        """Of the questions that no article solved, which it is; None for the others, and while nothing can be said."""
        if self.article is not None:
            return None
        taught = any(each.kind in SHOWN | CONTENT and not each.is_article and each.source is not None for each in self.said)
        if taught and self.is_answered:
            return GapQuestion.Kind.TAUGHT
        if taught or any(each.kind == OVERRULED for each in self.said):
            return GapQuestion.Kind.PEOPLE
        if self.decision_kind != Decision.Kind.ANSWER:
            return GapQuestion.Kind.HANDED_OFF
        return GapQuestion.Kind.FAILED if self._failed else None

    @property
    def _failed(self) -> bool:
        return any(each.decision == self.decision and each.kind in FAILED for each in self.said)


def asked(at: dt.datetime) -> list[Asked]:
    """The first questions of the last LOOKED_BACK that have settled, newest first, spam apart. Two queries, however many there are."""
    firsts = Decision.objects.filter(at__gt=at - LOOKED_BACK, at__lte=at, vector__isnull=False, ticket__isnull=False)
    firsts = firsts.filter(Q(message__seq=1) | Q(kind=Decision.Kind.OBSERVED)).exclude(ticket__state=Ticket.State.SPAM)
    columns = ("pk", "ticket_id", "customer_id", "kind", "source_id", "at", "ticket__state")
    found: dict[int, Asked] = {}
    for row in firsts.order_by("-at", "-pk").values(*columns)[:MOST]:
        found[row["ticket_id"]] = Asked(  # of several the first: a draft for agents may follow
            decision=row["pk"],
            ticket=row["ticket_id"],
            customer=row["customer_id"],
            decision_kind=row["kind"],
            source=row["source_id"],
            at=row["at"],
            is_over=row["ticket__state"] == Ticket.State.RESOLVED,
        )
    for ticket, said in _said(list(found)):
        found[ticket].said.append(said)
    return [each for each in found.values() if each.is_over or each.at <= at - SETTLED]


def _said(tickets: Sequence[int]) -> list[tuple[int, Said]]:
    signals = Signal.objects.in_force().filter(decision__ticket__in=tickets).order_by("at", "pk")
    columns = ("source__kind", "source__is_live", "decision__source_id", "decision__source__kind", "decision__source__is_live")
    rows = signals.values_list("decision__ticket_id", "decision_id", "kind", "source_id", *columns)
    said = []
    for ticket, decision, kind, named, *rest in rows:
        source_kind, is_live = rest[:2] if named else rest[3:]
        source = named or rest[2]
        said.append((ticket, Said(decision, kind, source, source_kind == Source.Kind.ARTICLE, bool(is_live))))
    return said


def vectors_of(decisions: Sequence[int]) -> dict[int, NDArray[np.float32]]:
    """The vectors of these decisions. As bytes: as text, a thousand of them take a second to parse."""
    raw = Func("vector", function="vector_send", output_field=BinaryField())
    rows = Decision.objects.filter(pk__in=decisions).values_list("pk", raw)
    return {pk: np.frombuffer(bytes(value)[VECTOR_HEADER:], ">f4", DIMENSIONS).astype(np.float32) for pk, value in rows}
