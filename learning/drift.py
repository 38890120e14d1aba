"""Whether a source has stopped being right. Pure functions over arrays: no database, no clock.

Each question on which the source came first is a *trial*: it was right with the calibrated probability p, unless it has changed; then with
`CHANGED` x p only. What people did about it weighs E = log P(signals | right) / P(signals | wrong), so that the bet on a change earns

    g(E) = (q + (1 - q) exp(-E)) / (p + (1 - p) exp(-E)),    q = CHANGED x p,

a likelihood ratio, of expectation one while nothing has changed. For every trial v a bet begins that the change came just before v; its stake is
the time that has passed since the trial before, in months. The sum over all of them,

    S = sum over v of stake(v) x product over trials d >= v of g(E(d)),

is an e-detector of Shiryaev-Roberts type (Shin, Ramdas & Rinaldo, "E-detectors: a nonparametric framework for sequential change detection",
2024, arXiv 2203.03532) with stakes spread over time. S less the stakes so far is a martingale however late and in whatever order the signals
come, so that by Doob's inequality P(S ever reaches c within T months | no change) <= T / c: at c = 100, of a hundred sources at most one a month.

The guarantee holds as far as the table of channels is true and the source is at least as right as it claims. Sources are not calibrated one by one, so
that p is first lowered by `SLACK`. No trial earns more than (1 - q) / (1 - p), whatever is said of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ALARM = 100.0  # months between two false suspicions of a source, at least
CHANGED = 0.15  # of its former probability of being right
SLACK = 0.95
CLEAR = 50.0  # how much likelier "right again" must be than "still wrong"
CEILING = 0.97  # nothing is surer than this
LARGEST_STAKE = 0.5  # months: what is hardly ever asked is not suspect after a single complaint


@dataclass(frozen=True)
class Trials:
    """n questions on which the source came first, oldest first. `p`: (n,) calibrated probabilities; `months`: (n,) since the one before, >= 0."""

    p: Floats
    months: Floats


@dataclass(frozen=True)
class Said:
    """Something that came to count: which trial it is about, and the evidence on that trial from then on, in nats."""

    trial: int
    evidence: float


@dataclass(frozen=True)
class Finding:
    """`raised`: place of the word at which the source became suspect; None while it is not.

    `since`: the trial from which on it most likely was wrong. `was`: it has been suspect at some time. `evidence`: log of what the bets had
    earned, at its highest.
    """

    raised: int | None = None
    since: int = 0
    was: bool = False
    evidence: float = 0.0


def earned(p: Floats, evidence: Floats) -> Floats:
    """(n,) what a bet on a change has earned on each trial: > 1 speaks for it; 1 where nothing was said; in (CHANGED, (1 - q) / (1 - p)]."""
    right = np.clip(p, 0.0, CEILING) * SLACK
    changed = CHANGED * right
    odds = np.exp(-np.clip(evidence, -30, 30))
    result: Floats = (changed + (1 - changed) * odds) / (right + (1 - right) * odds)
    return result


def follow(trials: Trials, said: Sequence[Said], head_start: float = 0.0) -> Finding:
    """Through all that was said, in the order in which it came to count.

    Suspect from the word on at which S reaches ALARM, until what came first since then is CLEAR times likelier of a source that is right again;
    then the bets begin anew. `head_start`: an additional stake on the first trial, in months, where a change is likelier than elsewhere.
    """
    bets = np.minimum(trials.months, LARGEST_STAKE)
    bets[:1] += head_start
    told = earned(trials.p[[word.trial for word in said]], np.array([word.evidence for word in said])).tolist() if said else []
    gains, newest, found, again = [1.0] * len(bets), -1, Finding(), 0.0
    for place, (word, gain) in enumerate(zip(said, told, strict=True)):
        newest = max(newest, word.trial)
        ratio, gains[word.trial] = gain / gains[word.trial], gain
        if found.raised is None:
            bets[: word.trial + 1] *= ratio
            total = float(bets[: newest + 1].sum()) if ratio > 1 else 0.0
            if total >= ALARM:
                found, last, again = Finding(place, int(bets[: newest + 1].argmax()), True, math.log(total)), newest, 0.0
        elif word.trial > last:
            again -= math.log(ratio)
            if again >= math.log(CLEAR):
                found = Finding(None, found.since, True, found.evidence)
                bets[: newest + 1] = 0.0
    return found


def is_right_again(trials: Trials, evidence: Floats) -> bool:
    """Whether all of these trials together are CLEAR times likelier of a source that is as right as it claims than of one that is not."""
    return float(-np.log(earned(trials.p, evidence)).sum()) >= math.log(CLEAR)
