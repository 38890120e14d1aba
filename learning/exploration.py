"""Trying on purpose, now and then, what would not have been done: without it nobody learns what another policy would come to. Pure functions.

Epsilon-greedy over what is plausible (Langford & Zhang, NeurIPS 2007), with the probability of what was done kept for off-policy estimates.
Never where a strict category is among the candidates, and only what is nearly as likely to help: an answer a little under the threshold, or a rival of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from learning.question import Scored

TOP = 3
RIVAL = 0.25  # the least that another source must be worth trying
UNDER = 0.15  # how far below the threshold an answer is still tried


@dataclass(frozen=True)
class Choice:
    """What is done: answer with `place` of the ranking, or, with None, as the ranking says. `propensity`: how likely that was, in (0, 1]."""

    place: int | None
    propensity: float


def plausible(scored: Sequence[Scored], threshold: float, action: str) -> list[int]:
    """Places that may be tried instead of what the ranking says; none where a strict source is among the first three."""
    top = scored[:TOP]
    if not top or any(each.candidate.is_strict for each in top) or action == "clarify":
        return []
    if action == "answer":
        return [place for place, each in enumerate(top) if place and each.p >= RIVAL]
    return [0] if top[0].p >= threshold - UNDER else []


def choose(scored: Sequence[Scored], threshold: float, action: str, share: float, draw: float) -> Choice:
    """With probability `share` in [0, 0.5] one of the plausible others, each as often as it is likely to help. `draw`: uniform in [0, 1)."""
    others = plausible(scored, threshold, action)
    if not others or share <= 0:
        return Choice(None, 1.0)
    if draw >= share:
        return Choice(None, 1.0 - share)
    total, at = sum(scored[place].p for place in others), draw / share
    for place in others:
        at -= scored[place].p / total
        if at < 0:
            break
    return Choice(place, share * scored[place].p / total)
