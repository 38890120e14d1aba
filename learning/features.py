"""What is known of a candidate, by name. Each name has its weight as shipped; the refit moves the weights, the names explain them.

All are of about unit size and zero where nothing is known, so that weight x value is what a feature adds in log-odds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from learning.choice import PRIOR_STRENGTH, Floats
from learning.question import Candidate, Question
from learning.ranker import Opinion
from learning.votes import CONTEXT, Tally

SHIPPED: Mapping[str, float] = {
    "mixture": 1.0,  # log of what search, votes and head say together, the page and misses considered
    "search": 0.0,  # log of what search alone says
    "vote": 0.0,
    "head": 0.0,
    "dense": 0.0,  # cosine of the best passage
    "text": 0.0,  # share of the question's rare words
    "own_page": 0.0,  # the page is one of the article's own
    "learned": 0.0,  # a learned resolution, not an article
    "strict": 0.0,
    "for": 0.0,  # log(1 + weight of the votes for it)
    "against": 0.0,
    "misses": 0.0,  # log of the share of similar questions that it solved, where tried
    "page": 0.0,  # log P(page | source), over everything solved
    "page_nearby": 0.5,  # the same among similar questions, beyond what holds everywhere
    "plan_nearby": 0.5,
    "lifecycle_nearby": 0.5,
    "page_misses": 1.0,  # how much oftener it solved such questions on this page than elsewhere
    "plan_misses": 1.0,
    "lifecycle_misses": 1.0,
    "helped_before": 0.0,  # this customer was helped by it before
    "missed_before": 0.0,
    "fresh": 0.0,  # changed within the last days
    "suspect": -2.0,  # what came of it lately says that it has stopped being right
    "unlike_any": 0.0,  # of "none": how far the nearest passage is
    "untried": 0.0,  # of "none": nothing similar was ever solved
    "none": 0.0,
}
# In an explanation, features that say the same thing are one.
PARTS: Mapping[str, str] = {
    "search": "passage",
    "dense": "passage",
    "text": "passage",
    "vote": "similar",
    "for": "similar",
    "against": "missed",
    "misses": "missed",
    "head": "experience",
    "own_page": "page",
    "page": "page",
    "page_nearby": "page",
    "page_misses": "page",
    "plan_nearby": "plan",
    "plan_misses": "plan",
    "lifecycle_nearby": "lifecycle",
    "lifecycle_misses": "lifecycle",
    "helped_before": "history",
    "missed_before": "history",
    "learned": "kind",
    "strict": "kind",
    "fresh": "fresh",
    "suspect": "suspect",
}
NAMES = tuple(SHIPPED)
PLACES = {name: place for place, name in enumerate(NAMES)}
CHOSEN_FROM = 8  # candidates that are weighed by name; the rest stay as the mixture orders them
NEARBY_COUNT = 10.0  # weight of votes (one question in the same words) at which the neighbourhood counts as much as what holds everywhere
LEAST = 1e-4
FRESH_DAYS = 14.0


def shipped() -> Floats:
    return np.array([SHIPPED[name] for name in NAMES])


def unsure() -> Floats:
    """(f, f) how little is known of the shipped weights: their prior."""
    result: Floats = np.eye(len(NAMES)) / PRIOR_STRENGTH
    return result


def of_candidate(question: Question, candidate: Candidate, opinion: Opinion, tally: Tally) -> dict[str, float]:
    """The features of one candidate that are not zero."""
    found = {
        "mixture": _log(opinion.mixture),
        "search": _log(opinion.search),
        "vote": _log(opinion.vote),
        "head": _log(opinion.head if opinion.head is not None else opinion.vote),
        "dense": candidate.dense,
        "text": min(candidate.text_rank, 1.0),
        "own_page": float(bool(question.page) and question.page in candidate.pages),
        "learned": float(candidate.is_learned),
        "strict": float(candidate.is_strict),
        "for": math.log1p(opinion.positive),
        "against": math.log1p(opinion.negative),
        "misses": math.log(_rate(opinion.positive, opinion.negative)),
        "page": math.log(opinion.page),
        "helped_before": float(candidate.source_id in question.helped_by),
        "missed_before": float(candidate.source_id in question.missed_by),
        "fresh": math.exp(-candidate.days_since_change / FRESH_DAYS) if candidate.days_since_change is not None else 0.0,
        "suspect": float(candidate.is_suspect),
        **_nearby(candidate.source_id, opinion, tally),
    }
    return {name: round(value, 4) for name, value in found.items() if value}


def of_none(rest: float, best_dense: float, tally: Tally) -> dict[str, float]:
    """The features of "none of these". `rest`: what the mixture leaves to sources that are no candidates."""
    return {"mixture": _log(rest), "unlike_any": 0.5 - best_dense, "untried": float(not tally.positive), "none": 1.0}


def matrix(rows: Sequence[Mapping[str, float]]) -> Floats:
    """(m, f), in the order of NAMES; names that are no longer known are left out."""
    result = np.zeros((len(rows), len(NAMES)))
    for place, row in enumerate(rows):
        for name, value in row.items():
            if name in PLACES:
                result[place, PLACES[name]] = value
    return result


def _nearby(source: int, opinion: Opinion, tally: Tally) -> dict[str, float]:
    """How a source did on similar questions from the same page, plan or lifecycle, shrunk to how it did on all similar ones."""
    found = {}
    for key in CONTEXT:
        if (here := tally.agreeing.get(key)) is None:
            continue
        share = opinion.page_share if key == "page" else _share(here.total_positive, tally.total_positive)
        seen = (here.positive.get(source, 0.0) + NEARBY_COUNT * share) / (opinion.positive + NEARBY_COUNT)
        found[f"{key}_nearby"] = math.log(max(seen, LEAST) / max(share, LEAST))
        rate = _rate(opinion.positive, opinion.negative)
        right, wrong = here.positive.get(source, 0.0), here.negative.get(source, 0.0)
        found[f"{key}_misses"] = math.log((right + NEARBY_COUNT * rate) / (right + wrong + NEARBY_COUNT) / rate)
    return found


def _share(part: float, total: float) -> float:
    return (part + NEARBY_COUNT / 2) / (total + NEARBY_COUNT)


def _rate(right: float, wrong: float) -> float:
    return (right + 0.5) / (right + wrong + 0.5)


def _log(p: float) -> float:
    return math.log(max(p, LEAST))
