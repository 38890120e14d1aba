"""The policy in use, kept in the process between turns, and its refit in the background."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from django.db import transaction

from helpdesk.models import SiteSettings
from learning import calibration, channels, choice, experience, features, gate, head, hindsight, leeway, ranker, thresholds
from learning.models import Episode, Policy
from learning.ranker import PageStatistics

SHIPPED_VERSION = "v1"
AGAIN = 12  # iterations for a fit without some of the data, begun where the fit with all of it ended
HEAD_FROM, HEAD_PER_SOURCE = (
    200,
    6,
)  # episodes with positive credit, from which on there is a head; with four a source it made the demo answer less


@dataclass(frozen=True)
class Loaded:
    """A policy, ready for use."""

    pk: int = 0
    version: str = SHIPPED_VERSION
    line: calibration.Line = calibration.DAY_ONE
    threshold: float = thresholds.CAUTIOUS
    strict_threshold: float = thresholds.STRICT_CAUTIOUS
    episodes: int = 0
    statistics: PageStatistics = field(default_factory=PageStatistics)
    coefficients: choice.Floats = field(default_factory=features.shipped)
    covariance: choice.Floats = field(default_factory=features.unsure)
    head: head.Head | None = None
    rates: channels.Rates = field(default_factory=dict)  # of your own customers; empty: as shipped
    shifts: Mapping[int, float] = field(default_factory=dict)  # of the threshold, by source: see `leeway`

    def needed(self, source: int, *, strict: bool) -> float:
        """The confidence from which this source is answered from. What is strict moves up only."""
        shift = self.shifts.get(source, 0.0)
        if strict:
            return max(min(self.strict_threshold + max(shift, 0.0), leeway.HIGHEST), self.strict_threshold)
        return self.threshold + shift


@dataclass(frozen=True)
class OnTrial:
    """A policy that serves a `share` in [0, 1) of customers; of the others it is only logged what it would do."""

    policy: Loaded
    share: float


SHIPPED = Loaded()
_lock = threading.Lock()
_loaded: Loaded = SHIPPED
_tried: Loaded = SHIPPED
_forced_threshold: float | None = None


def current() -> Loaded:
    """The newest live policy."""
    return in_force()[0]


def in_force() -> tuple[Loaded, OnTrial | None]:
    """The newest live policy, and the one on trial, which is newer. One small query; weights are read only when they have changed."""
    global _loaded, _tried
    found = list(Policy.objects.standing().order_by("-pk").values_list("pk", "state", "share")[:2])
    trial = found.pop(0) if found and found[0][1] != Policy.State.LIVE else None
    newest = found[0][0] if found else 0
    if newest != _loaded.pk:
        with _lock:
            _loaded = _load(Policy.objects.get(pk=newest)) if newest else SHIPPED
    if trial and trial[0] != _tried.pk:
        with _lock:
            _tried = _load(Policy.objects.get(pk=trial[0]))
    if _forced_threshold is not None:
        return replace(_loaded, threshold=_forced_threshold, strict_threshold=_forced_threshold, shifts={}), None
    return _loaded, OnTrial(_tried, trial[2]) if trial else None


def forget() -> None:
    """Read it afresh at the next turn: for tests, and for whoever changes the database under this process."""
    global _loaded, _tried
    _loaded = _tried = SHIPPED
    rates_of.cache_clear()


@lru_cache(maxsize=64)
def rates_of(version: str) -> channels.Rates:
    """How noisy each signal was held to be by this policy: what a decision's signals weigh is settled by the policy that took it."""
    rates = (
        Policy.objects.filter(version=version).order_by().values_list("weights__rates", flat=True).first()
    )  # of all that it holds no more
    return _rates({"rates": rates or {}})


def _rates(weights: Mapping[str, Any]) -> channels.Rates:
    return {kind: (right, wrong) for kind, (right, wrong) in weights.get("rates", {}).items()}


def _covariance(weights: Mapping[str, Any]) -> choice.Floats:
    kept = weights.get("covariance")
    return np.array(kept["rows"]) if kept and tuple(kept["of"]) == features.NAMES else features.unsure()


@contextmanager
def always_answering() -> Iterator[None]:
    """No abstention, for ablations in the backtest."""
    global _forced_threshold
    _forced_threshold = 0.0
    try:
        yield
    finally:
        _forced_threshold = None


def _load(policy: Policy) -> Loaded:
    weights = policy.weights
    return Loaded(
        pk=policy.pk,
        version=policy.version,
        line=calibration.Line(weights["offset"], weights["slope"]),
        threshold=weights["threshold"],
        strict_threshold=weights["strict_threshold"],
        episodes=weights["episodes"],
        statistics=PageStatistics.from_json(weights["pages"]),
        coefficients=features.matrix([weights["coefficients"]])[0] if "coefficients" in weights else features.shipped(),
        covariance=_covariance(weights),
        head=head.Head.from_bytes(bytes(policy.head)) if policy.head else None,
        rates=_rates(weights),
        shifts={int(source): shift for source, shift in weights.get("shifts", {}).items()},
    )


