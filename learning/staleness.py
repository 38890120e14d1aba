"""Sources that stop being right: what `drift` finds in the ledger, kept as suspicions.

Whether a source is suspect follows from the signals in force on the decisions that put it first, in the order in which they came to count, and
from what agents said of it and did to it. So it is the same whenever it is looked at, and after `relearn`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from django.db import connection
from django.db.models import F

from helpdesk.events import consumer
from helpdesk.models import Event, Source
from learning import credit, drift
from learning.channels import AGENT, channel
from learning.models import Decision, Signal, Suspicion
from learning.models.decision import CONTROL
from learning.models.suspicion import Grounds

EXPECTED = 0.3  # the least confidence at which a source coming first says that it should have been right
WINDOW = 200  # of the newest signals
MONTH = dt.timedelta(days=30)
HEAD_START = 0.5  # months of a stake: a text that was changed because it was suspect may be wrong again
ONE_VOICE = dt.timedelta(days=30)  # of an account's complaints within it the first counts


@dataclass
class Trial:
    """One question that the source came first on, and what came of it so far."""

    decision: int
    at: dt.datetime
    confidence: float
    agents_only: bool
    heard: list[tuple[str, float]]


def look(decision: Decision, *, at: dt.datetime) -> None:
    """Something was said, or taken back, of what this decision put first."""
    if decision.source_id is not None and decision.confidence >= EXPECTED:
        judge(decision.source_id, at=at)


def look_everywhere() -> None:
    """Every source anew, as at the time of the last that was said of each."""
    spoken_of = Signal.objects.in_force().filter(decision__source__isnull=False)
    for source_id in sorted(set(spoken_of.values_list("decision__source", flat=True)) | set(_suspected())):
        judge(source_id)


def judge(source_id: int, *, at: dt.datetime | None = None) -> Suspicion | None:
    """Suspect a source, or clear it, as its ledger says. Two queries where nothing comes of it. The suspicion that stands afterwards."""
    last = Suspicion.objects.filter(source=source_id).annotate(text_from=F("source__updated_at")).order_by("-pk").first()
    standing = last if last and last.state != Suspicion.State.CLEARED else None
    counted_from = (last.counted_from if standing else last.reset_at) if last else None
    is_tested = bool(standing and last and last.text_from >= standing.raised_at)
    trials, said, when = _told(source_id, counted_from)
    p, months = np.array([trial.confidence for trial in trials]), _months(trials)
    found = drift.follow(drift.Trials(p, months), said, HEAD_START if is_tested else 0.0)
    if found.raised is not None:
        grounds = _grounds(trials, said[: found.raised + 1], found)
        return Suspicion.suspect(source_id, grounds=grounds, counted_from=counted_from, at=when[found.raised])
    if standing is None:
        return None
    at = at or (when[-1] if when else standing.raised_at)
    if is_tested:
        weights = np.array([credit.evidence(trial.heard) for trial in trials])
        if found.was or drift.is_right_again(drift.Trials(p, months), weights):
            standing.clear(Suspicion.How.EVIDENCE, at=at)
        else:
            standing.retest(at=at)
    else:
        standing.clear(Suspicion.How.EVIDENCE if found.was else Suspicion.How.WITHDRAWN, at=at)
    return standing


def _told(source_id: int, counted_from: dt.datetime | None) -> tuple[list[Trial], list[drift.Said], list[dt.datetime]]:
    """The trials since the text was last changed, what was said of them, and when. One query."""
    words = _signals(source_id, counted_from)
    trials: dict[int, Trial] = {}
    tickets: set[int | None] = set()
    voices: dict[int, dt.datetime] = {}
    for word in sorted(words, key=lambda word: word.decision):
        if word.decision in trials or word.ticket in tickets:
            continue
        account = word.account or 0
        is_repeated = account in voices and word.at - voices[account] < ONE_VOICE
        if not is_repeated:
            voices[account] = word.at
        tickets.add(word.ticket)
        trials[word.decision] = Trial(word.decision, word.at, word.confidence, is_repeated, [])
    places = {decision: place for place, decision in enumerate(trials)}
    said, when = [], []
    for word in sorted(words, key=lambda word: (word.matured_at, word.pk)):
        trial, family = trials.get(word.decision), channel(word.kind).family
        if trial is None or (trial.agents_only and family != AGENT):
            continue
        trial.heard.append((family, word.llr))
        said.append(drift.Said(places[trial.decision], credit.evidence(trial.heard)))
        when.append(word.matured_at)
    return list(trials.values()), said, when


class Word(NamedTuple):
    """A signal in force on a question that the source came first on."""

    pk: int
    kind: str
    llr: float
    matured_at: dt.datetime
    decision: int
    at: dt.datetime
    confidence: float
    ticket: int | None
    account: int | None  # organisations as they are numbered, customers without one below zero


def _signals(source_id: int, counted_from: dt.datetime | None) -> list[Word]:
    """The newest. Not of tickets that belong to an incident: what is broken is not the text. Nor of what the control decided: it never claimed to be calibrated.

    As SQL: this is asked with every signal that speaks against a source, and to put it together would take longer than to answer it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SIGNALS, [source_id, source_id, Signal.State.MATURED, EXPECTED, CONTROL, counted_from, WINDOW])
        return [Word(*row) for row in cursor.fetchall()]


