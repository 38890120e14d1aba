"""When a ticket that is put off comes back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

MORNING = dt.time(9)


@dataclass(frozen=True)
class Preset:
    slug: str
    name: str
    until: dt.datetime


def presets(now: dt.datetime | None = None) -> list[Preset]:
    now = timezone.localtime(now)
    to_monday = 7 - now.weekday()
    return [
        Preset("later", "Later today", now + dt.timedelta(hours=3)),
        Preset("tomorrow", "Tomorrow", _morning(now, days=1)),
        Preset("monday", "Monday", _morning(now, days=to_monday)),
        Preset("month", "In four weeks", _morning(now, days=28)),
    ]


def until(slug: str, *, now: dt.datetime | None = None) -> dt.datetime | None:
    return next((preset.until for preset in presets(now) if preset.slug == slug), None)


def _morning(now: dt.datetime, *, days: int) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(now.date() + dt.timedelta(days=days), MORNING), now.tzinfo)
