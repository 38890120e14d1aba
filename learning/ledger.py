"""The ledger's verbs: note a signal, hold one, reverse them. Each is idempotent and ends by settling the decision's episodes."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.db import connection, transaction

from helpdesk.models import SYSTEM, Event, SiteSettings, Source
from learning import episodes, honesty, policies, staleness
from learning.channels import AGENT, channel, weight
from learning.credit import belief, evidence
from learning.edits import compare
from learning.models import Decision, Signal

LISTENED = 200  # signals of one customer, the newest


def note(
    decision: Decision, kind: str, *, event: Event | None, at: dt.datetime, source: Source | None = None, strength: float = 1.0
) -> bool:
    """A signal that counts at once. False when this event has said so before."""
    llr = weight(kind, policies.rates_of(decision.policy)) * strength
    if llr > 0 and channel(kind).family != "agent" and not _is_verified(decision):
        llr = 0.0  # whoever has not proved who they are can lower a source, never raise it
    with transaction.atomic(savepoint=False):
        signal = Signal(decision=decision, kind=kind, event=event, source=source, llr=llr, at=at, matured_at=at)
        if not _insert(signal):
            return False
        if channel(kind).family == "reaction":
            _reverse(decision, ["assumed"], at)
        _settle(decision, at)
    return True


def hold(decision: Decision, kind: str, *, event: Event, at: dt.datetime) -> bool:
    """A signal that counts only once its window has closed without a word."""
    due = at + dt.timedelta(hours=SiteSettings.load().assumed_hours)
    llr = weight(kind, policies.rates_of(decision.policy)) if _is_verified(decision) else 0.0
    return _insert(Signal(decision=decision, kind=kind, event=event, llr=llr, state=Signal.State.PENDING, at=at, due_at=due))


@transaction.atomic
def mature(signal: Signal, *, at: dt.datetime) -> bool:
    """The window has closed. False when it was reversed meanwhile, or somebody else was faster."""
    held = Signal.objects.filter(pk=signal.pk, state=Signal.State.PENDING)
    if not held.update(state=Signal.State.MATURED, matured_at=at):
        return False
    _settle(signal.decision, at)
    return True


@transaction.atomic
def reverse(decision: Decision, kinds: list[str], *, at: dt.datetime) -> bool:
    """Take back what these kinds of signal said of the decision."""
    if not _reverse(decision, kinds, at):
        return False
    episodes.forget(decision)
    _settle(decision, at, always=True)
    return True


@transaction.atomic
def restore(decision: Decision, *, reversed_at: dt.datetime, at: dt.datetime) -> bool:
    """What was taken back at that moment counts again, or is held again where its window had not closed."""
    gone = Signal.objects.filter(decision=decision, state=Signal.State.REVERSED, reversed_at=reversed_at)
    held = gone.filter(matured_at=None).update(state=Signal.State.PENDING, reversed_at=None)
    if not gone.update(state=Signal.State.MATURED, reversed_at=None):
        return bool(held)
    _settle(decision, at, always=True)
    return True


def draft_sent(decision: Decision, *, event: Event, drafted: str, sent: str, at: dt.datetime) -> None:
    """An agent used the assistant's draft: as it was, with the same facts in other words, or with other facts, which counts by how much they changed."""
    edit = compare(drafted, sent)
    if edit.verdict == "none":
        note(decision, "draft_sent", event=event, at=at)
    elif edit.verdict == "facts" and note(decision, "draft_changed", event=event, at=at, strength=edit.grade):
        changes = [part.words for part in edit.parts]
        by = event.user or SYSTEM
        Event.record(
            "draft.corrected", by=by, ticket=event.ticket, at=at, decision=decision.pk, grade=round(edit.grade, 3), changes=changes
        )


def account_of(decision: Decision) -> str:
    """Whose word a decision's signals are: the organisation's, or the customer's where there is none."""
    customer = decision.customer
    if customer is None:
        return ""
    return f"o{customer.organisation_id}" if customer.organisation_id else f"c{customer.pk}"


def _insert(signal: Signal) -> bool:
    """One row an (event, decision, kind), however often the event is delivered and by however many workers at once."""
    row = (signal.event_id, signal.decision_id, signal.kind, signal.source_id, signal.llr, signal.state, signal.at, signal.due_at)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [*row, signal.matured_at])
        return cursor.fetchone() is not None


_INSERT = """
INSERT INTO learning_signal (event_id, decision_id, kind, source_id, llr, state, at, due_at, matured_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (event_id, decision_id, kind) DO NOTHING RETURNING id
"""


def _reverse(decision: Decision, kinds: list[str], at: dt.datetime) -> int:
    standing = Signal.objects.filter(decision=decision, kind__in=kinds).exclude(state=Signal.State.REVERSED)
    return standing.update(state=Signal.State.REVERSED, reversed_at=at)


def _settle(decision: Decision, at: dt.datetime, *, always: bool = False) -> None:
    """`always`: what was taken back may have spoken against its source."""
    speaks = always
    for each in sorted(
        [*_listen(decision), decision], key=lambda each: each.pk
    ):  # in one order, lest two of one customer wait for each other
        is_told = episodes.settle(each, account_of(each))
        speaks = speaks or (is_told and each is decision)
    if speaks:
        staleness.look(decision, at=at)


class Spoken(NamedTuple):
    decision: int
    confidence: float
    pk: int
    kind: str
    llr: float
    heard: float
    of_first: bool


def _listen(decision: Decision) -> list[Decision]:
    """Weigh what this customer said by what all of it says of them, and return the other decisions of which that changes something. A query."""
    if decision.customer_id is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_SPOKEN, [decision.customer_id, Signal.State.MATURED, LISTENED])
        rows = [Spoken(*row) for row in cursor.fetchall()]
    said: dict[int, list[Spoken]] = {}
    for row in rows:
        said.setdefault(row.decision, []).append(row)
    doubts = honesty.doubts([_tells(each) for each in said.values()])
    changed = {
        row.pk: share
        for each, doubt in zip(said.values(), doubts, strict=True)
        for row in each
        if (share := 1.0 if channel(row.kind).family == AGENT else round(honesty.heard(row.llr, doubt), 2)) != row.heard
    }
    for pk, share in changed.items():
        Signal.objects.filter(pk=pk).update(heard=share)
    others = {row.decision for row in rows if row.pk in changed and row.decision != decision.pk}
    return list(Decision.objects.filter(pk__in=others).select_related("customer")) if others else []


def _tells(said: list[Spoken]) -> float:
    """What one conversation says of its customer's word."""
    first = [(channel(row.kind).family, row.llr) for row in said if row.of_first]
    theirs = evidence(each for each in first if each[0] != AGENT)
    return honesty.tells(belief(said[0].confidence, [each for each in first if each[0] == AGENT]), theirs) if theirs else 0.0


_SPOKEN = """
SELECT decision.id, decision.confidence, signal.id, signal.kind, signal.llr, signal.heard,
       signal.source_id IS NULL OR signal.source_id = decision.source_id
FROM learning_decision AS decision JOIN learning_signal AS signal ON signal.decision_id = decision.id
WHERE decision.customer_id = %s AND decision.source_id IS NOT NULL AND signal.state = %s ORDER BY signal.id DESC LIMIT %s
"""


def _is_verified(decision: Decision) -> bool:
    customer = decision.customer
    return customer is not None and customer.is_verified