@transaction.atomic
def refit(at: dt.datetime, *, afresh: bool = False) -> Policy:
    """Fit head, page statistics, calibration, rates and thresholds on what is known at `at`, as a new policy: in use from now on if the gate admits it.

    One of another kind (see `is_another_kind`) is tried in the shadow first.

    `afresh`: not from the last weights on, so that nothing of what has been unlearned is left in the new ones; then there is no way back to
    these either, and no gate.
    """
    before, in_use = (SHIPPED, None) if afresh else (current(), Policy.objects.in_use())
    past = experience.solved()
    distinct = len(set(past.sources.tolist()))
    has_enough = distinct > 1 and len(past) >= max(HEAD_FROM, HEAD_PER_SOURCE * distinct)
    slow = head.learn(past.vectors, past.sources, past.credits, past.numbers, before.head) if has_enough else None
    recent = experience.recent(at, before.rates)
    if slow is not None:
        recent = hindsight.with_head(recent, slow, past, ranker.head_share(past.known))
    target = SiteSettings.load().answer_target
    rules, strict = _fit(recent, target, before.coefficients if in_use else None)
    new = recent.number > (in_use.evidence.get("newest", 0) if in_use else 0)
    verdict = gate.Verdict(True, ["Fitted anew from nothing, because something had to be forgotten."])
    if not afresh:
        incumbent = gate.Rules(before.coefficients, before.line, before.threshold, before.shifts)
        verdict = gate.judge(recent, new, target, incumbent, rules, lambda some: _fit(some, target, rules.coefficients, AGAIN)[0])
    if afresh:
        Policy.objects.forget(at=at)
    state, reasons = _standing(verdict, is_new=not afresh and is_another_kind(in_use, target))
    return Policy.objects.create(
        version=_next_version(),
        state=state,
        share=float(state == Policy.State.LIVE),
        weights={
            "offset": rules.line.offset,
            "slope": rules.line.slope,
            "threshold": rules.threshold,
            "strict_threshold": strict,
            "shifts": {str(source): shift for source, shift in sorted(rules.shifts.items())},
            "episodes": past.known,
            "pages": _statistics(past).as_json(),
            "ranker": ranker.as_json(),
            "rates": experience.rates(recent.as_renewed(), rules.coefficients, rules.line, before.rates),
            "coefficients": {name: round(float(weight), 6) for name, weight in zip(features.NAMES, rules.coefficients, strict=True)},
            "covariance": {
                "of": features.NAMES,
                "rows": choice.covariance(recent.as_renewed().known(), rules.coefficients).round(9).tolist(),
            },
        },
        head=slow.to_bytes() if slow else None,
        evidence={
            "episodes": past.known,
            "judged": int(recent.spoken.sum()),
            "sources": distinct,
            "target": target,
            "newest": int(recent.number.max(initial=0)),
            "head": slow is not None,
            "temperature": round(slow.temperature, 4) if slow else None,
            "gate": verdict.figures,
        },
        reasons=reasons,
        before=in_use,
        at=at,
    )


def is_another_kind(in_use: Policy | None, target: float) -> bool:
    """Whether a new fit is more than the old one with more outcomes: it strives for another precision, or knows other features."""
    if in_use is None:
        return False
    known = in_use.weights.get("coefficients", features.SHIPPED)
    return set(known) != set(features.NAMES) or abs(in_use.evidence.get("target", target) - target) > 1e-9


def _standing(verdict: gate.Verdict, *, is_new: bool) -> tuple[str, list[str]]:
    if not verdict.admitted:
        return Policy.State.REJECTED, verdict.reasons
    if is_new:
        return Policy.State.SHADOW, [
            *verdict.reasons,
            "It strives for another precision or knows other features than the one in use: first it is tried.",
        ]
    return Policy.State.LIVE, verdict.reasons


def _fit(
    recent: experience.Recent, target: float, start: choice.Floats | None, iterations: int = choice.ITERATIONS
) -> tuple[gate.Rules, float]:
    """What is fitted to outcomes, and the threshold of the strict group."""
    recent = recent.as_renewed()
    named = choice.fit(recent.known(), features.shipped(), start, iterations=iterations)
    judged = experience.judged(recent, named)
    line = calibration.fit(judged.scores, judged.evidence, judged.weights)
    chosen = thresholds.choose(judged, line, target)
    return gate.Rules(named, line, chosen.normal, chosen.shifts, is_new=True), chosen.strict


def refit_if_due(at: dt.datetime, every: int = 250) -> Policy | None:
    """Refit once `every` new episodes, or a tenth more than the last time, have come in. What the gate has turned away is not tried again at once.

    While one is on trial there is nothing else to compare it with than the one in use.
    """
    if Policy.objects.on_trial() is not None:
        return None
    last = Policy.objects.order_by("-pk").values_list("weights__episodes", flat=True).first() or 0
    if Episode.objects.exclude(credit=0).count() < last + max(every, last // 10):
        return None
    return refit(at)


def _next_version() -> str:
    return f"{SHIPPED_VERSION}.{(Policy.objects.order_by('-pk').values_list('pk', flat=True).first() or 0) + 1}"


def _statistics(past: experience.Solved) -> PageStatistics:
    counts: dict[int, dict[str, float]] = {}
    for source, credit, page in zip(past.sources.tolist(), past.credits.tolist(), past.pages, strict=True):
        if page:
            seen = counts.setdefault(source, {})
            seen[page] = round(seen.get(page, 0.0) + credit, 6)
    return PageStatistics(counts, max(len(set(past.pages) - {""}), 1))
