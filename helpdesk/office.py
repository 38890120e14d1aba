"""When people are there, and how long it takes them. For the widget: somebody who writes at night should know when it will be read."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from statistics import median
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db.models import Min, Q
from django.utils import timezone

from helpdesk.models import Message, SiteSettings, Ticket, User

LATELY = dt.timedelta(days=7)
ENOUGH = 8  # replies, to say how long one takes
LOOKED_AT = 50
NAMED = 2  # agents
KEPT_AS, KEPT = "office.usual_wait", 300  # seconds


@dataclass(frozen=True)
class Hours:
    """`days`: 0 is Monday. An office that is never open says nothing of hours."""

    days: frozenset[int]
    opens: dt.time
    closes: dt.time
    zone: ZoneInfo

    @classmethod
    def of(cls, site: SiteSettings) -> Hours:
        return cls(frozenset(site.office_days), site.office_opens, site.office_closes, ZoneInfo(site.office_zone))

    def is_open(self, at: dt.datetime) -> bool:
        local = at.astimezone(self.zone)
        return local.weekday() in self.days and self.opens <= local.time() < self.closes

    def next_opening(self, at: dt.datetime) -> dt.datetime | None:
        """The next time somebody comes in; None when nobody ever does."""
        local = at.astimezone(self.zone)
        for ahead in range(8):
            day = local.date() + dt.timedelta(days=ahead)
            opening = dt.datetime.combine(day, self.opens, self.zone)
            if day.weekday() in self.days and self.opens < self.closes and opening > at:
                return opening
        return None


def expected(at: dt.datetime) -> str:
    """When a person will answer, as a sentence."""
    site = SiteSettings.load()
    hours = Hours.of(site)
    if hours.is_open(at):
        wait = usual_wait(at)
        return f"A person usually answers within {in_words(wait)}" if wait else f"A person answers {site.reply_promise}"
    opening = hours.next_opening(at)
    if opening is None:
        return f"A person answers {site.reply_promise}"
    days = (opening.date() - at.astimezone(hours.zone).date()).days
    when = {0: "today", 1: "tomorrow"}.get(days, f"on {opening:%A}")
    return f"Nobody is in just now. We are back {when} at {opening:%H:%M}"


def promise(ticket: Ticket, at: dt.datetime) -> str:
    """What a customer is told who is handed over. In a chat the same as its window says above it."""
    return f"{expected(at)}." if ticket.channel == Ticket.Channel.CHAT else f"A person will answer {SiteSettings.load().reply_promise}."


def who_is_in(at: dt.datetime) -> str:
    """Agents who have a screen open, by first name: “Tom and Keiko are in”. Empty when nobody has."""
    found = [name.split(" ")[0] for name in User.objects.here(at).order_by("-seen_at").values_list("name", flat=True)[: NAMED + 1]]
    if not found:
        return ""
    if len(found) > NAMED:
        return f"{', '.join(found[:NAMED])} and others are in"
    return f"{found[0]} is in" if len(found) == 1 else f"{' and '.join(found)} are in"


def usual_wait(at: dt.datetime) -> dt.timedelta | None:
    """The median time to the first reply of people in what was asked lately; None while there are too few. Worked out anew every few minutes."""
    seconds = cache.get(KEPT_AS)
    if seconds is None:
        seconds = _median_wait(at)
        cache.set(KEPT_AS, seconds, KEPT)
    return dt.timedelta(seconds=seconds) if seconds else None


def _median_wait(at: dt.datetime) -> float:
    """In seconds; 0 while there are too few to tell."""
    first = (
        Ticket.objects.filter(opened_at__gt=at - LATELY, handler=Ticket.Handler.TEAM)
        .annotate(first=Min("messages__at", filter=Q(messages__author=Message.Author.AGENT, messages__is_note=False)))
        .exclude(first=None)
        .order_by("-opened_at")
        .values_list("opened_at", "first")[:LOOKED_AT]
    )
    waits = [(replied - opened).total_seconds() for opened, replied in first]
    return max(median(waits), 1.0) if len(waits) >= ENOUGH else 0.0


def in_words(wait: dt.timedelta) -> str:
    """Rounded up: better early than late."""
    minutes = -(-wait.total_seconds() // 60)
    for most, step in ((10, 5), (60, 10), (180, 30)):
        if minutes <= most:
            rounded = int(-(-minutes // step) * step)
            return "an hour" if rounded == 60 else f"{rounded} minutes" if rounded < 60 else f"{rounded / 60:g} hours"
    return f"{int(-(-minutes // 60))} hours" if minutes <= 24 * 60 else f"{int(-(-minutes // (24 * 60)))} days"


class Lately:
    """What every widget is told with every message: at most so many seconds old, in each process by itself."""

    KEPT = 2.0

    def __init__(self) -> None:
        self.at, now = time.monotonic(), timezone.now()
        self.present, self.expected = who_is_in(now), expected(now)

    @property
    def is_old(self) -> bool:
        return time.monotonic() - self.at > self.KEPT


_lately: list[Lately] = []


def lately() -> Lately:
    if not _lately or _lately[0].is_old:
        _lately[:] = [Lately()]
    return _lately[0]
