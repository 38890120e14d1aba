"""Lines with bands, and stacked areas, as coordinates to draw. Pure: numbers in, percent of the drawing out."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from learning.estimates import Floats

Booleans = NDArray[np.bool_]
Place = TypeVar("Place", dt.date, float)  # what runs to the right: days, or plain numbers

RIGHT, TOP, HEIGHT = 90.0, 7.0, 81.0  # the plot within the drawing; the rest is for words
STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25)
MOST_STEPS = 5
APART = 11.0  # percent that two words at the end keep between them
DATES = 7


@dataclass(frozen=True)
class Tick:
    at: float
    text: str
    anchor: str = "middle"
    is_wide: bool = False  # only where there is room
    is_bad: bool = False


@dataclass(frozen=True)
class Curve:
    """`css`: which of the chart's lines it is. `end`: what stands at its end, at `end_y`; empty when there is nothing to draw."""

    css: str
    name: str
    path: str
    band: str
    dot_x: float
    dot_y: float
    end: str
    end_y: float


@dataclass(frozen=True)
class Spot:
    """What one column of the drawing says when it is pointed at, and the tickets behind it."""

    x: float
    width: float
    text: str
    url: str


@dataclass(frozen=True)
class Chart:
    curves: list[Curve]
    rows: list[Tick]
    dates: list[Tick]
    areas: list[Curve] = field(default_factory=list)
    target: float | None = None
    settling: float | None = None  # from here on outcomes still come in
    marks: list[Tick] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)

    @property
    def settling_width(self) -> float:
        return round(RIGHT - (self.settling or RIGHT), 2)

    @property
    def settling_middle(self) -> float:
        return round((RIGHT + (self.settling or RIGHT)) / 2, 2)


@dataclass(frozen=True)
class Scale(Generic[Place]):
    """Days, or numbers, to the right, shares upwards."""

    first: Place
    last: Place
    low: float
    high: float

    def x(self, place: Place) -> float:
        return 100 * float((place - self.first) / (self.last - self.first)) if self.last != self.first else 0.0

    def y(self, share: float) -> float:
        return min(max(100 * (self.high - share) / (self.high - self.low), -5.0), 105.0)

    def across(self, place: Place) -> float:
        return round(self.x(place) * RIGHT / 100, 2)

    def down(self, share: float) -> float:
        return round(TOP + self.y(share) * HEIGHT / 100, 2)


def scale(
    first: Place, last: Place, values: Iterable[float], *, floor: float = 0.0, ceiling: float = 1.0
) -> tuple[Scale[Place], list[float]]:
    """From a round number below all values to one above, with the round numbers between them."""
    known = [min(max(value, floor), ceiling) for value in values if math.isfinite(value)] or [floor, ceiling]
    step = next((step for step in STEPS if (max(known) - min(known)) / step <= MOST_STEPS - 1), STEPS[-1])
    low, high = math.floor(min(known) / step + 1e-9), math.ceil(max(known) / step - 1e-9)
    high = min(max(high, low + 2), math.floor(ceiling / step + 1e-9))
    low = max(min(low, high - 2), math.ceil(floor / step - 1e-9))
    return Scale(first, last, low * step, high * step), [number * step for number in range(low, high + 1)]


def curve(
    on: Scale[Place], css: str, name: str, places: Sequence[Place], shares: tuple[Floats, Floats, Floats], drawn: Booleans, end: str
) -> Curve:
    """`shares`: value, low and high of each day (or number). Only those that are `drawn`; a gap breaks the line."""
    value, low, high = shares
    runs = _runs(drawn)
    path = " ".join(_line(on, places[start:stop], value[start:stop]) for start, stop in runs)
    band = " ".join(_area(on, places[start:stop], low[start:stop], high[start:stop]) for start, stop in runs)
    if not runs:
        return Curve(css, name, "", "", 0, 0, "", 0)
    last = runs[-1][1] - 1
    return Curve(css, name, path, band, on.across(places[last]), on.down(float(value[last])), end, on.down(float(value[last])))


