"""What the ledger holds, as the arrays that a refit is fitted on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import BinaryField, Func

from helpdesk.models import Customer, SiteSettings
from learning import calibration, choice, features, head, ranker
from learning.credit import evidence_in
from learning.models import Decision, Episode, Signal
from learning.models.decision import DIMENSIONS

JUDGED_WINDOW = 3_000  # decisions that a refit looks back on
RECENT_WINDOW = 1_500  # decisions whose coverage the threshold is chosen for
VECTOR_HEADER = 4  # bytes before the numbers in pgvector's binary form
EPISODE_LIMIT = 60_000  # the newest; a refit reads no more
SHOWN_RIGHT = ("demonstrated", "chose")  # signals that name the right source ...
SHOWN = 5.0  # ... and what that weighs, in nats


@dataclass(frozen=True)
class Recent:
    """The last decisions on first messages, newest first, with all that was known of their candidates.

    `choices`: (n, ...) of them all. `spoken`: (n,) whether anything is known of the outcome. `answered`: (n,).
    """

    choices: choice.Choices
    spoken: choice.Booleans
    answered: choice.Booleans

    def known(self) -> choice.Choices:
        data, kept = self.choices, self.spoken
        return choice.Choices(data.features[kept], data.present[kept], data.target[kept], data.evidence[kept])


@dataclass(frozen=True)
class Judged:
    """What calibration and threshold are chosen on, as these weights would have decided.

    `scores`: (k,) of the first source. `evidence`: (k,) what the signals on it weigh. `weights`: (k,) how many decisions each stands for.
    `recent`: (m,) scores of all recent decisions, judged or not.
    """

    scores: calibration.Floats
    evidence: calibration.Floats
    weights: calibration.Floats
    recent: calibration.Floats


def solved() -> tuple[head.Matrix, head.Ints, calibration.Floats, list[str], int]:
    """Episodes with positive credit: vectors, sources, credits, pages; and how many episodes there are in all."""
    raw = Func("vector", function="vector_send", output_field=BinaryField())  # as text, 10,000 vectors take seconds to parse
    kept = list(Episode.objects.filter(credit__gt=0).order_by("-pk").values_list(raw, "source_id", "credit", "page")[:EPISODE_LIMIT])
    vectors = (
        np.frombuffer(b"".join(bytes(row[0])[VECTOR_HEADER:] for row in kept), ">f4").astype(np.float32).reshape(len(kept), DIMENSIONS)
    )
    sources = np.array([row[1] for row in kept], np.int64)
    credits = np.array([row[2] for row in kept], np.float64)
    return vectors, sources, credits, [row[3] for row in kept], Episode.objects.exclude(credit=0).count()


def of_customer(customer: Customer, limit: int = 50) -> tuple[frozenset[int], frozenset[int]]:
    """Sources that helped this customer before, and those that missed: of their last decisions on which a signal has come.

    Only of one who has proved who they are: an address that somebody claims must not bring its history.
    """
    if not customer.is_verified:
        return frozenset(), frozenset()
    judged = Decision.objects.filter(customer=customer, source__isnull=False, belief__isnull=False)
    rows = [(pk, belief or 0.0) for pk, belief in judged.order_by("-at").values_list("source_id", "belief")[:limit] if pk]
    return frozenset(pk for pk, belief in rows if belief > 0.5), frozenset(pk for pk, belief in rows if belief < 0.5)


def recent(at: dt.datetime) -> Recent:
    """Two queries. Answers younger than the window have not spoken: until it closes only the loud ones have."""
    first = Decision.objects.first_of_tickets().filter(source__isnull=False, features__has_key="none")
    columns = ("pk", "kind", "at", "belief", "confidence", "candidates", "features__none")
    rows = list(first.order_by("-pk").values(*columns)[:JUDGED_WINDOW])
    named = Signal.objects.in_force().filter(decision__in=[row["pk"] for row in rows], kind__in=SHOWN_RIGHT, source__isnull=False)
    shown = dict(named.order_by("at", "pk").values_list("decision_id", "source_id"))
    closed = at - dt.timedelta(hours=SiteSettings.load().assumed_hours)
    answered = np.array([row["kind"] == Decision.Kind.ANSWER for row in rows], bool)
    spoken = np.array([row["pk"] in shown or _has_spoken(row, closed) for row in rows], bool)
    return Recent(_choices(rows, shown), spoken, answered)


def judged(found: Recent, weights: choice.Floats) -> Judged:
    """The outcomes, as outcomes of what these weights put first. Left out where they would have put another first and nothing says whether that is right.

    Of what was handed off only a part is ever judged, so that each judged one stands for several.
    """
    data = found.choices
    logs = choice.log_probabilities(data.features, weights, data.present)[:, :-1]
    best = logs.argmax(axis=1) if len(logs) else np.zeros(0, np.int64)
    scores = np.array([ranker.raw_score(p) for p in np.exp(logs.max(axis=1, initial=-np.inf))])
    shown = data.target != choice.UNKNOWN
    kept = found.spoken & (shown | (best == 0))
    evidence = np.where(shown, np.where(best == data.target, SHOWN, -SHOWN), data.evidence)
    others = ~found.answered
    each_stands_for = others.sum() / max((others & kept).sum(), 1)
    return Judged(scores[kept], evidence[kept], np.where(found.answered[kept], 1.0, each_stands_for), scores[:RECENT_WINDOW])


def _choices(rows: list[dict[str, Any]], shown: Mapping[int, int]) -> choice.Choices:
    places = features.CHOSEN_FROM + 1
    found = np.zeros((len(rows), places, len(features.NAMES)))
    present = np.zeros((len(rows), places), bool)
    target = np.full(len(rows), choice.UNKNOWN, np.int64)
    evidence = np.zeros(len(rows))
    for number, row in enumerate(rows):
        candidates = row["candidates"][: features.CHOSEN_FROM]
        found[number, : len(candidates)] = features.matrix([each["features"] for each in candidates])
        found[number, -1] = features.matrix([row["features__none"]])[0]
        present[number, : len(candidates)] = present[number, -1] = True
        if row["pk"] in shown:
            sources = [each["source"] for each in candidates]
            target[number] = sources.index(shown[row["pk"]]) if shown[row["pk"]] in sources else places - 1
        elif row["belief"] is not None:
            evidence[number] = evidence_in(row["belief"], row["confidence"])
    return choice.Choices(found, present, target, evidence)


def _has_spoken(row: Mapping[str, Any], closed: dt.datetime) -> bool:
    return row["belief"] is not None and (row["kind"] != Decision.Kind.ANSWER or row["at"] < closed)
