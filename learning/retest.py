"""Past questions put to the present ranker, as if they were asked now: what it would do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from helpdesk.search.retrieve import hybrid
from helpdesk.viewers import AnonymousUser
from learning.models import Decision
from learning.question import Candidate, Question, Ranking
from learning.scoring import Recall, rank, recall

CANDIDATES = 20
MOST = 8  # questions that are tried, the newest


def retest(decisions: Sequence[Decision], article: int | None, *, at: dt.datetime) -> dict[str, Any]:
    """How many would be answered now, how many by this article (a source's id), and how many were it not there.

    What was remembered of a question itself is left out: it must be solved by what others have taught.
    """
    before = by_it = 0
    now = []
    for decision in decisions[:MOST]:
        question, candidates, recalled = _asked_again(decision, at)
        ranking = rank(question, candidates, recalled)
        now += [decision.ticket_id] if ranking.action == "answer" else []
        by_it += ranking.action == "answer" and ranking.first is not None and ranking.first.source_id == article
        before += _without(article, question, candidates, recalled, ranking).action == "answer"
    asked = [decision.ticket_id for decision in decisions[:MOST]]
    return {"of": len(asked), "now": len(now), "asked": asked, "tickets": now, "by_it": by_it, "before": before, "at": at.isoformat()}


def _asked_again(decision: Decision, at: dt.datetime) -> tuple[Question, list[Candidate], Recall]:
    customer = decision.customer
    question = Question(
        text=decision.question,
        vector=None if decision.vector is None else np.asarray(decision.vector, np.float32),
        at=at,
        page=decision.page,
        segment=decision.segment,
        customer_id=decision.customer_id,
        is_verified=customer is not None and customer.is_verified,
    )
    recalled = recall(question, but_for=decision.ticket_id)
    viewer = customer or AnonymousUser()
    hits = hybrid(question.text, question.vector, viewer, CANDIDATES, also=set(recalled.source_ids))
    return question, [Candidate.of(hit, at) for hit in hits], recalled


def _without(article: int | None, question: Question, candidates: list[Candidate], recalled: Recall, ranking: Ranking) -> Ranking:
    kept = [each for each in candidates if each.source_id != article]
    return rank(question, kept, recalled) if len(kept) < len(candidates) else ranking
