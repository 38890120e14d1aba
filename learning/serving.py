"""What is done with a ranking: mostly what it says.

A few customers are always served by the frozen control, a share by a policy on trial, and now and then something is tried on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from helpdesk.models import SiteSettings
from learning import chance, exploration, ranker
from learning.models.decision import CONTROL
from learning.question import Candidate, Question, Ranking, Scored
from learning.scoring import Recall, rank

HOLDOUT, EXPLORATION = "holdout", "exploration"


def is_held_out(customer_id: int, share: float) -> bool:
    """Whether this customer is, and stays, served by the frozen control: the proof that learning helps is what happens to the others."""
    return chance.is_in(share, HOLDOUT, customer_id)


def serve(
    question: Question, candidates: Sequence[Candidate], recalled: Recall, *, customer_id: int, message_id: int, is_first: bool
) -> Ranking:
    """The ranking as it is to be acted on and logged. `is_first`: of its ticket; nothing is tried on somebody who asks again. No queries."""
    site, ranking = SiteSettings.load(), rank(question, candidates, recalled)
    if is_held_out(customer_id, site.holdout_share):
        return by_control(ranking)
    if recalled.trial is not None:
        other = rank(question, candidates, recalled.under(recalled.trial.policy, question))
        return shared_out(ranking, other, recalled.trial.share, customer_id)
    return explored(ranking, site.exploration_share, chance.drawn(EXPLORATION, message_id)) if is_first else ranking


def shared_out(ranking: Ranking, tried: Ranking, share: float, customer_id: int) -> Ranking:
    """A policy on trial serves a share of customers, always the same while it grows; what the other would have done is kept beside it."""
    if chance.is_in(share, f"trial {tried.policy}", customer_id):
        return replace(tried, propensity=share, reason="A policy on trial served this customer.", instead=instead(ranking))
    return replace(ranking, propensity=1 - share, instead=instead(tried))


def by_control(ranking: Ranking) -> Ranking:
    """Day-one weights and guards over the current articles. What has been learned would have done is kept beside it."""
    control = ranking.control
    mine = [each for each in ranking.scored if each.source_id == control.source_id]
    first = [Scored(each.candidate, control.score, ranker.raw_score(control.score), {}, {}) for each in mine]
    return replace(
        ranking,
        scored=[*first, *(each for each in ranking.scored if each not in mine)] if mine else [],
        action=control.action if mine else "hand_off",
        threshold=control.threshold,
        policy=CONTROL,
        reason="This customer is one of the few whom the frozen control serves, so that what learning changes can be measured.",
        instead=instead(ranking),
        shift=0.0,
    )


def explored(ranking: Ranking, share: float, draw: float) -> Ranking:
    """Now and then a plausible other answer, with how likely it was to be tried."""
    chosen = exploration.choose(ranking.scored, ranking.chances, share, draw)
    if chosen.place is None:
        return replace(ranking, propensity=chosen.propensity)
    tried = ranking.scored[chosen.place]
    return replace(
        ranking,
        scored=[tried, *(each for each in ranking.scored if each is not tried)],
        action="answer",
        propensity=chosen.propensity,
        reason="Tried on purpose: it may well be as likely to help, and what comes of it is worth knowing.",
        instead=instead(ranking),
    )


def instead(ranking: Ranking) -> dict[str, Any]:
    """What this ranking would have led to, as a decision keeps it."""
    first = ranking.first
    return {
        "policy": ranking.policy,
        "source": first.source_id if first else None,
        "kind": ranking.action,
        "score": round(ranking.confidence, 6),
    }
