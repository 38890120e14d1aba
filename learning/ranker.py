"""From what is known of each candidate to a score. Pure functions; `scoring` gathers what they need.

Three opinions on P(source | question) are mixed: search alone (the day-one prior), the votes of similar questions shrunk towards it, and
the fitted head. Votes against a source and the page the question was asked on then scale the mixture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from learning.credit import logit
from learning.head import Head, Matrix
from learning.question import Candidate
from learning.votes import Tally

Numbers = TypeVar("Numbers", float, NDArray[np.float64])
NOBODY = Tally({}, {})
LEAST = 1e-4  # probability; less is as good as none


@dataclass(frozen=True)
class Weights:
    """The constants of the ranker, as shipped."""

    dense_width: float = 0.05  # cosine that makes a candidate e times likelier
    text: float = 2.5  # full-text rank of one, in the same unit
    own_page: float = 2.0
    nothing: float = 0.3  # the cosine at which "none of these" is as likely as the candidate
    prior_count: float = 0.3  # pseudo-observations that search is worth against the votes
    against: float = 0.5
    head_share: float = 0.6
    head_full_at: int = 1_000  # episodes at which the head has its full share
    head_near: float = 0.005  # weight of the votes of similar questions at which it has half of that
    page_power: float = 0.4  # the page is a hint, not a proof
    page_count: float = 4.0
    page_own_share: float = 0.6
    as_near: float = 2.0  # odds up to which an article of this page is as near by search as the one that was right on another


@dataclass(frozen=True)
class PageStatistics:
    """How often each source was right on each page: credit-weighted counts."""

    counts: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    pages: int = 1

    @cached_property
    def totals(self) -> dict[int, float]:
        return {source: sum(pages.values()) for source, pages in self.counts.items()}

    def as_json(self) -> dict[str, Any]:
        return {"pages": self.pages, "counts": {str(source): dict(pages) for source, pages in self.counts.items()}}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> PageStatistics:
        return cls({int(source): pages for source, pages in stored.get("counts", {}).items()}, stored.get("pages", 1))


@dataclass(frozen=True)
class Opinion:
    """What is known of a candidate. All in [0, 1] except `page`, a factor > 0, and the votes, >= 0."""

    source_id: int
    search: float
    vote: float
    head: float | None
    positive: float
    negative: float
    page: float
    mixture: float
    page_share: float = 1.0  # P(page | source), over everything solved


SHIPPED = Weights()


def search_prior(candidates: Sequence[Candidate], page: str, w: Weights = SHIPPED) -> list[float]:
    """P(source) by search alone: softmax of cosine, full-text rank and whether the source belongs to the page.

    Sums to less than one: "none of these" has its share too. Without it a help centre of one article would be sure of it for every question.
    """
    scores = [_near(each, w) + w.own_page * _is_own(each, page) for each in candidates]
    nothing = w.nothing / w.dense_width
    top = max([nothing, *scores])
    odds = [math.exp(score - top) for score in scores]
    total = sum(odds) + math.exp(nothing - top)
    return [each / total for each in odds]


def page_share(candidate: Candidate, page: str, statistics: PageStatistics, w: Weights = SHIPPED) -> float:
    """P(page | source) in (0, 1]: counts shrunk to the article's own pages. 1 without a page."""
    if not page:
        return 1.0
    spread = 1 / max(statistics.pages, 1)
    own = _is_own(candidate, page) / len(candidate.pages) if candidate.pages else spread
    expected = w.page_own_share * own + (1 - w.page_own_share) * spread
    seen = statistics.counts.get(candidate.source_id, {})
    return float((seen.get(page, 0.0) + w.page_count * expected) / (statistics.totals.get(candidate.source_id, 0.0) + w.page_count))


def heard_here(candidates: Sequence[Candidate], page: str, tally: Tally, w: Weights = SHIPPED) -> Tally:
    """The votes without those that another page explains.

    The same words mean something else elsewhere: where an article of this page is as near to the question by search, what solved them on its own page,
    which is another, has said nothing of here. Its votes from there fade as far as that article comes near; all others stay.
    """
    home = [each for each in candidates if _is_own(each, page)]
    if not home or not tally.elsewhere:
        return tally
    near = max(_near(each, w) for each in home)
    kept = {}
    for each in candidates:
        if each.pages and not _is_own(each, page) and (there := tally.elsewhere.get(each.source_id, 0.0)):
            explained = min(1.0, w.as_near * math.exp(near - _near(each, w))) ** 2
            kept[each.source_id] = 1 - explained * there / tally.positive[each.source_id]
    return tally.fading(kept, but_for="page") if kept else tally


