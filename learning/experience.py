"""What the ledger holds, as the arrays that a refit is fitted on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from django.db.models import BinaryField, F, Func

from helpdesk.models import Customer, SiteSettings
from learning import calibration, channels, choice, features, head, noise, ranker
from learning.credit import evidence
from learning.models import Decision, Episode, Policy, Signal
from learning.models.decision import DIMENSIONS

JUDGED_WINDOW = 2_000  # decisions that a refit looks back on
HALF_LIFE = 500  # decisions after which one counts half: the scores of a younger policy meant something else
RECENT_WINDOW = 1_500  # decisions whose coverage the threshold is chosen for
VECTOR_HEADER = 4  # bytes before the numbers in pgvector's binary form
RAW_VECTOR = Func("vector", function="vector_send", output_field=BinaryField())  # as text, 10,000 vectors take seconds to parse
EPISODE_LIMIT = 60_000  # the newest; a refit reads no more
DOUBTFUL = 0.5  # share of a signal's weight from which down it is no example of how customers are
SHOWN_RIGHT = ("demonstrated", "chose")  # signals that name the right source ...
SHOWN = 5.0  # ... and what that weighs, in nats


@dataclass(frozen=True)
class Recent:
    """The last decisions on first messages, newest first, with all that was known of their candidates.

    `choices`: (n, ...) of them all. `spoken`: (n,) whether anything is known of the outcome. `answered`: (n,).
    `reaction`: (n,) place in `channels.REACTIONS` of what the customer did, or -1. `came_back`: (n,).
    `truth`: (n,) 1 or 0 where people have shown whether the first source was right, else NaN. `number`: (n,) of the decision.
    `propensity`: (n,) in (0, 1], how likely it was to be taken.
    `sources`: (n, m) of the candidates; 0 where there is none. `headless`: (n,) whether it was taken by a policy without a head.
    `renewed`: (n, m + 1, f) the features of `choices` as a new policy has them.
    """

    choices: choice.Choices
    spoken: choice.Booleans
    answered: choice.Booleans
    reaction: choice.Ints
    came_back: choice.Booleans
    truth: choice.Floats
    number: choice.Ints
    propensity: choice.Floats
    sources: choice.Ints
    headless: choice.Booleans
    renewed: choice.Floats

    def known(self) -> choice.Choices:
        return self.choices.only(self.spoken)

    def as_renewed(self) -> Recent:
        """As a new policy sees it."""
        return replace(self, choices=replace(self.choices, features=self.renewed))

    def only(self, rows: choice.Ints) -> Recent:
        return Recent(
            self.choices.only(rows),
            self.spoken[rows],
            self.answered[rows],
            self.reaction[rows],
            self.came_back[rows],
            self.truth[rows],
            self.number[rows],
            self.propensity[rows],
            self.sources[rows],
            self.headless[rows],
            self.renewed[rows],
        )


@dataclass(frozen=True)
class Judged:
    """What calibration and threshold are chosen on, as these weights would have decided.

    `scores`: (k,) of the first source. `evidence`: (k,) what the signals on it weigh. `weights`: (k,) how many decisions each stands for.
    `recent`: (m,) scores of all recent decisions, judged or not. `sources`, `recent_sources`: which source was first.
    """

    scores: calibration.Floats
    evidence: calibration.Floats
    weights: calibration.Floats
    recent: calibration.Floats
    sources: choice.Ints
    recent_sources: choice.Ints


@dataclass(frozen=True)
class Solved:
    """Episodes with positive credit, the newest first. `vectors`: (n, d). `numbers`: (n,), rising with time. `known`: how many episodes there are in all."""

    vectors: head.Matrix
    sources: head.Ints
    credits: calibration.Floats
    pages: list[str]
    numbers: head.Ints
    decisions: head.Ints
    known: int

    def __len__(self) -> int:
        return len(self.sources)


def solved() -> Solved:
    kept = list(
        Episode.objects.filter(credit__gt=0)
        .order_by("-pk")
        .values_list(RAW_VECTOR, "source_id", F("credit") * F("trust"), "page", "pk", "decision_id")[:EPISODE_LIMIT]
    )
    return Solved(
        vectors=_vectors([row[0] for row in kept]),
        sources=np.array([row[1] for row in kept], np.int64),
        credits=np.array([row[2] for row in kept], np.float64),
        pages=[row[3] for row in kept],
        numbers=np.array([row[4] for row in kept], np.int64),
        decisions=np.array([row[5] for row in kept], np.int64),
        known=Episode.objects.exclude(credit=0).count(),
    )


def asked(decisions: Sequence[int]) -> head.Matrix:
    """(n, d) the vectors of the questions of these decisions, in their order; zeros where there is none. One query."""
    found = dict(Decision.objects.filter(pk__in=decisions).exclude(vector=None).order_by().values_list("pk", RAW_VECTOR))
    nothing = bytes(VECTOR_HEADER + 4 * DIMENSIONS)
    return _vectors([found.get(pk, nothing) for pk in decisions])


def _vectors(stored: Sequence[bytes]) -> head.Matrix:
    joined = b"".join(bytes(each)[VECTOR_HEADER:] for each in stored)
    return np.frombuffer(joined, ">f4").astype(np.float32).reshape(len(stored), DIMENSIONS)


def of_customer(customer: Customer, limit: int = 50) -> tuple[frozenset[int], frozenset[int]]:
    """Sources that helped this customer before, and those that missed: of their last decisions on which a signal has come.

    Only of one who has proved who they are: an address that somebody claims must not bring its history.
    """
    if not customer.is_verified:
        return frozenset(), frozenset()
    judged = Decision.objects.filter(customer=customer, source__isnull=False, belief__isnull=False)
    rows = [(pk, belief or 0.0) for pk, belief in judged.order_by("-at").values_list("source_id", "belief")[:limit] if pk]
    return frozenset(pk for pk, belief in rows if belief > 0.5), frozenset(pk for pk, belief in rows if belief < 0.5)


def recent(at: dt.datetime, rates: channels.Rates) -> Recent:
    """Three queries. Answers younger than the window have not spoken: until it closes only the loud ones have."""
    first = Decision.objects.first_of_tickets().filter(source__isnull=False, features__has_key="none")
    columns = ("pk", "kind", "at", "belief", "source_id", "candidates", "propensity", "policy", "features__none")
    rows = [_as_served(row) for row in first.order_by("-pk").values(*columns)[:JUDGED_WINDOW]]
    said = _said([row["pk"] for row in rows])
    shown = {pk: sources[-1] for pk, each in said.items() if (sources := [one.source for one in each if one.kind in SHOWN_RIGHT])}
    closed = at - dt.timedelta(hours=SiteSettings.load().assumed_hours)
    of_first = [[each for each in said.get(row["pk"], ()) if each.source in (None, row["source_id"])] for row in rows]
    with_head = set(Policy.objects.filter(head__isnull=False).order_by().values_list("version", flat=True))
    choices = _choices(rows, shown, [_weighed(each, rates) for each in of_first])
    return Recent(
        choices=choices,
        spoken=np.array([row["pk"] in shown or _has_spoken(row, closed) for row in rows], bool),
        answered=np.array([row["kind"] == Decision.Kind.ANSWER for row in rows], bool),
        reaction=np.array([_reaction(each) for each in of_first], np.int64),
        came_back=np.array([any(one.kind == channels.CAME_BACK for one in each) for each in of_first], bool),
        truth=np.array([_truth(row, each, shown) for row, each in zip(rows, of_first, strict=True)], np.float64),
        number=np.array([row["pk"] for row in rows], np.int64),
        propensity=np.array([row["propensity"] for row in rows], np.float64),
        sources=_sources(rows),
        headless=np.array([row["policy"] not in with_head for row in rows], bool),
        renewed=choices.features,
    )


def _as_served(row: dict[str, Any]) -> dict[str, Any]:
    """Without what was on trial: it was no choice."""
    return {**row, "candidates": [each for each in row["candidates"] if not each.get("aside")]}


class Said(NamedTuple):
    kind: str
    source: int | None
    llr: float
    heard: float


def _said(decisions: list[int]) -> dict[int, list[Said]]:
    """The signals in force on each of these decisions, as they came."""
    found: dict[int, list[Said]] = {}
    signals = Signal.objects.in_force().filter(decision__in=decisions).order_by("at", "pk")
    for decision, kind, source, llr, heard in signals.values_list("decision_id", "kind", "source_id", "llr", "heard"):
        found.setdefault(decision, []).append(Said(kind, source, llr, heard))
    return found


def _weighed(said: list[Said], rates: channels.Rates) -> float:
    """What they weigh in nats, by today's rates. Whoever had no say when they said it has none now."""
    found = ((channels.channel(each.kind), each) for each in said)
    told = ((kind, each.llr if kind.graded or not each.llr else channels.weight(each.kind, rates), each.heard) for kind, each in found)
    return evidence((kind.family, llr * heard) for kind, llr, heard in told)


