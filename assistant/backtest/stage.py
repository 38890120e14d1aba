"""The scratch desk: its articles, its customers, one agent, and the truth about each ticket."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np

from helpdesk import corpus
from helpdesk.corpus import Corpus, PastTicket
from helpdesk.models import Article, Customer, Organisation, SiteSettings, Source, User
from learning.models import LearnedResolution


@dataclass
class Stage:
    agent: User
    customers: dict[str, Customer]
    articles: dict[str, Source]
    learned: dict[int, str] = field(default_factory=dict)  # learned source -> topic
    changed: dict[str, int] = field(default_factory=dict)  # key -> the source that is wrong now

    def is_right(self, source_id: int | None, past: PastTicket) -> bool:
        if source_id is None:
            return False
        if past.resolved_by is not None:
            return self.articles[past.resolved_by].pk == source_id
        return bool(past.topic) and self.learned.get(source_id) == past.topic

    def right_source(self, past: PastTicket) -> int | None:
        if past.resolved_by is not None:
            return self.articles[past.resolved_by].pk
        return next((pk for pk, topic in self.learned.items() if past.topic and topic == past.topic), None)

    def notice_learned(self, ticket_id: int, past: PastTicket) -> None:
        """What was just learned from this ticket is about this ticket's topic."""
        for source_id in LearnedResolution.objects.filter(ticket=ticket_id).values_list("source_id", flat=True):
            self.learned[source_id] = past.topic or past.key


def set_up(found: Corpus, at: dt.datetime) -> Stage:
    # Nobody is held out: every figure of the control is of the same tickets anyway.
    SiteSettings.objects.update_or_create(pk=1, defaults={"company_name": found.name, "holdout_share": 0.0})
    User.objects.get_or_create(email="agent@backtest.invalid", defaults={"name": "Backtest Agent", "role": User.Role.AGENT})
    corpus.load_articles(found.articles, at=at)
    segments = {past.customer: past.segment for past in reversed(found.tickets)}
    organisations = Organisation.objects.bulk_create(
        [
            Organisation(name=key[:160], plan=segment.get("plan", ""), lifecycle=segment.get("lifecycle", ""))
            for key, segment in segments.items()
        ]
    )
    Customer.objects.bulk_create(
        [
            Customer(name=key[:160], email=f"c{number}@backtest.invalid", external_id=key[:190], organisation=organisation, verified_at=at)
            for number, (key, organisation) in enumerate(zip(segments, organisations, strict=True))
        ]
    )
    return look_up(found)


def look_up(found: Corpus) -> Stage:
    """The desk as it was left, when a run goes on."""
    by_slug = {article.slug: article for article in Article.objects.select_related("source")}
    return Stage(
        agent=User.objects.get(email="agent@backtest.invalid"),
        customers={str(each.external_id): each for each in Customer.objects.select_related("organisation")},
        articles={each.key: by_slug[corpus.slug_of(each.key)].source for each in found.articles},
    )


def in_order(found: Corpus, seed: int, limit: int | None) -> list[PastTicket]:
    """The tickets as `seed` draws them, at the times of the corpus: the order is chance, the clock runs forward."""
    drawn = np.random.default_rng(seed).permutation(len(found.tickets))[:limit]
    times = sorted(found.tickets[place].at for place in drawn)
    tickets = [found.tickets[place] for place in drawn]
    return [PastTicket(**{**vars(past), "at": at}) for past, at in zip(tickets, times, strict=True)]
