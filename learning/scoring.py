"""The two calls of a turn: what solved such questions before, and which candidate is likely to solve this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from learning import control, episodes, policies, ranker
from learning.policies import Loaded
from learning.question import Action, Candidate, Question, Ranking, Scored
from learning.ranker import NOBODY, Opinion
from learning.votes import Tally, tally

HEAD_SUGGESTS = 5
CLARIFY_FROM = 0.9  # what the likeliest three must hold together ...
CLARIFY_FIRST, CLARIFY_SECOND = 0.4, 0.25  # ... with two real rivals at their head


@dataclass(frozen=True)
class Recall:
    """What is remembered of similar questions. `source_ids`: sources worth considering, best first."""

    source_ids: list[int] = field(default_factory=list)
    votes: Tally = NOBODY
    head: Mapping[int, float] | None = None
    policy: Loaded = policies.SHIPPED


def recall(question: Question) -> Recall:
    """Look up the most similar past questions. Two queries: which policy is in use, and the nearest episodes."""
    policy = policies.current()
    votes = tally(episodes.nearest(question))
    head = ranker.head_probabilities(policy.head, question.vector)
    voted = sorted(votes.positive, key=lambda source: -votes.positive[source])
    suggested = sorted(head, key=lambda source: -head[source])[:HEAD_SUGGESTS] if head else []
    return Recall(list(dict.fromkeys([*voted, *suggested])), votes, head, policy)


def rank(question: Question, candidates: Sequence[Candidate], recalled: Recall | None = None) -> Ranking:
    """Order the candidates by the probability that they resolve the question, and decide what to do. No queries."""
    remembered = recalled or Recall()
    policy = remembered.policy
    day_one = control.decide(candidates, question.page)
    if not candidates:
        return Ranking([], "hand_off", policy.threshold, day_one, policy.version, reason="Nothing to answer from.")
    found = _opinions(question, candidates, remembered)
    places = sorted(range(len(found)), key=lambda place: (-found[place].mixture, candidates[place].source_id))
    scored = [_scored(candidates[place], found[place], policy) for place in places]
    threshold = policy.strict_threshold if scored[0].candidate.is_strict else policy.threshold
    logodds = _contributions(question, candidates, remembered, places[0], scored[0])
    scored[0] = Scored(scored[0].candidate, scored[0].p, scored[0].raw, scored[0].features, logodds)
    return Ranking(scored, _action(scored, threshold), threshold, day_one, policy.version)


def _opinions(question: Question, candidates: Sequence[Candidate], remembered: Recall) -> list[Opinion]:
    policy = remembered.policy
    share = ranker.head_share(policy.episodes)
    return ranker.opinions(candidates, question.page, remembered.votes, remembered.head, share, policy.statistics)


def _scored(candidate: Candidate, opinion: Opinion, policy: Loaded) -> Scored:
    raw = ranker.raw_score(opinion.mixture)
    features = {
        "dense": candidate.dense,
        "text": candidate.text_rank,
        "search": opinion.search,
        "vote": opinion.vote,
        "votes_for": opinion.positive,
        "votes_against": opinion.negative,
        "page": opinion.page,
        "learned": float(candidate.is_learned),
    }
    if opinion.head is not None:
        features["head"] = opinion.head
    return Scored(candidate, policy.line.one(raw), raw, features, {})


def _contributions(question: Question, candidates: Sequence[Candidate], remembered: Recall, place: int, winner: Scored) -> dict[str, float]:
    """What each part of the evidence adds to the winner's log-odds: the score with it less the score without it."""
    policy, slope = remembered.policy, remembered.policy.line.slope
    share = ranker.head_share(policy.episodes)
    votes, supporting = remembered.votes, Tally(remembered.votes.positive, {})

    def without(page: str, tally: Tally, head: Mapping[int, float] | None) -> float:
        return ranker.raw_score(ranker.opinions(candidates, page, tally, head, share, policy.statistics)[place].mixture)

    full = winner.raw
    parts = {
        "passage": without(question.page, NOBODY, None),
        "similar": full - without(question.page, Tally({}, votes.negative), remembered.head) if votes.positive else 0.0,
        "against": full - without(question.page, supporting, remembered.head) if votes.negative else 0.0,
        "experience": full - without(question.page, votes, None) if remembered.head else 0.0,
        "page": full - without("", votes, remembered.head) if question.page else 0.0,
    }
    return {name: value * slope for name, value in parts.items()}


def _action(scored: Sequence[Scored], threshold: float) -> Action:
    """Answer when sure enough; ask back when a few candidates hold nearly all the probability; else leave it to people."""
    if scored[0].p >= threshold:
        return "answer"
    rivals = [each.p for each in scored[:3]]
    if len(rivals) > 1 and rivals[0] >= CLARIFY_FIRST and rivals[1] >= CLARIFY_SECOND and sum(rivals) >= CLARIFY_FROM:
        return "clarify"
    return "hand_off"
