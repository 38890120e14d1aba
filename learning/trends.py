"""From the rows of days to lines over a period: each point is what the days of a window up to it come to together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np

from helpdesk.models import SiteSettings
from learning import estimates
from learning.charts import Booleans
from learning.estimates import Floats, Share, Stratum
from learning.models import Metric

PERIODS = {30: 14, 60: 28, 90: 28}  # days shown: days in the window of a point
POINTS = 45  # more of them say nothing more
ENOUGH = 20  # questions, or answers that signals speak of, in a window: with fewer nothing is drawn
TENTHS = 10
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """The days shown, `first` to `last`. Up to `settled` no signal is still to be expected: silence counts, and nobody comes back any more."""

    days: int
    first: dt.date
    last: dt.date
    settled: dt.date

    @property
    def window(self) -> int:
        return PERIODS[self.days]

    @property
    def start(self) -> dt.date:
        """The first day that a point looks back on."""
        return self.first - (self.window - 1) * DAY

    @property
    def ends(self) -> list[dt.date]:
        """The days that have a point: the settled ones, or every other of them, the last always."""
        step = max(1, ceil(self.days / POINTS))
        return [self.settled - number * DAY for number in range(0, (self.settled - self.first).days + 1, step)][::-1]

    def span(self, end: dt.date) -> tuple[dt.date, dt.date]:
        """The days whose questions the point of this day is about."""
        return end - (self.window - 1) * DAY, end


def period(days: int, at: dt.datetime) -> Period:
    site, today = SiteSettings.load(), at.astimezone(dt.UTC).date()
    waits = max(ceil(site.assumed_hours / 24), site.came_back_days)
    return Period(days, today - (days - 1) * DAY, today, max(today - (waits + 1) * DAY, today - (days - 1) * DAY))


@dataclass(frozen=True)
class Line:
    """A share over time. `number`: (t,) what it rests on; below ENOUGH the share says nothing. `count`: (t,) how many of these it is, where that
    is counted and not estimated. `floor`: what pure chance would read.
    """

    name: str
    label: str
    share: Share
    number: Floats
    floor: Floats | None = None
    count: Floats | None = None

    @property
    def enough(self) -> Booleans:
        return (self.number >= ENOUGH) & np.isfinite(self.share.value)


@dataclass
class History:
    """The rows of a period's days, as arrays by day. One query."""

    period: Period
    rows: dict[str, dict[int, Metric]] = field(default_factory=dict)

    @classmethod
    def load(cls, of: Period) -> History:
        found: dict[str, dict[int, Metric]] = {}
        for row in Metric.objects.between(of.start, of.last):
            found.setdefault(row.name, {})[(row.day - of.start).days] = row
        return cls(of, found)

    @property
    def length(self) -> int:
        return (self.period.last - self.period.start).days + 1

    def count(self, name: str, *, total: bool = False) -> Floats:
        """(d,) by day."""
        found = np.zeros(self.length)
        for place, row in self.rows.get(name, {}).items():
            found[place] = row.total if total else row.count
        return found

    def windows(self, by_day: Floats) -> Floats:
        """(d, ...) by day -> (t, ...) sums over the window of each point."""
        sums = np.concatenate([np.zeros((1, *by_day.shape[1:])), by_day.cumsum(axis=0)])
        ends = np.array([(end - self.period.start).days + 1 for end in self.period.ends])
        result: Floats = sums[ends] - sums[ends - self.period.window]
        return result

    def summed(self, *names: str) -> Floats:
        """(t,) of what these names count together."""
        return self.windows(np.sum([self.count(name) for name in names], axis=0))

    def evidence(self, *sides: str) -> tuple[Floats, Floats]:
        """Evidence in nats, (b,), and how many answers of these sides carry it in each window, (t, b)."""
        pairs = [
            (place, tenths, number)
            for place, row in self.rows.get("right", {}).items()
            for side in sides
            for tenths, number in row.data.get(side, [])
        ]
        return self._histogram(pairs)

    def judged(self, side: str) -> tuple[Floats, Floats]:
        """(t,) each: what the control would have answered where the two differ, judged and right."""
        found = np.zeros((self.length, 2))
        for place, row in self.rows.get("frozen_right", {}).items():
            found[place] = row.data.get(side, [0, 0])
        sums = self.windows(found)
        return sums[:, 0], sums[:, 1]

    def _histogram(self, pairs: Sequence[tuple[int, int, int]]) -> tuple[Floats, Floats]:
        known = sorted({tenths for _, tenths, _ in pairs})
        column = {tenths: number for number, tenths in enumerate(known)}
        by_day = np.zeros((self.length, len(known)))
        for place, tenths, number in pairs:
            by_day[place, column[tenths]] += number
        return np.array(known, np.float64) / TENTHS, self.windows(by_day)


# --- The lines --------------------------------------------------------------------------------------------------------


def counted(name: str, label: str, *names: str) -> Callable[[History], Line]:
    """A share of all questions that is simply counted."""

    def line(history: History) -> Line:
        total, count = history.summed("questions"), history.summed(*names)
        return Line(name, label, estimates.wilson(count, total), total, count=count)

    return line


