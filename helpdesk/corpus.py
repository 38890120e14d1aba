"""A corpus: a folder with articles.jsonl and tickets.jsonl, somebody's own history. Read here, and checked line by line.

articles.jsonl: {"key", "title", "body", "category"?, "page"?, "locale"?}. tickets.jsonl, in time order: {"key"?, "question", "resolved_by": key or
null, "at"?, "customer"?, "page"?, "segment"?, "reply"?, "rephrasings"?, "topic"?}. Other keys are left alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from helpdesk import jsonlines
from helpdesk.models import Article, Category

EPOCH = dt.datetime(2026, 1, 1, 9, tzinfo=dt.UTC)
LONGEST_AGO = 20_000  # days
APART = dt.timedelta(minutes=13)  # between tickets that do not say when they came


CorpusError = jsonlines.BadLine  # what is wrong with a corpus, with the file and the line


@dataclass(frozen=True)
class PastArticle:
    key: str
    title: str
    body: str = ""
    category: str = ""
    pages: list[str] = field(default_factory=list)
    locale: str = "en"


@dataclass(frozen=True)
class PastTicket:
    """`resolved_by`: key of the article that solved it. `topic`: what it was about, where people solved it without one."""

    key: str
    question: str
    resolved_by: str | None
    at: dt.datetime
    customer: str
    page: str = ""
    segment: dict[str, str] = field(default_factory=dict)
    reply: str = ""
    rephrasings: list[str] = field(default_factory=list)
    topic: str = ""


@dataclass(frozen=True)
class Corpus:
    name: str
    articles: list[PastArticle]
    tickets: list[PastTicket]


def read(folder: Path, *, with_tickets: bool = True) -> Corpus:
    """Raises CorpusError at the first line that cannot be used."""
    if not folder.is_dir():
        raise CorpusError(f"{folder} is not a folder.")
    articles = _articles(folder / "articles.jsonl")
    tickets = _tickets(folder / "tickets.jsonl", {article.key for article in articles}) if with_tickets else []
    return Corpus(folder.resolve().name, articles, tickets)


def _articles(path: Path) -> list[PastArticle]:
    found: dict[str, PastArticle] = {}
    for where, line in _lines(path):
        key = _text(line, "key", where, limit=120)
        if key in found:
            raise CorpusError(f"{where}: the key {key!r} has been used before.")
        found[key] = PastArticle(
            key=key,
            title=_text(line, "title", where, limit=300),
            body=_optional(line, "body", where),
            category=_optional(line, "category", where),
            pages=_pages(line, where),
            locale=_optional(line, "locale", where) or "en",
        )
    if not found:
        raise CorpusError(f"{path.name} holds no article.")
    return list(found.values())


def _tickets(path: Path, keys: set[str]) -> list[PastTicket]:
    tickets = [_ticket(line, where, number, keys) for number, (where, line) in enumerate(_lines(path))]
    late = next((after for before, after in pairwise(tickets) if after.at < before.at), None)
    if late:
        raise CorpusError(f"{path.name}: tickets must be in time order; {late.key!r} is earlier than the one before it.")
    return tickets


def _ticket(line: dict[str, Any], where: str, number: int, keys: set[str]) -> PastTicket:
    if "resolved_by" not in line:
        raise CorpusError(f"{where}: 'resolved_by' is missing; write null when no article solved it.")
    resolved_by = line["resolved_by"]
    if resolved_by is not None and not (isinstance(resolved_by, str) and resolved_by in keys):
        raise CorpusError(f"{where}: 'resolved_by' names {jsonlines.shown(resolved_by)}, which is no article's key.")
    customer = line.get("customer")
    segment = line.get("segment") or {}
    rephrasings = line.get("rephrasings") or []
    if not isinstance(segment, dict):
        raise CorpusError(f"{where}: 'segment' must be an object, not {jsonlines.shown(segment)}.")
    if not isinstance(rephrasings, list) or not all(isinstance(each, str) for each in rephrasings):
        raise CorpusError(f"{where}: 'rephrasings' must be a list of texts.")
    return PastTicket(
        key=str(line.get("key") or f"line-{number + 1}"),
        question=_text(line, "question", where, limit=20_000),
        resolved_by=resolved_by,
        at=_time(line, where, number),
        customer=f"visitor-{number}" if customer is None else str(customer),
        page=_optional(line, "page", where),
        segment={str(name): str(value) for name, value in segment.items()},
        reply=_optional(line, "reply", where) or _agents_words(line, where),
        rephrasings=rephrasings,
        topic=_optional(line, "topic", where),
    )


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if not path.is_file():
        raise CorpusError(f"{path} is missing.")
    yield from jsonlines.objects(path)


def _text(line: dict[str, Any], name: str, where: str, limit: int) -> str:
    value = line.get(name)
    if not isinstance(value, str) or not value.strip():
        raise CorpusError(f"{where}: {name!r} is missing or empty.")
    if len(value) > limit:
        raise CorpusError(f"{where}: {name!r} has {len(value):,} characters; {limit:,} are allowed.")
    return value


def _optional(line: dict[str, Any], name: str, where: str) -> str:
    value = line.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise CorpusError(f"{where}: {name!r} must be a text, not {jsonlines.shown(value)}.")
    return value


def _pages(line: dict[str, Any], where: str) -> list[str]:
    pages = line.get("pages") or ([line["page"]] if line.get("page") else [])
    if not isinstance(pages, list) or not all(isinstance(page, str) for page in pages):
        raise CorpusError(f"{where}: 'pages' must be a list of texts.")
    return pages


def _time(line: dict[str, Any], where: str, number: int) -> dt.datetime:
    ago = line.get("days_ago")
    if isinstance(ago, int | float):
        if not 0 <= ago <= LONGEST_AGO:
            raise CorpusError(f"{where}: 'days_ago' must lie between 0 and {LONGEST_AGO:,}, not {jsonlines.shown(ago)}.")
        return EPOCH + dt.timedelta(days=100 - ago)
    if line.get("at") is None:
        return EPOCH + number * APART
    return jsonlines.moment(line["at"], where)


def _agents_words(line: dict[str, Any], where: str) -> str:
    """The longest text of an agent in a recorded conversation."""
    told = line.get("conversation") or []
    if not isinstance(told, list) or not all(isinstance(each, dict) and isinstance(each.get("text", ""), str) for each in told):
        raise CorpusError(f"{where}: 'conversation' must be a list of objects with a 'text'.")
    said = [each.get("text", "") for each in told if each.get("from") == "agent" and not each.get("note")]
    return max(said, key=len, default="")


def load_articles(articles: list[PastArticle], *, at: dt.datetime | None = None) -> tuple[int, int, int]:
    """Create or revise each article by its key, and publish it. (new, changed, unchanged)."""
    counts = {"new": 0, "changed": 0, "unchanged": 0}
    categories = {name: _category(name) for name in dict.fromkeys(article.category for article in articles) if name}
    for each in articles:
        counts[_load_article(each, categories.get(each.category), at)] += 1
    return counts["new"], counts["changed"], counts["unchanged"]


@transaction.atomic
def _load_article(each: PastArticle, category: Category | None, at: dt.datetime | None) -> str:
    fields: dict[str, Any] = {
        "title": each.title,
        "body": each.body or each.title,
        "category": category,
        "pages": each.pages,
        "locale": each.locale,
    }
    article = Article.objects.filter(slug=slug_of(each.key)).first()
    if article is None:
        Article(slug=slug_of(each.key), **fields).publish(at=at)
        return "new"
    if article.status == Article.Status.PUBLISHED and all(getattr(article, name) == value for name, value in fields.items()):
        return "unchanged"
    article.revise(at=at, **fields)
    article.publish(at=at)
    return "changed"


def _category(name: str) -> Category:
    slug = slugify(name)[:50] or "other"
    return Category.objects.filter(slug=slug).first() or Category.objects.create(slug=slug, name=name.replace("-", " ").capitalize()[:80])


def slug_of(key: str) -> str:
    """A key that is fit for an address is the slug; of another one, what is left of it."""
    kept = "".join(character if character.isascii() and (character.isalnum() or character in "-_") else "-" for character in key)
    return kept.strip("-")[:120] or "article"
