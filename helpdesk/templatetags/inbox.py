"""What the inbox's templates say about time."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe

from helpdesk import formatting
from helpdesk.models import Message
from helpdesk.thread import Said

register = template.Library()

MINUTE, HOUR, DAY = 60, 3_600, 86_400


@register.filter
def ago(at: dt.datetime | None) -> str:
    """`38m`, `2h 41m`, `6h`, `3d`, `12 Oct`: as short as a list row needs."""
    if at is None:
        return ""
    now = timezone.now()
    seconds = max(0, int((now - at).total_seconds()))
    if seconds < MINUTE:
        return "now"
    if seconds < HOUR:
        return f"{seconds // MINUTE}m"
    if seconds < 6 * HOUR:
        return f"{seconds // HOUR}h {seconds % HOUR // MINUTE:02}m"
    if seconds < DAY:
        return f"{seconds // HOUR}h"
    if seconds < 7 * DAY:
        return f"{seconds // DAY}d"
    at = timezone.localtime(at)
    return date_format(at, "j M" if at.year == timezone.localtime(now).year else "j M Y")


@register.filter
def day(date: dt.date) -> str:
    """`Today, 22 November`."""
    today = timezone.localdate()
    named = {today: "Today, ", today - dt.timedelta(days=1): "Yesterday, "}.get(date, date_format(date, "l, "))
    return named + date_format(date, "j F" if date.year == today.year else "j F Y")


@register.filter
def shown(message: Message) -> SafeString:
    """What was said, cleaned; where there is no page to point to, the words alone."""
    return mark_safe(formatting.without_targets(Said(message).html))  # noqa: S308
