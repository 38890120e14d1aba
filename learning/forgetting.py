"""Taking one customer out of all that was learned, as if they had never asked. Their tickets, and what was decided on them, stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from django.db import transaction
from django.db.models import Q

from helpdesk.models import Customer, Event, Message, Ticket
from learning import gaps, incidents, ledger, merging, policies, probation, resolutions
from learning.demonstrations import phrasings, solving_reply
from learning.models import Decision, LearnedResolution, Signal

BATCH = 500


@transaction.atomic
def unlearn(customer: Customer, *, at: dt.datetime) -> int:
    """Reverse every signal about this customer's questions; hand on what others taught too, and forget what nobody else did. How many were reversed.

    What is left is what the remaining rows of the ledger give: `rebuild.relearn` after it changes nothing.
    """
    reversed_now = 0
    for decision in Decision.objects.filter(customer=customer).select_related("customer").order_by("pk").iterator(BATCH):
        kinds = list(decision.signals.exclude(state=Signal.State.REVERSED).values_list("kind", flat=True))
        reversed_now += len(kinds) if kinds and ledger.reverse(decision, kinds, at=at) else 0
    for ticket in customer.tickets.iterator(BATCH):
        incidents.set_apart(ticket, at=at)
    spoken_of = _answers(customer, at)
    gaps.leave_out_all(customer, at=at)
    if spoken_of:
        probation.judge(at, spoken_of)
    if reversed_now:
        policies.refit(at, afresh=True)
    return reversed_now


def _answers(customer: Customer, at: dt.datetime) -> list[int]:
    """What was learned from their tickets, or approved on them. The sources to be judged anew by what is left."""
    known = LearnedResolution.objects.remembered().select_related("source", "ticket", "message").order_by("pk")
    joined = Event.objects.filter(verb="resolution.joined", ticket__customer=customer).values_list("data__resolution", flat=True)
    left = []
    for resolution in known.filter(Q(ticket__customer=customer) | Q(pk__in=set(joined))):
        others = list(_demonstrated(resolution, customer))
        is_theirs = resolution.ticket is not None and resolution.ticket.customer_id == customer.pk
        if is_theirs and not any(resolutions.hand_on(resolution, *each) for each in others):
            _forget(resolution, at)
            continue
        if not _is_approved(resolution, customer, [reply for _, reply, _ in others]):
            resolution.begin_again(at=at)
        left.append(resolution.source_id)
    return left


def _demonstrated(resolution: LearnedResolution, customer: Customer) -> Iterator[tuple[Ticket, Message, Decision]]:
    """The tickets of others whose agents said the same, first one first: with the reply, and what was asked."""
    said = Signal.objects.in_force().filter(kind="demonstrated", source=resolution.source_id).exclude(decision__customer=customer)
    tickets: dict[Ticket, dt.datetime] = {}
    for signal in said.select_related("decision__ticket__customer").order_by("event", "pk"):
        if signal.decision.ticket is not None:
            tickets.setdefault(signal.decision.ticket, signal.at)
    for ticket, at in tickets.items():
        if (reply := solving_reply(ticket)) and (asked := phrasings(ticket, at=at)):
            yield ticket, reply, asked[0]


def _is_approved(resolution: LearnedResolution, customer: Customer, others: Sequence[Message]) -> bool:
    """By an agent on its page, on a ticket of somebody else, or by what it has done: not only by Teach on a ticket of theirs."""
    mine = [resolution.message] if resolution.message is not None else []
    if not resolution.held_because and any(reply.meta.get("teach") for reply in [*mine, *others]):
        return True
    moved = Event.objects.filter(data__resolution=resolution.pk)
    theirs = moved.filter(verb__in=["resolution.joined", "resolution.learned"], ticket__customer=customer).values("at")
    return moved.filter(verb__in=["resolution.approved", "resolution.proven"]).exclude(at__in=theirs).exists()


def _forget(resolution: LearnedResolution, at: dt.datetime) -> None:
    for behind in LearnedResolution.objects.filter(replaced_by=resolution.source_id):
        merging.undo(behind, at=at)
    resolution.forget(at=at)
