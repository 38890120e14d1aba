"""Why a ticket was found: a piece of the newest message that holds one of the words, with the words marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from django.db import connection
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from helpdesk.finding.meaning import Meaning, fold
from helpdesk.formatting import plain

AROUND = 60  # characters before the first word
LENGTH = 180
READ = 4_000  # characters of a message around the first hit that are looked at


def excerpts(ids: Sequence[int], meaning: Meaning) -> dict[int, SafeString]:
    """{ticket: excerpt} of those in whose messages a word stands as it was typed, or begins so."""
    pattern = _pattern(meaning.words)
    if not ids or not pattern:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SAID, [list(ids), pattern, READ, pattern])
        rows = cursor.fetchall()
    marked = {number: marks(plain(body), meaning.words, around=True) for number, body in rows}
    return {number: text for number, text in marked.items() if "<mark>" in text}


def marks(text: str, words: Iterable[str], *, around: bool = False) -> SafeString:
    """The text with its words marked; `around`: only the piece where the first of them stands."""
    found = _places(text, words)
    start = 0
    if around and found:
        start = max(0, found[0][0] - AROUND)
        start = text.find(" ", start, found[0][0]) + 1 or start if start else 0
        text = text[start : start + LENGTH] + ("…" if len(text) > start + LENGTH else "")
    parts, at = ["…"] if start else [], 0
    for begin, end in ((begin - start, end - start) for begin, end in found):
        if begin < at or begin >= len(text):
            continue
        parts += [escape(text[at:begin]), "<mark>", escape(text[begin:end]), "</mark>"]
        at = min(end, len(text))
    return mark_safe("".join([*parts, escape(text[at:])]))  # noqa: S308 (each piece is escaped)


def _places(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Of whole words that begin with one of `words`. Folding may change a text's length; then only what stands as typed is found."""
    folded = fold(text)
    looked_at = folded if len(folded) == len(text) else text.lower()
    starts = sorted({word for word in words if word}, key=len, reverse=True)
    if not starts:
        return []
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, starts))})\w*")
    return [match.span() for match in pattern.finditer(looked_at)]


def _pattern(words: Iterable[str]) -> str:
    """For the database: any of the words at the beginning of a word."""
    starts = sorted({word for word in words if word and word.isalnum()})
    return rf"\m({'|'.join(starts)})" if starts else ""


_SAID = """
SELECT found.number, message.body FROM unnest(%s::bigint[]) AS found (number)
CROSS JOIN LATERAL (
    SELECT substr(message.body, greatest(1, regexp_instr(message.body, %s, 1, 1, 0, 'i') - 500), %s) AS body
    FROM helpdesk_message AS message WHERE message.ticket_id = found.number AND message.body ~* %s ORDER BY message.seq DESC LIMIT 1
) AS message
"""