def precision(history: History) -> Line:
    """Of what it answered: the share that was right, from what the signals weigh."""
    evidence, counts = history.evidence(*SIDES)
    return Line("precision", "Right", estimates.right_share(evidence, counts)[0], counts @ (evidence != 0))


def audited(history: History) -> tuple[Floats, Floats]:
    """(t,) each: answers that agents judged, and the right ones."""
    return history.windows(history.count("audited", total=True)), history.summed("audited")


def calibration(history: History) -> Line:
    """The gap between how sure it was and how often it was right. There is no simple interval; `floor` is what chance alone would read."""
    places = sorted({row[0] for metric in history.rows.get("calibration", {}).values() for row in metric.data["bins"]})
    tenths = sorted({row[1] for metric in history.rows.get("calibration", {}).values() for row in metric.data["bins"]})
    at, column = ({value: number for number, value in enumerate(values)} for values in (places, tenths))
    by_day, sums = np.zeros((history.length, len(places), len(tenths))), np.zeros((history.length, len(places)))
    for day, metric in history.rows.get("calibration", {}).items():
        for sure, tenth, number, confidence in metric.data["bins"]:
            by_day[day, at[sure], column[tenth]] += number
            sums[day, at[sure]] += confidence
    found, confidences = history.windows(by_day), history.windows(sums)
    numbers = found.sum(axis=2)
    per_window = [estimates.groups(*each) for each in zip(numbers, confidences, found, strict=True)]
    everything = [group for groups in per_window for group in groups]
    stacked = np.array([group.counts for group in everything]).reshape(len(everything), len(tenths))
    spread, likeliest = estimates.right_share(np.array(tenths, np.float64) / TENTHS, stacked)
    values, floors, start = [], [], 0
    for groups in per_window:
        part = slice(start, start := start + len(groups))
        gap, noise = estimates.calibration_error(groups, likeliest[part], Share(spread.value[part], spread.low[part], spread.high[part]))
        values.append(gap)
        floors.append(noise)
    value, floor = np.array(values), np.array(floors)
    return Line("calibration", "Measured", Share(value, value, value), numbers.sum(axis=1), floor)


SIDES = ("same", "alone", "apart")  # on which it answered


@dataclass(frozen=True)
class Proof:
    """The same questions, answered by what has learned and by the frozen control."""

    learned: Line
    frozen: Line
    lift: Line
    unjudged: Floats  # (t,) where the control would have answered differently and nobody has shown whether rightly


def proof(history: History) -> Proof:
    """Share of questions answered rightly. The estimate is described in docs/learning.md and `estimates.lift`."""
    total, windows = history.summed("questions"), len(history.period.ends)
    right = {side: estimates.right_share(*history.evidence(side))[0] for side in SIDES}
    judged = {side: history.judged(side) for side in ("apart", "behind")}
    frozen = {side: estimates.wilson(of_it[1], of_it[0]) for side, of_it in judged.items()}
    number = {side: history.summed(side) for side in (*SIDES, "behind")}
    same = Stratum(number["same"], right["same"], right["same"])
    alone = Stratum(number["alone"], right["alone"], estimates.nothing(windows))
    apart = Stratum(number["apart"], right["apart"], frozen["apart"])
    behind = Stratum(number["behind"], estimates.nothing(windows), frozen["behind"])
    learned = estimates.mean_of([(each.number, each.learned) for each in (same, alone, apart, behind)], total)
    control = estimates.mean_of([(each.number, each.frozen) for each in (same, alone, apart, behind)], total)
    return Proof(
        Line("learned", "Learned", learned, total),
        Line("frozen", "Frozen control", control, total),
        Line("lift", "Difference", estimates.lift(alone, apart, behind, total=total), total),
        sum((number[side] - judged[side][0] for side in judged), np.zeros(windows)),
    )


LINES: dict[str, Callable[[History], Line]] = {
    "resolved": counted("resolved", "Resolved", "confirmed", "assumed"),
    "confirmed": counted("confirmed", "Confirmed", "confirmed"),
    "assumed": counted("assumed", "Assumed", "assumed"),
    "left": counted("left", "Left", "left"),
    "deflected": counted("deflected", "Deflected", "confirmed", "assumed", "left"),
    "handed_over": counted("handed_over", "To people", "handed_over"),
    "answered": counted("answered", "Learned", "answered"),
    "frozen_answered": counted("frozen_answered", "Frozen control", "frozen_answered"),
    "precision": precision,
    "calibration": calibration,
}


def signals(history: History) -> dict[str, dict[str, int]]:
    """What came in within the period, by kind and state."""
    found: dict[str, dict[str, Any]] = {}
    start = (history.period.first - history.period.start).days
    for place, row in history.rows.get("signals", {}).items():
        for kind, states in row.data.items() if place >= start else ():
            held = found.setdefault(kind, {})
            for state, number in states.items():
                held[state] = held.get(state, 0) + number
    return found
