"""What stands in a search box, in parts: `refund "double charge" is:open tag:billing -tag:spam before:2026-10-01`.

An allow-list: a filter that is not in it is no filter, and is said to be none. Nothing here knows the database; reading never fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

LIMIT = 300  # characters
MOST_PARTS = 24
FILTERS = {
    "is": "open, waiting, snoozed, resolved, spam, unread, unassigned, urgent, draft, person or assistant",
    "assignee": "me, none, or a colleague’s name",
    "team": "a team’s name, or none",
    "tag": "a tag",
    "customer": "their name or address",
    "org": "an organisation’s name",
    "channel": "portal, chat, email or api",
    "priority": "low, normal, high or urgent",
    "subject": "a word of the subject",
    "before": "a day such as 2026-10-01, today or yesterday, or 7d for seven days ago",
    "after": "a day such as 2026-10-01, today or yesterday, or 7d for seven days ago",
}
ALSO = {"from": "customer", "assigned": "assignee", "organisation": "org", "organization": "org", "company": "org", "label": "tag"}

_PART = re.compile(r'(-?)(?:([^\W\d_]+):)?(?:"([^"]*)("?)|(\S+))', re.UNICODE)


@dataclass(frozen=True)
class Part:
    """A word (`key` is empty), a quoted phrase, or a filter."""

    key: str
    text: str
    is_negated: bool = False
    is_quoted: bool = False

    def __str__(self) -> str:
        text = f'"{self.text}"' if self.is_quoted or " " in self.text else self.text
        return f"{'-' if self.is_negated else ''}{f'{self.key}:' if self.key else ''}{text}"


@dataclass
class Asked:
    parts: list[Part] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def of(self, *keys: str) -> list[Part]:
        return [part for part in self.parts if part.key in keys]

    @property
    def words(self) -> list[Part]:
        return self.of("")

    def __str__(self) -> str:
        return " ".join(map(str, self.parts))


def read(text: str) -> Asked:
    """Whatever it is. What could not be read is said in `problems`; the rest counts."""
    asked = Asked()
    if len(text) > LIMIT:
        asked.problems.append(f"Only the first {LIMIT} characters were searched for.")
    text = text[:LIMIT].replace("\x00", " ").encode("utf-8", "replace").decode()
    for match in _PART.finditer(text):
        minus, key, quoted, closing, bare = match.groups()
        if quoted is not None and not closing:
            asked.problems.append(f"The quotation mark before {_shown(quoted)} is never closed; it was taken to go to the end.")
        part = _part(bool(minus), (key or "").lower(), quoted if quoted is not None else bare, quoted is not None, asked)
        if part is None:
            continue
        if len(asked.parts) == MOST_PARTS:
            asked.problems.append(f"Only the first {MOST_PARTS} words and filters were used.")
            break
        asked.parts.append(part)
    if text.strip() and not asked.parts and not asked.problems:
        asked.problems.append(f"{_shown(text)} is no word, number or filter.")
    return asked


def _part(is_negated: bool, key: str, text: str, is_quoted: bool, asked: Asked) -> Part | None:
    text = " ".join(text.split())
    if not key and not is_quoted and text.endswith(":") and ALSO.get(text[:-1].lower(), text[:-1].lower()) in FILTERS:
        key, text = text[:-1].lower(), ""
    key = ALSO.get(key, key)
    if key and key not in FILTERS:
        if "//" in text[:2] or (is_quoted is False and _looks_like_time(key, text)):
            return Part("", f"{key}:{text}", is_negated)  # an address, or words that happen to have a colon
        asked.problems.append(f"There is no filter “{key}:”. There are {', '.join(f'{name}:' for name in FILTERS)}.")
        if ":" in text:  # as it stands, and no filter when it is read again
            text, is_quoted = text.replace('"', " ").strip(), True
        return Part("", text, is_negated, is_quoted) if _says_something(text) else None
    if key and not text.strip(' "'):
        asked.problems.append(f"After “{key}:” comes {FILTERS[key]}.")
        return None
    if not key and not _says_something(text):
        return None
    return Part(key, text, is_negated, is_quoted)


def _looks_like_time(key: str, text: str) -> bool:
    return text[:1].isdigit() and len(key) == 1


def _says_something(text: str) -> bool:
    return any(letter.isalnum() for letter in text)


def _shown(text: str) -> str:
    return f"“{text[:30].strip()}{'…' if len(text) > 30 else ''}”"
