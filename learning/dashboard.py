"""The learning dashboard as values for its template: figures, the chart of one measure, its table, and the weeks one by one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from helpdesk.models import SiteSettings
from learning import charts, estimates, trends
from learning.charts import Chart, Spot, Tick, percent, short
from learning.estimates import Floats, Share
from learning.lessons import behind
from learning.measures import SIDES, midnight
from learning.models import Policy
from learning.telling import DRAWINGS, WORDS, Drawing, Words
from learning.trends import DAY, ENOUGH, History, Line, Period

PARTS = 3  # of the period, in the table
MARKS, MARK_ROOM = 8, 7.0  # new policies, and the percent of the width that a name takes
WEEK = 7


@dataclass(frozen=True)
class Cell:
    """`count`: how many tickets stand behind the link, where the text does not say it."""

    text: str
    url: str = ""
    count: int | None = None


@dataclass(frozen=True)
class Figure:
    """`delta`: against the start of the period, with `mood` "good", "bad" or "" while the interval holds both. `missing`: what there is too little of."""

    label: str
    value: Cell
    notes: list[Cell]
    delta: str = ""
    direction: str = ""
    mood: str = ""
    spark: str = ""
    missing: Cell | None = None


@dataclass(frozen=True)
class Key:
    """One entry of the legend. `shape`: line, area or mark."""

    css: str
    label: str
    count: str = ""
    shape: str = "line"


@dataclass(frozen=True)
class Trend:
    """`chart` is None while there is too little to draw."""

    slug: str
    words: Words
    chart: Chart | None
    legend: list[Key] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    table: list[list[Cell]] = field(default_factory=list)
    sides: list[tuple[str, Cell]] = field(default_factory=list)  # what learned and control did, in the last window


class Dashboard:
    def __init__(self, period: Period) -> None:
        self.period = period
        self.history = History.load(period)
        self._lines: dict[str, Line] = {}

    def line(self, name: str) -> Line:
        if name not in self._lines:
            self._lines[name] = trends.LINES[name](self.history)
        return self._lines[name]

    @cached_property
    def proof(self) -> trends.Proof:
        return trends.proof(self.history)

    @property
    def is_empty(self) -> bool:
        return not self.history.count("questions").any()

    @property
    def window_says(self) -> str:
        """What the figures are about, and why the last days are not in them."""
        first, last = self.period.span(self.period.settled)
        return (
            f"Figures of the {self.period.window} days from {short(first)} to {short(last)}, arrows against the start of the period. Later days are still "
            "settling: silence has not counted yet, and customers may come back."
        )

    @property
    def asked(self) -> int:
        """Questions of the settled windows' last one."""
        return int(self.history.summed("questions")[-1])

    # --- Figures ---

    def figures(self) -> list[Figure]:
        right = self.line("precision").share
        target = f"target {SiteSettings.load().answer_target * 100:.0f}%; " if right.value.size else ""
        floor = self.line("calibration").floor
        by_chance = f"chance alone would read {floor[-1]:.3f}" if floor is not None and np.isfinite(floor[-1]) else ""
        return [
            self._figure("resolved", "Resolved", [self._part("confirmed", "confirmed"), self._part("assumed", "assumed")], "up"),
            self._figure("deflected", "Deflected", [self._part("left", "left without a word")], ""),
            self._figure("answered", "Answered", [self._part("frozen_answered", "by day one")], "up"),
            self._figure("precision", "Precision", [Cell(f"{target}at least {right.low[-1] * 100:.1f}")], "up", what="spoken"),
            self._figure("handed_over", "Handed to people", [Cell("at once or later")], "down"),
            self._figure("calibration", "Calibration error", [Cell(by_chance)], "down", what="judged"),
        ]

    def _part(self, name: str, label: str) -> Cell:
        """What a figure is made of, with the tickets behind it."""
        line = self.line(name)
        return Cell(f"{line.share.value[-1] * 100:.1f} {label}", self._settled(name), _number(line))

    def _settled(self, name: str) -> str:
        return behind(name, *self.period.span(self.period.settled))

    def _figure(self, name: str, label: str, notes: list[Cell], better: str, what: str = "") -> Figure:
        line, is_share = self.line(name), name != "calibration"
        spark = charts.spark(line.share.value, line.enough)
        if not line.enough[-1]:
            number = int(line.number[-1])
            missing = Cell(str(number or "none"), self._settled(what or "questions") if number else "", number)
            return Figure(label, Cell("–"), [], spark=spark, missing=missing)
        text = percent(float(line.share.value[-1])) if is_share else f"{line.share.value[-1]:.3f}"
        value = Cell(text, self._settled(what or name), _number(line))
        change, direction, mood = self._change(line, better, is_share)
        return Figure(label, value, notes, change, direction, mood, spark)

    def _change(self, line: Line, better: str, is_share: bool) -> tuple[str, str, str]:
        """Against the first window of the period, where the two have no day in common. A mood only where the interval says so."""
        start = int(line.enough.argmax())
        ends = self.period.ends
        if (ends[-1] - ends[start]).days < self.period.window:
            return "", "", ""
        later, earlier = (Share(*(part[[place]] for part in (line.share.value, line.share.low, line.share.high))) for place in (-1, start))
        found = estimates.difference(later, earlier)
        change = float(found.value[0])
        direction = "up" if change > 0 else "down"
        is_clear = is_share and (found.low[0] > 0 or found.high[0] < 0)
        mood = ("good" if direction == better else "bad") if is_clear and better else ""
        return (f"{abs(change) * 100:.1f}" if is_share else f"{abs(change):.3f}"), direction, mood

    # --- The chart ---

    def trend(self, slug: str) -> Trend:
        words = WORDS[slug](self)
        if slug == "endings":
            return self._endings(words)
        drawing = DRAWINGS[slug](self)
        lines = [line for _, line in drawing.lines]
        if not any(line.enough.any() for line in lines):
            return Trend(slug, self._too_little(lines[0]), None)
        shown = [part[line.enough] for line in lines for part in (line.share.low, line.share.high)]
        on, steps = charts.scale(
            self.period.first, self.period.last, np.concatenate([*shown, np.array([drawing.target or np.nan])]).tolist()
        )
        curves = [
            charts.curve(on, css, line.label, self.period.ends, _parts(line), line.enough, self._end(slug, line))
            for css, line in drawing.lines
        ]
        chart = Chart(
            charts.spread_out(curves),
            charts.rows(on, steps, drawing.unit, as_share=slug != "calibration"),
            charts.dates(on),
            target=on.down(drawing.target) if drawing.target else None,
            settling=on.across(self.period.settled),
            marks=self._marks(on),
            spots=self._spots(on, drawing.what, lines),
        )
        sides = self._sides() if slug == "day-one" else []
        return Trend(slug, words, chart, self._legend(drawing, lines), *self._table(slug, drawing, lines), sides)

    def _endings(self, words: Words) -> Trend:
        layers = [(name, self.line(name)) for name in ("confirmed", "assumed", "left", "handed_over")]
        lines = [line for _, line in layers]
        if not lines[0].enough.any():
            return Trend("endings", self._too_little(lines[0]), None)
        on, steps = charts.Scale(self.period.first, self.period.last, 0.0, 1.0), [0.0, 0.25, 0.5, 0.75, 1.0]
        areas = charts.stacked(on, self.period.ends, [(name, line.label, line.share.value) for name, line in layers], lines[0].enough)
        chart = Chart(
            [],
            charts.rows(on, steps, "% of questions"),
            charts.dates(on),
            areas=charts.spread_out([each for each in areas if each.end != "0.0%"]),
            settling=on.across(self.period.settled),
            spots=self._spots(on, "questions", lines),
        )
        drawing = Drawing(layers, "", "questions", has_bands=False)
        legend = [Key(name, line.label, shape="area") for name, line in layers if line.share.value[line.enough].any()]
        return Trend("endings", words, chart, legend, *self._table("endings", drawing, lines))

    def _sides(self) -> list[tuple[str, Cell]]:
        span = self.period.span(self.period.settled)
        return [(title, Cell(f"{self.history.summed(side)[-1]:,.0f}", behind(side, *span))) for side, title in SIDES.items()]

    def _too_little(self, line: Line) -> Words:
        most = int(line.number.max(initial=0))
        return Words(
            "Too little to say yet",
            f"A point of this chart needs {ENOUGH} questions with a known outcome within {self.period.window} days. "
            f"So far there {'is' if most == 1 else 'are'} {most or 'none'}.",
            "",
        )

    def _end(self, slug: str, line: Line) -> str:
        last = line.share.value[line.enough][-1:] if line.enough.any() else np.array([])
        return "" if not last.size else f"{last[0]:.3f}" if slug == "calibration" else percent(float(last[0]))

    def _marks(self, on: charts.Scale) -> list[Tick]:
        """New policies, with those that were taken back. One too near to the next keeps its line and loses its name."""
        used = Policy.objects.filter(at__gte=midnight(self.period.first), state__in=[Policy.State.LIVE, Policy.State.RETIRED])
        marks: list[Tick] = []
        for policy in used.only("version", "state", "reasons", "at").order_by("-pk")[:MARKS]:
            x = on.across(policy.at.astimezone(dt.UTC).date())
            room, is_bad = not marks or marks[-1].at - x >= MARK_ROOM, policy.state == Policy.State.RETIRED and not policy.is_forgotten
            name = f"{policy.version} taken back" if is_bad else policy.version
            marks.append(Tick(x, name if room else "", "end" if x > charts.RIGHT - 2 else "middle", is_bad=is_bad))
        return marks

    def _spots(self, on: charts.Scale[dt.date], what: str, lines: list[Line]) -> list[Spot]:
        ends = self.period.ends
        width = charts.RIGHT / max(len(ends), 1)
        spots = []
        for place, end in enumerate(ends):
            if not lines[0].enough[place]:
                continue
            told = [f"{line.label} {_told(line, place)}" for line in lines if line.enough[place]]
            text = f"{self.period.window} days to {short(end)}: {'; '.join(told)}. Of {lines[0].number[place]:,.0f}."
            x = max(on.across(end) - width / 2, 0.0)
            spots.append(Spot(round(x, 2), round(width, 2), text, behind(what, *self.period.span(end))))
        return spots

    def _legend(self, drawing: Drawing, lines: list[Line]) -> list[Key]:
        keys = [Key(css, line.label, f"{line.number[-1]:,.0f}" if line is lines[0] else "") for css, line in drawing.lines]
        keys += [Key(drawing.lines[0][0], "95% band", shape="area")] if drawing.has_bands else []
        keys += [Key("target", "Target")] if drawing.target else []
        return [*keys, Key("mark", "New policy", shape="mark")]

    def _table(self, slug: str, drawing: Drawing, lines: list[Line]) -> tuple[list[str], list[list[Cell]]]:
        """A few points of the chart in numbers, the last one always."""
        ends = self.period.ends
        places = sorted({round((len(ends) - 1) * number / PARTS) for number in range(PARTS + 1)})
        head = [f"{self.period.window} days to", *(line.label for line in lines), "Of"]
        rows = []
        for place in places:
            url = behind(drawing.what, *self.period.span(ends[place]))
            told = [self._told(line, place) for line in lines]
            row = [Cell(short(ends[place])), *told, Cell(f"{lines[0].number[place]:,.0f}", url)]
            if slug == "day-one":
                row.insert(-1, Cell(_points(self.proof.lift, place) if self.proof.lift.enough[place] else "too little"))
            rows.append(row)
        if slug == "day-one":
            head.insert(-1, "Difference")
        return head, rows

    def _told(self, line: Line, place: int) -> Cell:
        """Where it is counted, with the tickets that it counts."""
        if not line.enough[place]:
            return Cell("too little")
        if line.count is None:
            return Cell(_told(line, place))
        return Cell(_told(line, place), behind(line.name, *self.period.span(self.period.ends[place])), int(line.count[place]))

    # --- Week by week ---

    def weeks(self) -> tuple[list[str], list[list[Cell]]]:
        """Counts of each week of the period, the newest first; each leads to its tickets."""
        names = {
            "questions": "Questions",
            "answered": "Answered",
            "confirmed": "Confirmed",
            "assumed": "Assumed",
            "left": "Open or left",
            "handed_over": "To people",
        }
        counts = {name: self.history.count(name) for name in names}
        rows, last = [], self.period.last
        while last >= self.period.first:
            first = max(last - (WEEK - 1) * DAY, self.period.first)
            start, stop = (first - self.period.start).days, (last - self.period.start).days + 1
            cells = [Cell(f"{int(counts[name][start:stop].sum()):,}", behind(name, first, last)) for name in names]
            note = "" if last <= self.period.settled else "still settling"
            rows.append([Cell(f"{short(first)} to {short(last)}", note), *cells])
            last = first - DAY
        return ["Week", *names.values()], rows


def _parts(line: Line) -> tuple[Floats, Floats, Floats]:
    return line.share.value, line.share.low, line.share.high


def _number(line: Line) -> int:
    """Of the last window: how many it counts, or what it is estimated from."""
    return int((line.number if line.count is None else line.count)[-1])


def _told(line: Line, place: int) -> str:
    value, low, high = (part[place] for part in _parts(line))
    if line.floor is not None:
        return f"{value:.3f} (chance {line.floor[place]:.3f})"
    return f"{value * 100:.1f}% ({low * 100:.0f} to {high * 100:.0f})"


def _points(line: Line, place: int) -> str:
    value, low, high = (part[place] * 100 for part in _parts(line))
    return f"{value:+.1f} ({low:.1f} to {high:.1f})".replace("-", "−")
