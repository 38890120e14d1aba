"""What people wrote, made safe to show. Nothing reaches a page without passing here."""

from __future__ import annotations

import re
from functools import lru_cache

import nh3
from django.core.exceptions import ValidationError
from django.utils.html import escape, linebreaks, urlize
from markdown_it import MarkdownIt

MESSAGE_LIMIT = 50_000  # characters
SUBJECT_LIMIT = 200

ALLOWED_TAGS = {
    *("p", "br", "strong", "b", "em", "i", "code", "pre", "blockquote", "ul", "ol", "li", "a", "hr", "del"),
    *("h2", "h3", "h4", "table", "thead", "tbody", "tr", "th", "td"),
}
# `start` keeps a list's numbers, `align` a table's columns.
ALLOWED_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": False}).enable(["table", "strikethrough"])
_chat = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_INVISIBLE = re.compile(r"[\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff\ufffe\uffff]+")
_TARGET = re.compile(r"\]\(#show:([a-z0-9-]{1,60})\)")
_POINTER = re.compile(r'<a href="#show:[^"]*"[^>]*>(.*?)</a>', re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def clean_text(text: str, *, limit: int = MESSAGE_LIMIT, what: str = "The message") -> str:
    """Without control and direction-override characters; raises ValidationError when empty or too long."""
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not _INVISIBLE.sub("", text):
        raise ValidationError(f"{what} is empty.", code="empty")
    if len(text) > limit:
        raise ValidationError(f"{what} is longer than {limit:,} characters. Please shorten it.", code="too_long")
    return text


def clean_line(text: str, *, limit: int = SUBJECT_LIMIT) -> str:
    """One line, shortened when too long."""
    line = " ".join(_CONTROL.sub("", text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def sanitise(html: str) -> str:
    return nh3.clean(
        html,
        tags=ALLOWED_TAGS,
        attributes=ALLOWED_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )


def render_markdown(text: str) -> str:
    """An article or a learned answer."""
    return sanitise(_markdown.render(text))


@lru_cache(maxsize=1_000)  # the same passages are quoted again and again
def render_reply(text: str) -> str:
    """What an agent or the assistant wrote: Markdown, a line break is a line break."""
    return sanitise(_chat.render(text))


def render_plain(text: str) -> str:
    """What a customer wrote: their characters, nothing else."""
    return sanitise(urlize(linebreaks(escape(text)), nofollow=True))


def targets(text: str) -> set[str]:
    """What a text points to on the reader's page: of `[Share](#show:share-menu)`, share-menu."""
    return set(_TARGET.findall(text))


def without_targets(clean: str) -> str:
    """Where there is no page to point to, the words alone."""
    return _POINTER.sub(r"<strong>\1</strong>", clean)


def plain(text: str) -> str:
    """Markdown without its marks, for previews and mails' subjects. In time that grows with its length and no faster, whatever it is."""
    text = re.sub(r"!?\[([^\[\]]*)\]\([^()]*\)", r"\1", text)
    text = re.sub(r"^[ \t]*(?:#+|>|[-*]|\d+\.)[ \t]+", "", text, flags=re.MULTILINE)
    return " ".join(re.sub(r"[*`|]+|(?<!\w)_+|(?<!_)_+(?!\w)", "", text).split())
