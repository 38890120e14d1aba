"""The policy in use, kept in the process between turns, and its refit in the background."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
from django.db import transaction
from django.db.models import BinaryField, Func

from helpdesk.models import SiteSettings
from learning import abstention, calibration, head, ranker
from learning.models import Decision, Episode, Policy
from learning.models.decision import DIMENSIONS
from learning.ranker import PageStatistics

SHIPPED_VERSION = "v1"
JUDGED_WINDOW = 3_000  # decisions that calibration looks back on
RECENT_WINDOW = 1_500  # decisions whose coverage the threshold is chosen for
HEAD_FROM, HEAD_PER_SOURCE = 200, 10  # episodes with positive credit: with fewer a head only blurs what the votes know
VECTOR_HEADER = 4  # bytes before the numbers in pgvector's binary form
EPISODE_LIMIT = 60_000  # the newest; a refit reads no more


@dataclass(frozen=True)
class Loaded:
    """A policy, ready for use."""

    pk: int = 0
    version: str = SHIPPED_VERSION
    line: calibration.Line = calibration.DAY_ONE
    threshold: float = abstention.CAUTIOUS
    strict_threshold: float = abstention.STRICT_CAUTIOUS
    episodes: int = 0
    statistics: PageStatistics = field(default_factory=PageStatistics)
    head: head.Head | None = None


SHIPPED = Loaded()
_lock = threading.Lock()
_loaded: Loaded = SHIPPED
_forced_threshold: float | None = None


def current() -> Loaded:
    """The newest live policy. One small query; its weights are read only when it has changed."""
    global _loaded
    newest = Policy.objects.live().order_by("-pk").values_list("pk", flat=True).first() or 0
    if newest != _loaded.pk:
        with _lock:
            _loaded = _load(Policy.objects.get(pk=newest)) if newest else SHIPPED
    if _forced_threshold is not None:
        return replace(_loaded, threshold=_forced_threshold, strict_threshold=_forced_threshold)
    return _loaded


def forget() -> None:
    """Read it afresh at the next turn: for tests, and for whoever changes the database under this process."""
    global _loaded
    _loaded = SHIPPED


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
        head=head.Head.from_bytes(bytes(policy.head)) if policy.head else None,
    )


@dataclass(frozen=True)
class Judged:
    """Decisions that calibration may learn from: score, posterior that the first source was right, how many decisions each stands for."""

    scores: calibration.Floats
    labels: calibration.Floats
    weights: calibration.Floats
    recent: calibration.Floats


@transaction.atomic
def refit(at: dt.datetime, *, afresh: bool = False) -> Policy:
    """Fit head, page statistics, calibration and thresholds on what is known at `at`, as a new policy in use from now on.

    `afresh`: not from the last head's weights on, so that nothing of what has been unlearned is left in the new ones.
    """
    before = current()
    vectors, sources, credits, pages, known = _experience()
    distinct = len(set(sources.tolist()))
    has_enough = distinct > 1 and len(sources) >= max(HEAD_FROM, HEAD_PER_SOURCE * distinct)
    slow = head.fit(vectors, sources, credits, None if afresh else before.head) if has_enough else None
    judged = _judged(at)
    line = calibration.fit(judged.scores, judged.labels, judged.weights)
    target = SiteSettings.load().answer_target
    return Policy.objects.create(
        version=_next_version(),
        weights={
            "offset": line.offset,
            "slope": line.slope,
            "threshold": _threshold(judged, line, target, abstention.CAUTIOUS),
            "strict_threshold": _threshold(judged, line, (1 + target) / 2, abstention.STRICT_CAUTIOUS),
            "episodes": known,
            "pages": _statistics(sources, credits, pages).as_json(),
            "ranker": ranker.as_json(),
        },
        head=slow.to_bytes() if slow else None,
        evidence={"episodes": known, "judged": len(judged.labels), "sources": distinct, "target": target},
        at=at,
    )


def refit_if_due(at: dt.datetime, every: int = 250) -> Policy | None:
    """Refit once `every` new episodes, or a tenth more than the last time, have come in."""
    last = current()
    if Episode.objects.exclude(credit=0).count() < last.episodes + max(every, last.episodes // 10):
        return None
    return refit(at)


def _next_version() -> str:
    return f"{SHIPPED_VERSION}.{(Policy.objects.order_by('-pk').values_list('pk', flat=True).first() or 0) + 1}"


def _threshold(judged: Judged, line: calibration.Line, target: float, cautious: float) -> float:
    return abstention.threshold(line(judged.recent), line(judged.scores), judged.labels, judged.weights, target, cautious)


def _experience() -> tuple[head.Matrix, head.Ints, calibration.Floats, list[str], int]:
    """Episodes with positive credit: vectors, sources, credits, pages; and how many episodes there are in all."""
    raw = Func("vector", function="vector_send", output_field=BinaryField())  # as text, 10,000 vectors take seconds to parse
    kept = list(Episode.objects.filter(credit__gt=0).order_by("-pk").values_list(raw, "source_id", "credit", "page")[:EPISODE_LIMIT])
    vectors = (
        np.frombuffer(b"".join(bytes(row[0])[VECTOR_HEADER:] for row in kept), ">f4").astype(np.float32).reshape(len(kept), DIMENSIONS)
    )
    sources = np.array([row[1] for row in kept], np.int64)
    credits = np.array([row[2] for row in kept], np.float64)
    return vectors, sources, credits, [row[3] for row in kept], Episode.objects.exclude(credit=0).count()


def _statistics(sources: head.Ints, credits: calibration.Floats, pages: list[str]) -> PageStatistics:
    counts: dict[int, dict[str, float]] = {}
    for source, credit, page in zip(sources.tolist(), credits.tolist(), pages, strict=True):
        if page:
            seen = counts.setdefault(source, {})
            seen[page] = round(seen.get(page, 0.0) + credit, 6)
    return PageStatistics(counts, max(len(set(pages) - {""}), 1))


def _judged(at: dt.datetime) -> Judged:
    """Recent decisions on first messages. Answers younger than the window are left out: only the loud ones have spoken by then.

    Of what was handed off only a part is ever judged, so that each judged one stands for several.
    """
    closed = at - dt.timedelta(hours=SiteSettings.load().assumed_hours)
    first = Decision.objects.first_of_tickets().filter(source__isnull=False)
    rows = list(first.order_by("-pk").values_list("raw", "belief", "kind", "at")[:JUDGED_WINDOW])
    recent = np.array([row[0] for row in rows[:RECENT_WINDOW]], np.float64)
    others = [row for row in rows if row[2] != Decision.Kind.ANSWER]
    each_stands_for = len(others) / max(sum(row[1] is not None for row in others), 1)
    known = [row for row in rows if row[1] is not None and (row[2] != Decision.Kind.ANSWER or row[3] < closed)]
    return Judged(
        np.array([row[0] for row in known], np.float64),
        np.array([row[1] for row in known], np.float64),
        np.array([1.0 if row[2] == Decision.Kind.ANSWER else each_stands_for for row in known], np.float64),
        recent,
    )


def describe(policy: Loaded) -> Mapping[str, float | str | int]:
    return {"version": policy.version, "episodes": policy.episodes, "threshold": policy.threshold}
