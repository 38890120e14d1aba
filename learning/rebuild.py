"""The state that follows from the ledger: its fingerprint, and building it anew. `forgetting` takes one customer out of it.

State is what the next question is decided with: episodes, the belief in each decision, and which sources are suspect. Decisions stand as they were logged; their
credits follow from the signals in force and from nothing else, in whatever order these came.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from django.db import transaction

from learning import episodes, ledger, staleness
from learning.models import Decision, Episode, Signal, Suspicion

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


def _rounded(value: float) -> float:
    return round(value, DIGITS) + 0.0  # no negative zero