def stacked(on: Scale[dt.date], days: Sequence[dt.date], layers: Sequence[tuple[str, str, Floats]], drawn: Booleans) -> list[Curve]:
    """Layers from the ground up: css, name and share of each day. The words stand in the middle of each layer's end."""
    found, ground = [], np.zeros(len(days))
    runs = _runs(drawn)
    for css, name, share in layers:
        top = ground + share
        band = " ".join(_area(on, days[start:stop], ground[start:stop], top[start:stop]) for start, stop in runs)
        middle = on.down(float(ground[-1] + top[-1]) / 2) if runs else 0.0
        found.append(Curve(css, name, "", band, RIGHT, middle, percent(float(share[-1])) if runs else "", middle))
        ground = top
    return found


def spread_out(curves: Sequence[Curve], *, within: tuple[float, float] = (TOP, TOP + HEIGHT)) -> list[Curve]:
    """The words at the ends moved apart where they would stand on each other, in the order of their lines."""
    order = sorted((each for each in curves if each.end), key=lambda each: each.end_y)
    places = [each.end_y for each in order]
    for number in range(1, len(places)):
        places[number] = max(places[number], places[number - 1] + APART)
    if places and places[-1] > within[1]:
        places[-1] = within[1]
        for number in range(len(places) - 2, -1, -1):
            places[number] = min(places[number], places[number + 1] - APART)
    moved = {id(each): round(place, 2) for each, place in zip(order, places, strict=True)}
    return [Curve(**{**each.__dict__, "end_y": moved.get(id(each), each.end_y)}) for each in curves]


def dates(on: Scale[dt.date]) -> list[Tick]:
    """A few days along the foot."""
    length = (on.last - on.first).days
    found = [on.first + dt.timedelta(days=round(length * number / (DATES - 1))) for number in range(DATES)]
    anchors = {0: "start", DATES - 1: "end"}
    return [Tick(on.across(day), short(day), anchors.get(number, "middle"), number % 2 == 1) for number, day in enumerate(found)]


def rows(on: Scale[Place], shares: Sequence[float], unit: str, *, as_share: bool = True) -> list[Tick]:
    """The round numbers, the highest with what they are of."""
    if as_share:
        digits = 0 if all(abs(share * 100 - round(share * 100)) < 1e-9 for share in shares) else 1
        texts = [f"{share * 100:.{digits}f}" for share in shares]
    else:
        texts = [f"{share:.2f}" for share in shares]
    return [Tick(on.down(share), text + (unit if share == shares[-1] else "")) for share, text in zip(shares, texts, strict=True)]


def spark(values: Floats, drawn: Booleans) -> str:
    """A line without a scale, 100 wide and 30 high."""
    known = [(place, float(value)) for place, value in enumerate(values) if drawn[place]]
    if len(known) < 2:
        return ""
    low, high = min(value for _, value in known), max(value for _, value in known)
    room = max(high - low, 0.02)  # what hardly moves looks as if it hardly moves
    middle = (low + high) / 2
    points = (f"{100 * place / (len(values) - 1):.1f} {15 - 24 * (value - middle) / room:.1f}" for place, value in known)
    return "M" + " ".join(points)


def percent(share: float) -> str:
    return f"{share * 100:.1f}%"


def short(day: dt.date) -> str:
    return f"{day.day} {day:%b}"


def _line(on: Scale[Place], places: Sequence[Place], shares: Floats) -> str:
    return "M" + " ".join(f"{on.x(place):.2f} {on.y(float(share)):.2f}" for place, share in zip(places, shares, strict=True))


def _area(on: Scale[Place], places: Sequence[Place], low: Floats, high: Floats) -> str:
    return f"{_line(on, places, high)} L{_line(on, places[::-1], low[::-1])[1:]}Z"


def _runs(drawn: Booleans) -> list[tuple[int, int]]:
    """Where it is drawn without a break: from and to."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(drawn, np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
