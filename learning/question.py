"""What the assistant hands to learning, and what it gets back. Plain values: no queries here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from helpdesk.models import Source
from helpdesk.search.retrieve import Hit
from learning.votes import Similar

Vector = NDArray[np.float32]
Action = Literal["answer", "clarify", "hand_off"]
ASIDE = 3  # of those on trial, how many a decision keeps


@dataclass(frozen=True)
class Question:
    """One question in its context. `vector` is the unit vector of `text`, or None while the embedder is away."""

    text: str
    vector: Vector | None
    at: dt.datetime
    page: str = ""
    segment: Mapping[str, str] = field(default_factory=dict)
    customer_id: int | None = None
    is_verified: bool = True
    helped_by: frozenset[int] = frozenset()  # sources that solved something for this customer before
    missed_by: frozenset[int] = frozenset()

    @property
    def context(self) -> dict[str, str]:
        """Where it was asked and by whom, as far as that is known: page, plan, lifecycle."""
        known = {"page": self.page, "plan": self.segment.get("plan", ""), "lifecycle": self.segment.get("lifecycle", "")}
        return {key: value for key, value in known.items() if value}


@dataclass(frozen=True)
class Candidate:
    """A live source that this customer may read, with what search thinks of it.

    `dense`: cosine of its best chunk with the question, in [-1, 1]. `text_rank`: full-text rank of its best chunk, 0 when no word matches.
    """

    source_id: int
    dense: float
    text_rank: float = 0.0
    chunk_id: int | None = None
    pages: Sequence[str] = ()
    is_strict: bool = False
    is_learned: bool = False
    title: str = ""
    days_since_change: float | None = None
    is_suspect: bool = False
    is_on_trial: bool = False  # a learned answer that has to prove itself
    is_aside: bool = False  # on trial, and not served here: what would come of it is logged, and nobody is served it

    @classmethod
    def of(cls, hit: Hit, at: dt.datetime, *, is_aside: bool = False) -> Candidate:
        """What search has found, seen from `at`."""
        return cls(
            source_id=hit.source_id,
            dense=hit.dense,
            text_rank=hit.rank,
            chunk_id=hit.chunk_id,
            pages=hit.pages,
            is_strict=hit.is_strict,
            is_learned=hit.kind == Source.Kind.RESOLUTION,
            title=hit.title,
            days_since_change=max((at - hit.updated_at).total_seconds() / 86_400, 0.0),
            is_suspect=hit.is_suspect,
            is_on_trial=hit.trial != "",
            is_aside=is_aside,
        )


@dataclass(frozen=True)
class Scored:
    """A candidate with its score. `p`: calibrated probability that it resolves the question. `logodds`: what each factor contributed."""

    candidate: Candidate
    p: float
    raw: float
    features: dict[str, float]
    logodds: dict[str, float]

    @property
    def source_id(self) -> int:
        return self.candidate.source_id


@dataclass(frozen=True)
class Control:
    """What the frozen day-one policy would have done over the same articles."""

    source_id: int | None
    score: float
    action: Action
    threshold: float


@dataclass(frozen=True)
class Ranking:
    """Candidates, best first, and what to do. `options`: the choices of a clarifying question, best first."""

    scored: list[Scored]
    action: Action
    threshold: float
    control: Control
    policy: str
    propensity: float = 1.0
    reason: str = ""
    none: dict[str, float] = field(default_factory=dict)  # features of "none of these"
    similar: Similar = field(default_factory=Similar)  # what similar questions had come to with the first
    shift: float = 0.0  # of the threshold, for this source: what hand-offs have taught
    chances: Sequence[float] = ()  # of the first ones: how often a draw of the weights would answer with each instead
    aside: Sequence[Scored] = ()  # what is on trial, as it would have been ranked
    instead: Mapping[str, Any] = field(default_factory=dict)  # what would have been done otherwise, where it was not

    @property
    def first(self) -> Scored | None:
        return self.scored[0] if self.scored else None

    @property
    def confidence(self) -> float:
        return self.scored[0].p if self.scored else 0.0

    @property
    def options(self) -> list[Scored]:
        return self.scored[:3] if self.action == "clarify" else []

    def as_json(self, limit: int = 8) -> list[dict[str, Any]]:
        """The candidates as a Decision keeps them, and after them those that are on trial."""
        kept = [
            {
                "source": each.source_id,
                "chunk": each.candidate.chunk_id,
                "score": round(each.p, 6),
                "features": each.features,
                **({"trial": True} if each.candidate.is_on_trial else {}),
            }
            for each in self.scored[:limit]
        ]
        return kept + [{"source": each.source_id, "score": round(each.p, 6), "aside": True} for each in self.aside[:ASIDE]]
