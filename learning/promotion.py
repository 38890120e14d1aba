"""A learned answer becomes an article: when that is out, it takes the answer's place and has its outcomes; when it is archived, the answer is back."""

from __future__ import annotations

from helpdesk.events import consumer
from helpdesk.models import Event, Source
from learning import merging
from learning.models import LearnedResolution


@consumer("promotion", {"article.published", "article.archived"})
def consume(event: Event) -> None:
    source = Source.objects.filter(article=event.data.get("article")).first()
    if source is None:
        return
    if event.verb == "article.published":
        for resolution in LearnedResolution.objects.standing().filter(article=source.article_id).select_related("source", "ticket"):
            merging.replace(resolution, source, at=event.at)
    else:
        for resolution in LearnedResolution.objects.filter(replaced_by=source).select_related("source", "ticket"):
            merging.undo(resolution, at=event.at)
