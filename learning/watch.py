"""Whether the policy in use keeps what it promised. If it does not, the one before it decides again.

Each answer promised to be right with some probability, and from that follows how likely its customer was to complain. `betting.wealth`
grows when they complain more than promised, by `MARGIN` and more; at 1 / ALPHA the policy is taken back. Of policies that keep their promise
at most ALPHA are ever taken back, however long they are watched. What this rests on: the rates at which customers complain (`channels`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from django.db.models import Exists, OuterRef

from learning import betting, channels, policies, thresholds
from learning.models import Decision, Policy, Signal
from learning.models.decision import DecisionQuerySet
from learning.models.signal import SignalQuerySet

ALPHA = 0.02
MARGIN = 0.03  # more complaints than promised that are put up with
MUCH_WORSE = 0.5  # of the share of right answers that was promised: what the exposure is told for
COMPLAINTS = ("rephrased", "asked_person")
WATCHED = 3_000  # the first answers of a policy


@dataclass(frozen=True)
class Look:
    """`answers`: that the policy has given. `complaints`, `promised`: how many came and were to be expected. `wealth`: of the bet against it.
    `exposure`: after how many answers at most, on average, one would be taken back that is right only `MUCH_WORSE` as often as it promises."""

    answers: int
    complaints: int
    promised: float
    wealth: float
    exposure: float = np.inf

    @property
    def is_harmful(self) -> bool:
        return self.wealth >= 1 / ALPHA


def look(policy: Policy) -> Look:
    """At all first answers that it has given. Two queries."""
    rows = list(answered(policy).order_by("pk").values_list("pk", "confidence")[:WATCHED])
    loud = _complaints().filter(decision__in=[pk for pk, _ in rows])
    complained = set(loud.values_list("decision_id", flat=True))
    outcomes = np.array([pk in complained for pk, _ in rows], np.float64)
    confidence = np.array([confidence for _, confidence in rows], np.float64)
    right, wrong = _rates(policies.rates_of(policy.version))
    promised = confidence * right + (1 - confidence) * wrong
    money = betting.wealth(outcomes, np.minimum(promised + MARGIN, 1.0))
    sure = float(confidence.mean()) if rows else policy.evidence.get("target", thresholds.CAUTIOUS)
    return Look(len(rows), int(outcomes.sum()), float(promised.sum()), float(money.max(initial=1.0)), _exposure(sure, right, wrong))


def answered(policy: Policy) -> DecisionQuerySet:
    """What it has answered first on a ticket."""
    return Decision.objects.first_of_tickets().filter(policy=policy.version, kind=Decision.Kind.ANSWER, at__gte=policy.at)


def complained_of(policy: Policy) -> DecisionQuerySet:
    """Of these, what customers complained of."""
    first = answered(policy).order_by("pk").values("pk")[:WATCHED]
    return answered(policy).filter(Exists(_complaints().filter(decision=OuterRef("pk"))), pk__in=first)


def take_back_if_harmful(at: dt.datetime) -> Look | None:
    """The policy in use, if its answers draw more complaints than they should. None when there was no reason to."""
    policy = Policy.objects.in_use()
    if policy is None:
        return None
    found = look(policy)
    if not found.is_harmful:
        return None
    because = f"Taken back by itself after {found.answers} answers: {found.complaints} customers complained, where it had promised {found.promised:.0f}."
    return found if policy.take_back(because=because, at=at) else None


def _complaints() -> SignalQuerySet:
    return Signal.objects.in_force().filter(kind__in=[*COMPLAINTS, *channels.LIKE])


def _exposure(sure: float, right: float, wrong: float) -> float:
    """`sure`: how often it promises to be right. `right`, `wrong`: P(complaint | right), P(complaint | wrong)."""
    promised, found = (p * right + (1 - p) * wrong for p in (sure, sure * MUCH_WORSE))
    return betting.exposure(found, min(promised + MARGIN, 1 - 1e-9), ALPHA)


def _rates(rates: channels.Rates) -> tuple[float, float]:
    """P(complaint | right), P(complaint | wrong)."""
    of = [rates.get(kind, (channels.channel(kind).right, channels.channel(kind).wrong)) for kind in COMPLAINTS]
    return sum(right for right, _ in of), sum(wrong for _, wrong in of)
