"""The state that follows from the ledger: its fingerprint, building it anew, and taking one customer out of it.

State is what the next question is decided with: episodes, the belief in each decision, and which sources are suspect. Decisions stand as they were logged; their
credits follow from the signals in force and from nothing else, in whatever order these came.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator

from django.db import transaction

from helpdesk.models import Customer
from learning import episodes, incidents, ledger, policies, resolutions, staleness
from learning.models import Decision, Episode, Signal, Suspicion
from learning.models.resolution import FORGOTTEN

DIGITS = 9
BATCH = 500


def state_hash() -> str:
    """SHA-256 over all episodes, beliefs and suspicions, rounded to 1e-9. Two databases with the same hash decide alike."""
    digest = hashlib.sha256()
    columns = ("decision", "source", "credit", "trust", "page", "account", "by_agent")
    for decision, source, credit, *rest in Episode.objects.order_by("decision", "source").values_list(*columns).iterator(BATCH):
        digest.update(repr((decision, source, _rounded(credit), *rest)).encode())
    believed = Decision.objects.exclude(belief=None).order_by("pk").values_list("pk", "belief")
    for decision, belief in believed.iterator(BATCH):
        digest.update(repr((decision, _rounded(belief or 0.0))).encode())
    for suspicion in Suspicion.objects.standing().order_by("source").values_list("source", "state", "since"):
        digest.update(repr(suspicion).encode())
    return digest.hexdigest()


@transaction.atomic
def relearn() -> Iterator[int]:
    """Forget every effect and work the ledger through again. Yields the number of decisions settled so far."""
    Episode.objects.all().delete()
    Decision.objects.exclude(belief=None).update(belief=None)
    spoken_of = Signal.objects.in_force().order_by().values("decision").distinct()
    for done, decision in enumerate(Decision.objects.filter(pk__in=spoken_of).select_related("customer").order_by("pk").iterator(BATCH), 1):
        episodes.settle(decision, ledger.account_of(decision))
        yield done
    staleness.look_everywhere()


@transaction.atomic
def unlearn(customer: Customer, *, at: dt.datetime) -> int:
    """Reverse every signal about this customer's questions, and let rest what agents' answers to them had become. How many were reversed.

    What is left is what the remaining rows of the ledger give: `relearn` after it changes nothing.
    """
    reversed_now = 0
    for decision in Decision.objects.filter(customer=customer).select_related("customer").order_by("pk").iterator(BATCH):
        kinds = list(decision.signals.exclude(state=Signal.State.REVERSED).values_list("kind", flat=True))
        reversed_now += len(kinds) if kinds and ledger.reverse(decision, kinds, at=at) else 0
    for ticket in customer.tickets.iterator(BATCH):
        incidents.set_apart(ticket, at=at)
        resolutions.rest(ticket, at=at, because=FORGOTTEN)
    if reversed_now:
        policies.refit(at, afresh=True)
    return reversed_now


def _rounded(value: float) -> float:
    return round(value, DIGITS) + 0.0  # no negative zero
