"""The help centre: topics, articles, search, and whether an article helped."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from helpdesk import reading
from helpdesk.models import Article, ArticleFeedback, Category
from helpdesk.models.knowledge import ArticleQuerySet
from helpdesk.search.suggest import related, search_articles
from helpdesk.views.portal import ReaderRequest

RESULTS = 20
BESIDE = 12  # articles in the list beside one


def readable(request: ReaderRequest) -> ArticleQuerySet:
    """Agents read here what customers could, and their own articles besides; drafts nobody."""
    return Article.objects.visible_to(request.viewer).published()


@require_safe
def home(request: ReaderRequest) -> HttpResponse:
    page = request.GET.get("page", "").replace("\x00", "")[:200]
    articles = readable(request)
    first = list(reading.shelved(articles))
    context: dict[str, Any] = {
        "section": "articles",
        "topics": [(category, list(rows)) for category, rows in groupby(first, key=lambda article: article.category)],
        "helpful": list(reading.most_helpful(articles)),
        "near": list(articles.filter(pages__contains=[page])[: reading.SHELF]) if page else [],
        "page": page,
    }
    return render(request, "portal/home.html", context)


@require_safe
def topic(request: ReaderRequest, slug: str) -> HttpResponse:
    category = get_object_or_404(Category, slug=slug)
    articles = readable(request).filter(category=category).order_by("published_at", "pk")[:500]
    others = Category.objects.filter(articles__in=readable(request)).annotate(of=Count("articles")).order_by("position", "name")
    return render(request, "portal/topic.html", {"section": "articles", "category": category, "articles": articles, "others": others})


@require_safe
def article(request: ReaderRequest, slug: str) -> HttpResponse:
    shown = get_object_or_404(readable(request).select_related("category", "author", "source"), slug=slug)
    body, headings = reading.with_contents(shown.html)
    beside = readable(request).filter(category=shown.category).order_by("published_at", "pk") if shown.category else Article.objects.none()
    reader = reading.reader_of(request)
    context = {
        "section": "articles",
        "article": shown,
        "body": body,
        "headings": headings if len(headings) > 1 else [],
        "beside": list(beside.only("slug", "title")[: BESIDE + 1]),
        "beside_limit": BESIDE,
        "related": related(shown.source, request.viewer, limit=2) if hasattr(shown, "source") else [],
        "said": ArticleFeedback.objects.filter(article=shown, reader=reader).first() if reader else None,
    }
    return render(request, "portal/article.html", context)


@require_POST
def feedback(request: ReaderRequest, slug: str) -> HttpResponse:
    shown = get_object_or_404(readable(request), slug=slug)
    verdict = request.POST.get("verdict")
    if verdict == "person":
        return redirect(f"/ask/?{urlencode({'page': shown.get_absolute_url()})}")
    if verdict not in {"solved", "not_quite"}:
        return render(request, "400.html", status=400)
    reading.leave_feedback(
        shown,
        reader=reading.reader_of(request, begin=True),
        helpful=verdict == "solved",
        comment=request.POST.get("comment", ""),
        customer=request.customer,
    )
    return redirect(f"{shown.get_absolute_url()}#feedback")


@require_safe
def search(request: ReaderRequest) -> HttpResponse:
    query = request.GET.get("q", "")
    offset = int(request.GET["from"]) if request.GET.get("from", "").isdecimal() and len(request.GET["from"]) < 4 else 0
    results = search_articles(query, request.viewer, limit=RESULTS, offset=offset)
    typed = query.replace("\x00", "")[:200]
    return render(request, "portal/search.html", {"section": "articles", "results": results, "query": typed})