def _reaction(said: list[Said]) -> int:
    """Of several the loudest; of those whose word counts. Whoever is doubted says nothing of how others take an answer."""
    kinds = [(abs(each.llr), channels.LIKE.get(each.kind, each.kind)) for each in said if each.llr and each.heard > DOUBTFUL]
    found = [(loud, kind) for loud, kind in kinds if kind in channels.REACTIONS]
    return channels.REACTIONS.index(max(found)[1]) if found else -1


def _truth(row: Mapping[str, Any], said: list[Said], shown: Mapping[int, int | None]) -> float:
    kinds = {each.kind for each in said}
    if row["pk"] in shown:
        return float(shown[row["pk"]] == row["source_id"])
    return 1.0 if "audited_right" in kinds else 0.0 if kinds & {"audited_wrong", "overruled"} else np.nan


def rates(found: Recent, weights: choice.Floats, line: calibration.Line, before: channels.Rates) -> dict[str, tuple[float, float]]:
    """How right and wrong answers were taken lately, estimated anew: a row for each reaction, and one for coming back after silence."""
    logs = choice.log_probabilities(found.choices.features, weights, found.choices.present)[:, 0]
    confidence = line(raw_scores(logs))
    taken = found.answered & found.spoken & (found.reaction >= 0)
    shipped = np.array([[channels.channel(kind).right, channels.channel(kind).wrong] for kind in channels.REACTIONS]).T
    returned = np.where(found.came_back, channels.weight(channels.CAME_BACK, before), 0.0)
    reactions = noise.rates(
        confidence[taken],
        found.reaction[taken],
        returned[taken],
        found.truth[taken],
        found.choices.weights[taken],
        shipped / shipped.sum(axis=1, keepdims=True),
    )
    silent = taken & (found.reaction == channels.REACTIONS.index("assumed"))
    back = channels.channel(channels.CAME_BACK)
    returns = noise.rates(
        confidence[silent],
        np.where(found.came_back[silent], 0, 1),
        np.full(int(silent.sum()), channels.weight("assumed", before)),
        found.truth[silent],
        found.choices.weights[silent],
        np.array([[back.right, 1 - back.right], [back.wrong, 1 - back.wrong]]),
    )
    columns = [*zip(channels.REACTIONS, reactions.T.tolist(), strict=True), (channels.CAME_BACK, returns[:, 0].tolist())]
    return {kind: (round(right, 6), round(wrong, 6)) for kind, (right, wrong) in columns}