def _near(candidate: Candidate, w: Weights) -> float:
    return candidate.dense / w.dense_width + w.text * min(candidate.text_rank, 1.0)


@dataclass(frozen=True)
class Ground:
    """What does not depend on votes or head: P(source) by search alone and P(page | source), of each candidate."""

    search: list[float]
    shares: list[float]


def ground(candidates: Sequence[Candidate], page: str, statistics: PageStatistics | None = None, w: Weights = SHIPPED) -> Ground:
    known = statistics or PageStatistics()
    return Ground(search_prior(candidates, page, w), [page_share(each, page, known, w) for each in candidates])


def opinions(
    candidates: Sequence[Candidate],
    base: Ground,
    tally: Tally = NOBODY,
    head: Mapping[int, float] | None = None,
    head_share: float = 0.0,
    trust: Mapping[int, float] | None = None,
    w: Weights = SHIPPED,
) -> list[Opinion]:
    """One opinion a candidate; the mixtures sum to at most one: what is missing belongs to sources that are no candidates.

    A source the head has never seen keeps its vote, and takes the head's mass for it: what was taught a minute ago must not be voted down by
    a head that is an hour old. One it has seen little of keeps a part of it: `trust` in [0, 1], by source; 1 for those left out.
    """
    search, shares, total = base.search, base.shares, tally.total_positive + w.prior_count
    votes = [
        (tally.positive.get(each.source_id, 0.0) + w.prior_count * prior) / total for each, prior in zip(candidates, search, strict=True)
    ]
    known, seen = head or {}, trust or {}
    head_share = near(head_share, tally.total_positive, w)
    own = [
        vote * (1 - seen.get(each.source_id, 1.0) if each.source_id in known else 1) for each, vote in zip(candidates, votes, strict=True)
    ]
    left = 1 - min(sum(own), 1.0)
    mixed = []
    for each, vote, kept in zip(candidates, votes, own, strict=True):
        slow = kept + left * known.get(each.source_id, 0.0)
        mixture = (1 - head_share) * vote + head_share * slow if head else vote
        positive, negative = tally.positive.get(each.source_id, 0.0), tally.negative.get(each.source_id, 0.0)
        mixed.append(mixture * (1 - negative / (negative + positive + w.against)))
    factors = [share**w.page_power for share in shares]
    scale = _scale(mixed, factors)
    return [
        Opinion(
            each.source_id,
            search[place],
            votes[place],
            known.get(each.source_id) if head else None,
            tally.positive.get(each.source_id, 0.0),
            tally.negative.get(each.source_id, 0.0),
            factors[place],
            mixed[place] * factors[place] * scale,
            shares[place],
        )
        for place, each in enumerate(candidates)
    ]


def _scale(mixed: Sequence[float], factors: Sequence[float]) -> float:
    """Normalises after the page factor; what belonged to no candidate keeps its share."""
    total = sum(mixture * factor for mixture, factor in zip(mixed, factors, strict=True))
    return min(sum(mixed), 1.0) / total if total > 0 else 1.0


def head_share(episodes: int, w: Weights = SHIPPED) -> float:
    """How much the head counts after so many episodes, in [0, `head_share`]."""
    return w.head_share * min(1.0, episodes / w.head_full_at)


def near(share: Numbers, solved: Numbers, w: Weights = SHIPPED) -> Numbers:
    """The head's share of one question. Far from all that was ever solved it only guesses. `solved`: weight of the votes for any source, >= 0."""
    return share * solved / (solved + w.head_near)


def head_probabilities(head: Head | None, vector: Matrix | None) -> dict[int, float] | None:
    return head.probabilities(vector) if head is not None and vector is not None else None


def raw_score(mixture: float) -> float:
    """The score that is calibrated: log-odds of the mixture, in about [-9.2, 9.2]."""
    return logit(min(max(mixture, LEAST), 1 - LEAST))


def _is_own(candidate: Candidate, page: str) -> float:
    return 1.0 if page and page in candidate.pages else 0.0


def as_json(w: Weights = SHIPPED) -> dict[str, float]:
    return asdict(w)
