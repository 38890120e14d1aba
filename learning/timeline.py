"""How reports of an incident came in, hour by hour, as bars to draw and words to read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from learning.models import Incident

HOUR = dt.timedelta(hours=1)
LEAST, MOST = 12, 48  # bars
STEPS, TIMES = (1, 2, 3, 6, 12, 24), 8  # hours between two times on the axis, and how many of these there is room for
EDGE = 8  # percent of the width that half a date takes
HEIGHT = 92.0


@dataclass(frozen=True)
class Bar:
    """In percent of the width and in units of the height."""

    at: dt.datetime
    count: int
    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True)
class Tick:
    """A time on the axis. `is_wide`: only where there is room."""

    x: float
    text: str
    anchor: str
    is_wide: bool


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    label: str
    peak: int
    ticks: list[Tick]

    @property
    def counted(self) -> list[Bar]:
        """For the table beside it: hours in which somebody reported it."""
        return [bar for bar in self.bars if bar.count]


def chart(incident: Incident) -> Chart:
    """The hours from a little before the first report to the last one; the newest MOST when there are more."""
    times = sorted(incident.reports.values_list("at", flat=True))
    first, last = _hour(times[0] if times else incident.first_seen), _hour(times[-1] if times else incident.last_seen)
    hours = max(LEAST, min(MOST, int((last - first) / HOUR) + 4))
    start = last - (hours - 1) * HOUR
    counts = [0] * hours
    for at in times:
        place = int((_hour(at) - start) / HOUR)
        if place >= 0:
            counts[place] += 1
    peak = max(counts)
    step = 100 / hours
    bars = [
        Bar(start + place * HOUR, count, round(place * step, 2), round(step * 0.72, 2), *_column(count, peak))
        for place, count in enumerate(counts)
    ]
    busiest = max(bars, key=lambda bar: bar.count)
    at = timezone.localtime(busiest.at)
    return Chart(bars, f"Reports an hour: at most {peak}, at {at:%H:%M} on {at.day} {at:%B}; {len(times)} in all", peak, _ticks(bars))


def _ticks(bars: list[Bar]) -> list[Tick]:
    """Round hours, at most TIMES of them, the first and each that begins a day with its date."""
    hours = [timezone.localtime(bar.at) for bar in bars]
    step = next(step for step in STEPS if len(bars) / step <= TIMES)
    places = [place for place, at in enumerate(hours) if at.hour % step == 0 and not at.minute]
    told: list[Tick] = []
    for number, place in enumerate(places):
        at, x = hours[place], round(bars[place].x + bars[place].width / 2, 2)
        is_new = not told or at.date() != hours[places[number - 1]].date()
        anchor = "start" if x < EDGE else "end" if x > 100 - EDGE else "middle"
        told.append(Tick(x, f"{at.day} {at:%b}, {at:%H:%M}" if is_new else f"{at:%H:%M}", anchor, not is_new and number % 2 == 1))
    return told


def _column(count: int, peak: int) -> tuple[float, float]:
    height = max(2.0, (HEIGHT - 9.2) * count / max(peak, 1))
    return round(HEIGHT - height, 1), round(height, 1)


def _hour(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
