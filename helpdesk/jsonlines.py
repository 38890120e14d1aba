"""Files of one JSON object a line, as somebody's own history comes: read line by line, and refused with the line that cannot be used."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
FIRST_YEAR, LAST_YEAR = 1970, 2200  # what lies outside is a slip, and days cannot be taken from it


class BadLine(Exception):
    """What is wrong, with the file and the line."""


def objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each line's place ("tickets.jsonl line 7") and object. Blank lines are passed over. Raises BadLine."""
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                if number == 1:
                    raw = raw.removeprefix(BYTE_ORDER_MARK)
                if raw.strip():
                    where = f"{path.name} line {number}"
                    yield where, _object(raw, where)
    except OSError as error:
        raise BadLine(f"{path} cannot be read: {error.strerror}.") from error


def moment(value: Any, where: str, name: str = "at") -> dt.datetime:
    """A time in ISO 8601, in UTC where it does not say. Raises BadLine."""
    try:
        at = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise BadLine(f"{where}: {name!r} must be a time like 2026-01-05T08:00:00+00:00, not {shown(value)}.") from error
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise BadLine(f"{where}: {name!r} must lie between {FIRST_YEAR} and {LAST_YEAR}, not in {at.year}.")
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def shown(value: Any) -> str:
    """A value in a message, not endless."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _object(raw: bytes, where: str) -> dict[str, Any]:
    try:
        line = json.loads(raw.decode("utf-8"))
        json.dumps(line, ensure_ascii=False).encode("utf-8")  # half a character, written as an escape
    except UnicodeDecodeError as error:
        raise BadLine(f"{where}: this is not UTF-8.") from error
    except UnicodeEncodeError as error:
        raise BadLine(f"{where}: there is half a character in it, which is no text.") from error
    except json.JSONDecodeError as error:
        raise BadLine(f"{where}: this is not JSON ({error.msg}, column {error.colno}).") from error
    except RecursionError as error:
        raise BadLine(f"{where}: this is nested too deep.") from error
    except ValueError as error:
        raise BadLine(f"{where}: this is not JSON ({error}).") from error
    if not isinstance(line, dict):
        raise BadLine(f"{where}: this must be a JSON object.")
    return line
