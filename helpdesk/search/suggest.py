"""The help centre's search: articles for people who look for themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import Avg, F
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from helpdesk.formatting import plain
from helpdesk.models import Chunk, Source
from helpdesk.models.search import SourceQuerySet
from helpdesk.search.embedder import EmbedderUnavailable, embed_one
from helpdesk.search.retrieve import find, searchable

if TYPE_CHECKING:
    from helpdesk.viewers import Viewer

MOST = 100  # results anyone looks through
NEAR = 0.45  # cosine from which an article that shares no word with the query still belongs to it
# Characters that no keyboard types mark the words found; they become <mark> after everything else is escaped.
START, STOP = "\ue000", "\ue001"
TAIL = 0.4  # of the best score: what is further behind shares a word by chance
_RULES = re.compile(r"(?:\s-{3,})+")  # between a table's head and its rows
_OPERATORS = re.compile(r'"|(?:^|\s)-\w|\sOR\s')


@dataclass(frozen=True)
class Result:
    source: Source
    snippet: SafeString


@dataclass(frozen=True)
class Results:
    """One page of them. `total` counts up to 100."""

    query: str
    results: list[Result]
    total: int
    next_offset: int | None

    def __bool__(self) -> bool:
        return bool(self.results)


def search_articles(query: str, viewer: Viewer, limit: int = 20, offset: int = 0) -> Results:
    """Articles by words and by meaning, best first. Quotes, a minus and OR work as on the web."""
    query = searchable(query)[:200]
    if not query:
        return Results("", [], 0, None)
    found = _by_operators(query, viewer) if _OPERATORS.search(query) else _by_meaning(query, viewer)
    page = found[offset : offset + limit]
    sources = _articles(viewer).select_related("category", "article").in_bulk([pk for pk, _ in page])
    snippets = highlight(query, [text for _, text in page])
    results = [Result(sources[pk], snippet) for (pk, _), snippet in zip(page, snippets, strict=True) if pk in sources]
    return Results(query, results, len(found), offset + limit if len(found) > offset + limit else None)


def complete(query: str, viewer: Viewer, limit: int = 6) -> list[Source]:
    """Articles whose title has these words, the last of which may be unfinished: for a list under the search box."""
    words = re.findall(r"\w+", searchable(query))[:8]
    if not words:
        return []
    typed = SearchQuery(" & ".join(f"{word}:*A" for word in words), config="english", search_type="raw")
    return list(_articles(viewer).filter(tsv=typed).annotate(rank=SearchRank(F("tsv"), typed)).order_by("-rank", "pk")[:limit])


def related(source: Source, viewer: Viewer, limit: int = 4) -> list[Source]:
    """Articles on the same matter: nearest in meaning, or else of the same category."""
    others = _articles(viewer).exclude(pk=source.pk)
    middle = Chunk.objects.filter(source=source).aggregate(middle=Avg("vector"))["middle"]
    if middle is None:
        return list(others.filter(category=source.category).order_by("title")[:limit]) if source.category_id else []
    order = [hit.source_id for hit in find(others, "", middle, limit)]
    found = others.select_related("category", "article").in_bulk(order)
    return [found[pk] for pk in order if pk in found]


def highlight(query: str, markdown: Sequence[str]) -> list[SafeString]:
    """Of each Markdown text the part with the query's words, these marked, everything else escaped."""
    texts = [_RULES.sub(" ·", plain(body[:8_000])).replace(START, "").replace(STOP, "").replace("\x00", "") for body in markdown]
    options = f"StartSel={START}, StopSel={STOP}, MaxWords=34, MinWords=18, MaxFragments=2, FragmentDelimiter=' … '"
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT ts_headline('english', body.text, replace(plainto_tsquery('english', %s)::text, '&', '|')::tsquery, %s)
               FROM unnest(%s::text[]) WITH ORDINALITY AS body (text, number) ORDER BY body.number""",
            [query, options, texts],
        )
        return [_marked(row[0]) for row in cursor.fetchall()]


def _marked(text: str) -> SafeString:
    return mark_safe(escape(text).replace(START, "<mark>").replace(STOP, "</mark>"))  # noqa: S308  (escaped; only our own tags are put in)


def _articles(viewer: Viewer) -> SourceQuerySet:
    return Source.objects.visible_to(viewer).filter(kind=Source.Kind.ARTICLE)


def _by_operators(query: str, viewer: Viewer) -> list[tuple[int, str]]:
    wanted = SearchQuery(query, config="english", search_type="websearch")
    matching = _articles(viewer).filter(tsv=wanted).annotate(rank=SearchRank(F("tsv"), wanted))
    return list(matching.order_by("-rank", "pk").values_list("pk", "body")[:MOST])


def _by_meaning(query: str, viewer: Viewer) -> list[tuple[int, str]]:
    try:
        vector = embed_one(query)
    except EmbedderUnavailable:
        vector = None
    hits = find(_articles(viewer), query, vector, MOST)
    floor = TAIL * hits[0].score if hits else 0
    return [(hit.source_id, hit.text) for hit in hits if hit.score >= floor and (hit.rank > 0 or hit.dense >= NEAR)]
