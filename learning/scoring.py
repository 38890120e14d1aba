"""The two calls of a turn: what solved such questions before, and which candidate is likely to solve this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from learning import choice, control, episodes, exploration, features, policies, ranker
from learning.credit import logit
from learning.policies import Loaded, OnTrial
from learning.question import Action, Candidate, Question, Ranking, Scored
from learning.ranker import NOBODY, Ground, Opinion
from learning.votes import Neighbours, Similar, Tally, similar, tally

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
    neighbours: Neighbours | None = None
    trial: OnTrial | None = None

    @property
    def trust(self) -> Mapping[int, float]:
        """How far the head is to be believed of each source."""
        return self.policy.head.trust if self.policy.head else {}

    def under(self, policy: Loaded, question: Question) -> Recall:
        """The same, with what another policy makes of it."""
        return replace(self, policy=policy, head=ranker.head_probabilities(policy.head, question.vector))


def recall(question: Question, but_for: int | None = None) -> Recall:
    """Look up the most similar past questions, but for those of one ticket. Two queries, which policy is in use and the nearest episodes; while
    that was fitted on few, a third one counts them."""
    policy, trial = policies.in_force()
    neighbours = episodes.nearest(question, but_for=but_for, by_index=episodes.are_many(policy.episodes))
    votes = tally(neighbours)
    head = ranker.head_probabilities(policy.head, question.vector)
    voted = sorted(votes.positive, key=lambda source: -votes.positive[source])
    suggested = sorted(head, key=lambda source: -head[source])[:HEAD_SUGGESTS] if head else []
    return Recall(list(dict.fromkeys([*voted, *suggested])), votes, head, policy, neighbours, trial)


def rank(question: Question, candidates: Sequence[Candidate], recalled: Recall | None = None) -> Ranking:
    """Order the candidates by the probability that they resolve the question, and decide what to do. No queries.

    Those on trial change nothing of it: they are ranked beside it, as if they were like the others.
    """
    served = [each for each in candidates if not each.is_aside]
    ranking = _rank(question, served, recalled or Recall())
    if len(served) == len(candidates):
        return ranking
    tried = _rank(question, candidates, recalled or Recall())
    return replace(ranking, aside=[each for each in tried.scored if each.candidate.is_aside])


def _rank(question: Question, candidates: Sequence[Candidate], remembered: Recall) -> Ranking:
    policy = remembered.policy
    day_one = control.decide(candidates, question.page)
    if not candidates:
        return Ranking([], "hand_off", policy.threshold, day_one, policy.version, reason="Nothing to answer from.")
    remembered = replace(remembered, votes=ranker.heard_here(candidates, question.page, remembered.votes))
    base, share = ranker.ground(candidates, question.page, policy.statistics), ranker.head_share(policy.episodes)
    found = ranker.opinions(candidates, base, remembered.votes, remembered.head, share, remembered.trust)
    places = sorted(range(len(found)), key=lambda place: (-found[place].mixture, candidates[place].source_id))
    weighed, others = places[: features.CHOSEN_FROM], places[features.CHOSEN_FROM :]
    chosen = _choose(question, [candidates[place] for place in weighed], [found[place] for place in weighed], remembered)
    order = chosen.order
    scored = [chosen.scored[place] for place in order]
    scored += [_scored(candidates[place], found[place].mixture, {}, policy) for place in others]
    strict = scored[0].candidate.is_strict
    threshold = policy.needed(scored[0].source_id, strict=strict)
    shift = threshold - (policy.strict_threshold if strict else policy.threshold)
    action = what_to_do(scored, threshold, policy.strict_threshold)
    winner = candidates.index(scored[0].candidate)
    of_mixture, beyond = _contributions(question, candidates, base, remembered, winner, found[winner]), chosen.beyond(order[0])
    logodds = {name: of_mixture.get(name, 0.0) + beyond.get(name, 0.0) for name in of_mixture.keys() | beyond.keys()}
    scored[0] = replace(scored[0], logodds={name: value * policy.line.slope for name, value in sorted(logodds.items())})
    told = similar(remembered.neighbours, scored[0].source_id) if remembered.neighbours else Similar()
    return Ranking(
        scored,
        action,
        threshold,
        day_one,
        policy.version,
        none=chosen.none,
        similar=told,
        shift=shift,
        chances=chosen.chances(action, threshold, policy),
    )


@dataclass(frozen=True)
class Chosen:
    """The likeliest candidates, weighed by name against each other and against none of them."""

    scored: list[Scored]
    none: dict[str, float]
    rows: choice.Floats  # (m + 1, f), none last
    odds: choice.Floats  # (m + 1,)
    weights: choice.Floats

    @property
    def order(self) -> list[int]:
        """Their places, the likeliest first."""
        return sorted(range(len(self.scored)), key=lambda place: (-self.scored[place].raw, self.scored[place].source_id))

    def ahead(self, place: int) -> choice.Floats:
        """(f,) what sets it apart: its values less those of the rest, by their odds. How its log-odds grow with each weight."""
        rest = np.delete(self.odds, place)
        result: choice.Floats = self.rows[place] - rest @ np.delete(self.rows, place, axis=0) / max(float(rest.sum()), 1e-12)
        return result

    def chances(self, action: Action, threshold: float, policy: Loaded) -> list[float]:
        """Of the likeliest three, how often weights drawn from what is known of them would answer with each instead of what is done."""
        first, *others = self.order[: exploration.TOP]
        if action == "answer":
            return [0.0] + [
                exploration.chance(
                    float(np.log(self.odds[first] / max(self.odds[place], ranker.LEAST))),
                    self.rows[place] - self.rows[first],
                    policy.covariance,
                )
                for place in others
            ]
        if action == "hand_off":
            needed = (logit(threshold) - policy.line.offset) / policy.line.slope
            return [exploration.chance(needed - self.scored[first].raw, self.ahead(first), policy.covariance)]
        return []

    def beyond(self, place: int) -> dict[str, float]:
        """What the named features add to the log-odds of one beyond the mixture."""
        added = self.weights * self.ahead(place)
        parts: dict[str, float] = {}
        for name, column in features.PLACES.items():
            if name != "mixture":
                part = features.PARTS.get(name, "else")
                parts[part] = parts.get(part, 0.0) + float(added[column])
        return parts


def _choose(question: Question, candidates: Sequence[Candidate], found: Sequence[Opinion], remembered: Recall) -> Chosen:
    policy, votes = remembered.policy, remembered.votes
    named = [features.of_candidate(question, each, opinion, votes) for each, opinion in zip(candidates, found, strict=True)]
    rest = 1 - sum(opinion.mixture for opinion in found)
    none = features.of_none(rest, max(each.dense for each in candidates), votes)
    rows = features.matrix([*named, none])
    odds = np.exp(choice.log_probabilities(rows, policy.coefficients))
    scored = [_scored(each, float(p), values, policy) for each, p, values in zip(candidates, odds[:-1], named, strict=True)]
    return Chosen(scored, none, rows, odds, policy.coefficients)


def _scored(candidate: Candidate, p: float, named: dict[str, float], policy: Loaded) -> Scored:
    raw = ranker.raw_score(p)
    return Scored(candidate, policy.line.one(raw), raw, named, {})


def _contributions(
    question: Question, candidates: Sequence[Candidate], base: Ground, remembered: Recall, place: int, winner: Opinion
) -> dict[str, float]:
    """What each part of the mixture adds to the winner's log-odds: the mixture with it less the mixture without it."""
    policy = remembered.policy
    share = ranker.head_share(policy.episodes)
    votes, supporting = remembered.votes, Tally(remembered.votes.positive, {})

    def without(ground: Ground, tally: Tally, head: Mapping[int, float] | None) -> float:
        return ranker.raw_score(ranker.opinions(candidates, ground, tally, head, share, remembered.trust)[place].mixture)

    full = ranker.raw_score(winner.mixture)
    parts = {
        "passage": without(base, NOBODY, None),
        "similar": full - without(base, Tally({}, votes.negative), remembered.head) if votes.positive else 0.0,
        "missed": full - without(base, supporting, remembered.head) if votes.negative else 0.0,
        "experience": full - without(base, votes, None) if remembered.head else 0.0,
        "page": full - without(ranker.ground(candidates, ""), votes, remembered.head) if question.page else 0.0,
    }
    weight = float(policy.coefficients[features.PLACES["mixture"]])
    return {name: value * weight for name, value in parts.items()}


def what_to_do(scored: Sequence[Scored], threshold: float, strict_threshold: float) -> Action:
    """Answer when sure enough; ask back when a few candidates hold nearly all the probability; else leave it to people.

    Where one of them is strict, they must hold together what a strict answer needs alone: one of them is served when it is picked.
    """
    if scored[0].p >= threshold:
        return "answer"
    rivals = scored[:3]
    needed = max(CLARIFY_FROM, strict_threshold) if any(each.candidate.is_strict for each in rivals) else CLARIFY_FROM
    if len(rivals) > 1 and rivals[0].p >= CLARIFY_FIRST and rivals[1].p >= CLARIFY_SECOND and sum(each.p for each in rivals) >= needed:
        return "clarify"
    return "hand_off"