def judged(found: Recent, weights: choice.Floats) -> Judged:
    """The outcomes, as outcomes of what these weights put first. Left out where they would have put another first and nothing says whether that is right.

    Of what was handed off only a part is ever judged, so that each judged one stands for several.
    """
    data = found.choices
    logs = choice.log_probabilities(data.features, weights, data.present)[:, :-1]
    best = logs.argmax(axis=1) if len(logs) else np.zeros(0, np.int64)
    scores = raw_scores(logs.max(axis=1, initial=-np.inf))
    shown = data.target != choice.UNKNOWN
    kept = found.spoken & (shown | (best == 0))
    evidence = np.where(shown, np.where(best == data.target, SHOWN, -SHOWN), data.evidence)
    others = ~found.answered
    each_stands_for = others.sum() / max((others & kept).sum(), 1)
    counted = data.weights[kept] * np.where(found.answered[kept], 1.0, each_stands_for)
    first = found.sources[np.arange(len(best)), best]
    return Judged(scores[kept], evidence[kept], counted, scores[:RECENT_WINDOW], first[kept], first[:RECENT_WINDOW])


def raw_scores(logs: choice.Floats) -> choice.Floats:
    """(n,) what is calibrated, of (n,) log-probabilities: `ranker.raw_score` of each."""
    p = np.clip(np.exp(logs), ranker.LEAST, 1 - ranker.LEAST)
    result: choice.Floats = np.log(p / (1 - p))
    return result


def _choices(rows: list[dict[str, Any]], shown: Mapping[int, int | None], weighed: list[float]) -> choice.Choices:
    places = features.CHOSEN_FROM + 1
    found = np.zeros((len(rows), places, len(features.NAMES)))
    present = np.zeros((len(rows), places), bool)
    target = np.full(len(rows), choice.UNKNOWN, np.int64)
    told = np.zeros(len(rows))
    for number, row in enumerate(rows):
        candidates = row["candidates"][: features.CHOSEN_FROM]
        found[number, : len(candidates)] = features.matrix([each["features"] for each in candidates])
        found[number, -1] = features.matrix([row["features__none"]])[0]
        present[number, : len(candidates)] = present[number, -1] = True
        if row["pk"] in shown:
            sources = [each["source"] for each in candidates]
            target[number] = sources.index(shown[row["pk"]]) if shown[row["pk"]] in sources else places - 1
        else:
            told[number] = weighed[number]
    return choice.Choices(found, present, target, told, 0.5 ** (np.arange(len(rows)) / HALF_LIFE))


def _sources(rows: list[dict[str, Any]]) -> choice.Ints:
    found = np.zeros((len(rows), features.CHOSEN_FROM), np.int64)
    for number, row in enumerate(rows):
        ids = [each["source"] for each in row["candidates"][: features.CHOSEN_FROM]]
        found[number, : len(ids)] = ids
    return found


def _has_spoken(row: Mapping[str, Any], closed: dt.datetime) -> bool:
    return row["belief"] is not None and (row["kind"] != Decision.Kind.ANSWER or row["at"] < closed)
