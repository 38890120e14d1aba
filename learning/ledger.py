"""The ledger's verbs: note a signal, hold one, reverse them. Each is idempotent and ends by settling the decision's episodes."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from helpdesk.models import Customer, Event, SiteSettings, Source
from learning import episodes
from learning.channels import channel
from learning.drafts import change
from learning.models import Decision, Signal


@transaction.atomic
def note(
    decision: Decision, kind: str, *, event: Event | None, at: dt.datetime, source: Source | None = None, strength: float = 1.0
) -> bool:
    """A signal that counts at once. False when this event has said so before."""
    fresh = _insert(decision, kind, event=event, at=at, source=source, strength=strength, state=Signal.State.MATURED, matured_at=at)
    if fresh:
        if channel(kind).family == "reaction":
            _reverse(decision, ["assumed"], at)
        episodes.settle(decision, account_of(decision))
    return fresh


def hold(decision: Decision, kind: str, *, event: Event, at: dt.datetime) -> bool:
    """A signal that counts only once its window has closed without a word."""
    due = at + dt.timedelta(hours=SiteSettings.load().assumed_hours)
    return _insert(decision, kind, event=event, at=at, state=Signal.State.PENDING, due_at=due)


@transaction.atomic
def mature(signal: Signal, *, at: dt.datetime) -> bool:
    """The window has closed. False when it was reversed meanwhile, or somebody else was faster."""
    held = Signal.objects.filter(pk=signal.pk, state=Signal.State.PENDING)
    if not held.update(state=Signal.State.MATURED, matured_at=at):
        return False
    episodes.settle(signal.decision, account_of(signal.decision))
    return True


@transaction.atomic
def reverse(decision: Decision, kinds: list[str], *, at: dt.datetime) -> bool:
    """Take back what these kinds of signal said of the decision."""
    if not _reverse(decision, kinds, at):
        return False
    episodes.settle(decision, account_of(decision))
    return True


def draft_sent(decision: Decision, *, event: Event, drafted: str, sent: str, at: dt.datetime) -> None:
    """An agent used the assistant's draft: as it was, with the same facts in other words, or with other facts."""
    kind = {"none": "draft_sent", "facts": "draft_changed"}.get(change(drafted, sent))
    if kind:
        note(decision, kind, event=event, at=at)


def account_of(decision: Decision) -> str:
    """Whose word a decision's signals are: the organisation's, or the customer's where there is none."""
    customer = _customer(decision)
    if customer is None:
        return ""
    return f"o{customer.organisation_id}" if customer.organisation_id else f"c{customer.pk}"


def _insert(
    decision: Decision, kind: str, *, event: Event | None, strength: float = 1.0, source: Source | None = None, **fields: object
) -> bool:
    """One row an (event, decision, kind), however often the event is delivered and by however many workers at once."""
    llr = channel(kind).llr * strength
    if llr > 0 and channel(kind).family != "agent" and not _is_verified(decision):
        llr = 0.0  # whoever has not proved who they are can lower a source, never raise it
    row = Signal(decision=decision, kind=kind, event=event, source=source, llr=llr, **fields)
    before = Signal.objects.filter(event=event, decision=decision, kind=kind)
    if before.exists():
        return False
    Signal.objects.bulk_create([row], ignore_conflicts=True)
    return True


def _reverse(decision: Decision, kinds: list[str], at: dt.datetime) -> int:
    standing = Signal.objects.filter(decision=decision, kind__in=kinds).exclude(state=Signal.State.REVERSED)
    return standing.update(state=Signal.State.REVERSED, reversed_at=at)


def _customer(decision: Decision) -> Customer | None:
    return decision.customer


def _is_verified(decision: Decision) -> bool:
    customer = _customer(decision)
    return customer is not None and customer.is_verified
