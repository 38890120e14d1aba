"""An article on its page: its contents, its menu paths, and what readers say of it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.html import escape, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from helpdesk.formatting import without_targets
from helpdesk.models import SYSTEM, Article, ArticleFeedback, Customer, Event
from helpdesk.models.knowledge import ArticleQuerySet

SHELF = 3  # articles shown of a topic
COMMENT_LIMIT = 2_000
_HEADING = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)
_MENU = re.compile(r"<strong>([^<]*?&gt;[^<]*?)</strong>")
_TAG = re.compile(r"""(<(?:[^>"']|"[^"]*"|'[^']*')*>)""")
_CITE = re.compile(r"\[(\d{1,2})\]")


@dataclass(frozen=True)
class Heading:
    anchor: str
    title: str


def with_contents(clean: str) -> tuple[SafeString, list[Heading]]:
    """Sanitised HTML with an anchor on each heading, and the list of them."""
    headings: list[Heading] = []

    def anchored(match: re.Match[str]) -> str:
        title = html.unescape(strip_tags(match[1])).strip()
        base = slugify(title)[:60] or "part"
        taken = {heading.anchor for heading in headings}
        anchor = next(each for each in (base, *(f"{base}-{n}" for n in range(2, 1000))) if each not in taken)
        headings.append(Heading(anchor, title))
        return f'<h2 id="{escape(anchor)}">{match[1]}</h2>'

    return mark_safe(menu_paths(_HEADING.sub(anchored, without_targets(clean)))), headings  # noqa: S308  (sanitised by the caller; anchors are slugs)


def menu_paths(clean: str) -> str:
    """“**Settings > Security**” as a way through menus."""
    return _MENU.sub(lambda match: f'<span class="ui">{re.sub(r" *&gt; *", " <i>›</i> ", match[1])}</span>', clean)


def with_citations(clean: str, numbers: set[int], prefix: str) -> SafeString:
    """[1] becomes a link to its source, in the text only, never inside a tag."""

    def cited(match: re.Match[str]) -> str:
        return f'<a class="cite" href="#{prefix}{match[1]}">{match[1]}</a>' if int(match[1]) in numbers else match[0]

    parts = [part if part.startswith("<") else _CITE.sub(cited, part) for part in _TAG.split(clean)]
    return mark_safe(menu_paths("".join(parts)))  # noqa: S308  (sanitised by the caller; only our own tags are put in)


def shelved(articles: ArticleQuerySet, each: int = SHELF) -> ArticleQuerySet:
    """The first articles of every topic, with how many it has: one query, however many there are."""
    ranked = articles.filter(category__isnull=False).annotate(
        place=Window(RowNumber(), partition_by=F("category_id"), order_by=[F("published_at").asc(), F("pk").asc()]),
        of=Window(Count("pk"), partition_by=F("category_id")),
    )
    return ranked.filter(place__lte=each).select_related("category").order_by("category__position", "category__name", "place")


def most_helpful(articles: ArticleQuerySet, limit: int = SHELF) -> ArticleQuerySet:
    helped = Count("feedback", filter=Q(feedback__helpful=True)) - Count("feedback", filter=Q(feedback__helpful=False))
    return articles.annotate(helped=helped).filter(helped__gt=0).order_by("-helped", "title")[:limit]


def reader_of(request: HttpRequest, *, begin: bool = False) -> str:
    """One voice each: the customer's, or the session's. Hashed, so that the feedback tells nobody's session."""
    customer: Customer | None = request.customer  # type: ignore[attr-defined]
    if customer is None and begin and not request.session.session_key:
        request.session.create()
    who = f"customer:{customer.pk}" if customer else f"session:{request.session.session_key or ''}"
    return salted_hmac("helpdesk.reading", who, algorithm="sha256").hexdigest() if not who.endswith(":") else ""


@transaction.atomic
def leave_feedback(article: Article, *, reader: str, helpful: bool, comment: str = "", customer: Customer | None = None) -> ArticleFeedback:
    """The last word counts. Saying the same again says nothing new."""
    at, comment = timezone.now(), comment.replace("\x00", "").strip()[:COMMENT_LIMIT]
    said, created = ArticleFeedback.objects.select_for_update().get_or_create(
        article=article, reader=reader, defaults={"helpful": helpful, "comment": comment, "customer": customer, "at": at}
    )
    changed = created or said.helpful != helpful or (comment and said.comment != comment)
    if changed:
        said.helpful, said.comment, said.at = helpful, comment or ("" if helpful else said.comment), at
        said.save(update_fields=["helpful", "comment", "at"])
        Event.record("article.feedback", by=customer or SYSTEM, at=at, article=article.pk, helpful=helpful, feedback=said.pk)
    return said