_SIGNALS = """
SELECT signal.id, signal.kind, signal.llr, signal.matured_at, decision.id, decision.at, decision.confidence, decision.ticket_id,
       coalesce(customer.organisation_id, -decision.customer_id)
FROM learning_decision AS decision JOIN learning_signal AS signal ON signal.decision_id = decision.id
JOIN helpdesk_source AS source ON source.id = decision.source_id
LEFT JOIN helpdesk_customer AS customer ON customer.id = decision.customer_id
LEFT JOIN learning_report AS report ON report.ticket_id = decision.ticket_id
WHERE decision.source_id = %s AND (signal.source_id IS NULL OR signal.source_id = %s) AND signal.state = %s
  AND decision.confidence >= %s AND decision.policy <> %s AND decision.at >= greatest(source.updated_at, %s) AND report.incident_id IS NULL
ORDER BY decision.id DESC LIMIT %s
"""


def _grounds(trials: Sequence[Trial], said: Sequence[drift.Said], found: drift.Finding) -> Grounds:
    """As it was known when it became suspect."""
    known = {word.trial: word.evidence for word in said if word.trial >= found.since}
    beliefs = [credit.sigmoid(credit.logit(trials[place].confidence) + weight) for place, weight in known.items()]
    return Grounds(
        since=trials[found.since].at,
        evidence=round(found.evidence, 6),
        confidence=round(float(np.mean([trials[place].confidence for place in known])), 6),
        belief=round(float(np.mean(beliefs)), 6),
        questions=len(known),
    )


def _months(trials: Sequence[Trial]) -> drift.Floats:
    """Since the trial before, in months; none for the first."""
    gaps = [0.0, *((after.at - before.at) / MONTH for before, after in pairwise(trials))]
    return np.maximum(np.array(gaps[: len(trials)]), 0.0)


def _suspected() -> list[int]:
    return list(Suspicion.objects.standing().values_list("source_id", flat=True))


@consumer("staleness", {"article.published", "article.archived"})
def changed(event: Event) -> None:
    """A suspect article that was changed is tested anew; one that is gone is suspect no longer."""
    standing = Suspicion.objects.standing().filter(source__article=event.data["article"]).first()
    if standing is None:
        return
    if event.verb == "article.archived":
        standing.clear(Suspicion.How.GONE, at=event.at)
    elif Source.objects.filter(pk=standing.source_id, updated_at__gte=standing.raised_at).exists():
        standing.retest(at=event.at)
