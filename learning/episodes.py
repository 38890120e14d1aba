"""Episodes in the database: the nearest of a question, and those that follow from a decision's ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from django.db.models import F, Value
from pgvector.django import CosineDistance

from learning import credit
from learning.channels import channel
from learning.models import Decision, Episode, Signal
from learning.models.episode import DOUBTED
from learning.models.suspicion import STANDING
from learning.question import Question
from learning.votes import Neighbours, agreement

NEAREST = 40
EXACT = 2_000  # episodes; among fewer, reading every vector costs little more than the index, which may miss one
LEAST_PRIOR = 0.05


def nearest(question: Question, k: int = NEAREST, *, but_for: int | None = None, by_index: bool = True) -> Neighbours:
    """The k most similar past questions whose answer has earned credit, for or against, most similar first. One query.

    `but_for`: a ticket whose questions are left out. `by_index`: or every one is looked at.
    """
    rows: list[Any] = []
    if question.vector is not None:
        distance: Any = CosineDistance("vector", question.vector)
        if not by_index:
            distance += Value(0.0)  # no index knows this expression
        found = Episode.objects.exclude(credit=0).annotate(distance=distance).order_by("distance")
        if but_for is not None:
            found = found.exclude(decision__ticket=but_for)
        rows = list(found.values_list("source_id", "distance", F("credit") * F("trust"), "page", "segment", "account", "by_agent")[:k])
        rows.sort(key=lambda row: float(row[1]))  # the index gives them in about this order
    return Neighbours(
        source_ids=np.array([row[0] for row in rows], np.int64),
        cosine=np.array([1 - row[1] for row in rows], np.float64),
        credit=np.array([row[2] for row in rows], np.float64),
        same={
            key: np.array([agreement(value, row[3] if key == "page" else row[4].get(key)) for row in rows], np.float64)
            for key, value in question.context.items()
        },
        accounts=[row[5] for row in rows],
        by_agent=np.array([row[6] for row in rows], np.bool_),
    )


def are_many(known: int = 0) -> bool:
    """Whether to trust the index. `known`: how many there were at some time; they are counted, as far as EXACT, only where that was less. A query."""
    return known >= EXACT or Episode.objects.order_by()[:EXACT].count() == EXACT


def settle(decision: Decision, account: str) -> bool:
    """Write the decision's belief and its episodes anew from the signals in force. Twice is once; the order of signals does not matter.

    True when it says something of whether the first source is still right: somebody spoke against it, or it is suspect or being tested.
    Two queries.
    """
    said = _in_force(decision)
    by_source: dict[int, list[Said]] = {}
    for signal in said:
        source_id = signal.named or signal.first
        if source_id is not None:
            by_source.setdefault(source_id, []).append(signal)
    first = by_source.get(said[0].first or 0) if said else None
    belief = credit.belief(decision.confidence, _evidence(first)) if first else None
    _write(decision, account, belief, by_source)
    return any(signal.llr < 0 or signal.is_watched for signal in first or ())


class Said(NamedTuple):
    """A signal in force. `first`, `named`: the source that the decision put first, and the one it names, or what took their place."""

    kind: str
    llr: float
    source_id: int | None
    first: int | None
    named: int | None
    of_first: dt.datetime | None  # since when that is suspect
    of_named: dt.datetime | None
    is_watched: bool


def _in_force(decision: Decision) -> list[Said]:
    """As SQL: this is asked with every signal that comes, and to put it together would take longer than to answer it."""
    with connection.cursor() as cursor:
        cursor.execute(_SAID, [list(STANDING), Signal.State.MATURED, decision.pk])
        return [Said(*row) for row in cursor.fetchall()]


_SAID = """
SELECT signal.kind, signal.llr * signal.heard, signal.source_id, coalesce(first.stands_for_id, first.id), coalesce(named.stands_for_id, named.id),
       first.suspect_since, named.suspect_since,
       EXISTS (SELECT 1 FROM learning_suspicion AS suspicion WHERE suspicion.source_id = decision.source_id AND suspicion.state = ANY(%s))
FROM learning_signal AS signal JOIN learning_decision AS decision ON decision.id = signal.decision_id
LEFT JOIN helpdesk_source AS first ON first.id = decision.source_id
LEFT JOIN helpdesk_source AS named ON named.id = signal.source_id
WHERE signal.state = %s AND decision.id = %s
"""


def forget(decision: Decision) -> None:
    """Before settling anew what has been reversed: a source without signals has no episode."""
    Episode.objects.filter(decision=decision).delete()


def _write(decision: Decision, account: str, belief: float | None, by_source: dict[int, list[Said]]) -> None:
    """In one statement: the vector, large as it is, need not leave the database for it."""
    told = [
        (
            source_id,
            round(credit.earned(_prior(decision, source_id, signals[0].first), _evidence(signals)), 9),
            any(channel(signal.kind).family == "agent" for signal in signals),
            _trust(decision, signals[0]),
        )
        for source_id, signals in by_source.items()
    ]
    columns = [list(column) for column in zip(*told, strict=True)] or [[], [], [], []]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [belief, decision.pk, account, *columns])


_WRITE = """
WITH decided AS (UPDATE learning_decision SET belief = %s WHERE id = %s RETURNING id, vector, page, segment, at)
INSERT INTO learning_episode (decision_id, source_id, vector, credit, page, segment, account, by_agent, trust, at)
SELECT decided.id, told.source_id, decided.vector, told.credit, decided.page, decided.segment, %s, told.by_agent, told.trust, decided.at
FROM decided, unnest(%s::bigint[], %s::float8[], %s::boolean[], %s::float8[]) AS told (source_id, credit, by_agent, trust)
WHERE decided.vector IS NOT NULL
ON CONFLICT (decision_id, source_id) DO UPDATE SET credit = EXCLUDED.credit, by_agent = EXCLUDED.by_agent, trust = EXCLUDED.trust
"""


def _trust(decision: Decision, signal: Said) -> float:
    since = signal.of_named if signal.source_id else signal.of_first
    return DOUBTED if since and decision.at < since else 1.0


def _evidence(signals: Iterable[Said]) -> list[tuple[str, float]]:
    return [(channel(signal.kind).family, signal.llr) for signal in signals]


def _prior(decision: Decision, source_id: int, first: int | None) -> float:
    """How likely the decision held this source to be; the logged scores are fixed, whatever the ranker thinks today."""
    if source_id == first:
        return decision.confidence
    return max([each["score"] for each in decision.candidates if each["source"] == source_id], default=LEAST_PRIOR)
