"""Held signals count once their window has closed."""

from __future__ import annotations

import datetime as dt


def mature(at: dt.datetime) -> int:
    return 0
