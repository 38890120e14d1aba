"""The ledger's verbs: note a signal, hold one, reverse them. Each is idempotent and ends by settling the decision's episodes."""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction

from helpdesk.models import SYSTEM, Event, SiteSettings, Source
from learning import episodes, policies, staleness
from learning.channels import channel, weight
from learning.edits import compare
from learning.models import Decision, Signal


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
    if episodes.settle(decision, account_of(decision)) or always:
        staleness.look(decision, at=at)


def _is_verified(decision: Decision) -> bool:
    customer = decision.customer
    return customer is not None and customer.is_verified
