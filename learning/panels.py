"""What stands beside the chart on the dashboard: one function and one template each. A further panel is one more line in PANELS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpdesk.models import SiteSettings, User
from learning import channels, estimates, lessons, measures, trends
from learning.estimates import Floats
from learning.models import Audit, Gap, Incident, Policy, Suspicion
from learning.policies import rates_of
from learning.trends import History

MOST = 3
CAP = 1_000


@dataclass(frozen=True)
class Panel:
    """`ask`: what the template shows, in a bounded number of queries. The template's root is a card in a grid of twelve columns."""

    template: str
    ask: Callable[[User, History], dict[str, Any]]


@dataclass(frozen=True)
class Received:
    """One kind of signal in the period. `width`: of its bar, in percent; `nats`: what one weighs."""

    label: str
    counts: int
    held: int
    taken_back: int
    nats: float
    width: float
    url: str
    held_url: str
    taken_back_url: str

    @property
    def weighs(self) -> str:
        return f"{abs(self.nats):.1f}"


def incidents(viewer: User, history: History) -> dict[str, Any]:
    shown = Incident.objects.visible_to(viewer).order_by("-raised_at", "-pk")
    return {"incidents": list(shown.filter(raised_at__gte=measures.midnight(history.period.first))[:MOST])}


def gaps(viewer: User, history: History) -> dict[str, Any]:
    """By what an article should bring."""
    return {"gaps": list(Gap.objects.visible_to(viewer).ranked().only("title", "customers", "lift", "state")[:MOST])}


def stale(viewer: User, history: History) -> dict[str, Any]:
    shown = Suspicion.objects.visible_to(viewer).open().select_related("source").defer("source__body", "source__tsv")
    return {"suspicions": list(shown.order_by("-raised_at", "-pk")[:MOST])}


def policies(viewer: User, history: History) -> dict[str, Any]:
    return {"policies": list(Policy.objects.only("version", "state", "reasons", "at").order_by("-pk")[:MOST])}


def signals(viewer: User, history: History) -> dict[str, Any]:
    """Every kind there is, those that say most for an answer first."""
    found, period = trends.signals(history), history.period
    most = max((_received(states) for states in found.values()), default=0)
    rates = rates_of(Policy.objects.live().order_by("-pk").values_list("version", flat=True).first() or "")
    weighs = {channel.kind: channels.weight(channel.kind, rates) for channel in channels.TABLE}
    kinds = [channel for channel in sorted(channels.TABLE, key=lambda each: -weighs[each.kind]) if _received(found.get(channel.kind, {}))]
    return {
        "received": [
            Received(
                label=channel.label,
                counts=found[channel.kind].get("matured", 0),
                held=found[channel.kind].get("pending", 0),
                taken_back=found[channel.kind].get("reversed", 0),
                nats=round(weighs[channel.kind], 1),
                width=round(100 * _received(found[channel.kind]) / most, 1),
                url=lessons.behind(f"signal-{channel.kind}", period.first, period.last),
                held_url=lessons.behind(f"signal-{channel.kind}-held", period.first, period.last),
                taken_back_url=lessons.behind(f"signal-{channel.kind}-reversed", period.first, period.last),
            )
            for channel in kinds
        ]
    }


def audits(viewer: User, history: History) -> dict[str, Any]:
    """How many wait for a verdict, and what those judged in the period say by themselves."""
    start = (history.period.first - history.period.start).days
    judged = history.count("audited", total=True)[start:].sum()
    right = history.count("audited")[start:].sum()
    share = estimates.wilson(_one(right), _one(judged))
    return {
        "due": Audit.objects.due().visible_to(viewer)[: CAP + 1].count(),
        "cap": CAP,
        "judged": int(judged),
        "right": int(right),
        "low": float(share.low[0]) * 100,
        "high": float(share.high[0]) * 100,
        "url": lessons.behind("audited", history.period.first, history.period.last),
    }


def holdout(viewer: User, history: History) -> dict[str, Any]:
    """Customers whom day one serves beside all the others, on the days of the period that are settled: who is which was drawn by chance."""
    period = history.period
    days = slice((period.first - period.start).days, (period.settled - period.start).days + 1)
    solved, asked = history.count(measures.HELD_OUT)[days].sum(), history.count(measures.HELD_OUT, total=True)[days].sum()
    others = history.count("questions")[days].sum()
    held = estimates.wilson(_one(solved), _one(asked))
    learned = estimates.wilson(_one(sum(history.count(name)[days].sum() for name in ("confirmed", "assumed"))), _one(others))
    gain = estimates.difference(learned, held)
    return {
        "share": 100 * SiteSettings.load().holdout_share,
        "asked": int(asked),
        "others": int(others),
        "held": 100 * float(held.value[0]),
        "learned": 100 * float(learned.value[0]),
        "low": f"{100 * float(gain.low[0]):+.0f}",
        "high": f"{100 * float(gain.high[0]):+.0f}",
        "url": lessons.behind(measures.HELD_OUT, period.first, period.settled),
        "others_url": lessons.behind("questions", period.first, period.settled),
    }


PANELS = (
    Panel("learning/_panel_signals.html", signals),
    Panel("learning/_panel_incidents.html", incidents),
    Panel("learning/_panel_gaps.html", gaps),
    Panel("learning/_panel_stale.html", stale),
    Panel("learning/_panel_audits.html", audits),
    Panel("learning/_panel_holdout.html", holdout),
    Panel("learning/_panel_policies.html", policies),
)


def _received(states: dict[str, int]) -> int:
    return states.get("matured", 0) + states.get("pending", 0)


def _one(number: float) -> Floats:
    return np.array([number], np.float64)
