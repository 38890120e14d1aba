"""What is done with a ranking: mostly what it says. A few customers are always served by the frozen control, and now and then something is tried on purpose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from helpdesk.models import SiteSettings
from learning import chance, exploration, ranker
from learning.models.decision import CONTROL
from learning.question import Ranking, Scored

HOLDOUT, EXPLORATION = "holdout", "exploration"


def is_held_out(customer_id: int | None, share: float) -> bool:
    """Whether this customer is, and stays, served by the frozen control: the proof that learning helps is what happens to the others."""
    return customer_id is not None and chance.is_in(share, HOLDOUT, customer_id)


def serve(ranking: Ranking, *, customer_id: int | None, message_id: int, is_first: bool) -> Ranking:
    """As it is to be acted on and logged. `is_first`: of its ticket; nothing is tried on somebody who asks again."""
    site = SiteSettings.load()
    if is_held_out(customer_id, site.holdout_share):
        return by_control(ranking)
    return explored(ranking, site.exploration_share, chance.drawn(EXPLORATION, message_id)) if is_first else ranking


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
    chosen = exploration.choose(ranking.scored, ranking.threshold, ranking.action, share, draw)
    if chosen.place is None:
        return replace(ranking, propensity=chosen.propensity)
    tried = ranking.scored[chosen.place]
    return replace(
        ranking,
        scored=[tried, *(each for each in ranking.scored if each is not tried)],
        action="answer",
        propensity=chosen.propensity,
        reason="Tried on purpose: it was nearly as likely to help, and what comes of it is worth knowing.",
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
