"""Shares with honest intervals, for the dashboard. Pure functions over arrays; `t` windows of time at once.

Nobody knows which answers were right. What is known are signals through noisy channels, so the share of right answers is the one under
which the signals that came are likely, with the truth of each answer summed out (a mixture proportion; Dawid and Skene 1979 for known error
rates). The assistant's own confidence takes no part in it. All intervals are two-sided, 95 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Z = 1.959964
TAIL = 0.025
GRID = 2_001  # steps of the angle: fine enough for tens of thousands of answers in a window
SURE = 12.0  # nats; more is as good as the truth
GROUPS, LEAST_IN_GROUP = 10, 30


@dataclass(frozen=True)
class Share:
    """A number for each window, with its interval: `low` <= `value` <= `high`. Shape (t,) each."""

    value: Floats
    low: Floats
    high: Floats


def wilson(count: Floats, total: Floats) -> Share:
    """The share `count` / `total` of what was counted, shapes (t,), in [0, 1] (Wilson 1927). Nothing counted: anything from 0 to 1."""
    n, z2 = np.maximum(total, 1e-12), Z * Z
    share = np.where(total > 0, count / n, 0.5)
    middle = (n * share + z2 / 2) / (n + z2)
    half = Z * np.sqrt(n * share * (1 - share) + z2 / 4) / (n + z2)
    low, high = np.where(total > 0, middle - half, 0.0), np.where(total > 0, middle + half, 1.0)
    return Share(share, np.clip(np.minimum(low, share), 0, 1), np.clip(np.maximum(high, share), 0, 1))


def right_share(evidence: Floats, counts: Floats) -> tuple[Share, Floats]:
    """The share of right answers, and the likeliest one, shapes (t,), in [0, 1].

    `evidence`: (b,) what the signals on an answer weigh together, log P(signals | right) / P(signals | wrong), in nats. `counts`: (t, b) how
    many answers of each window carry each weight. The posterior of the share under Jeffreys' prior, which is flat in the angle arcsin sqrt p:
    its mean, its 2.5 % and 97.5 % points. No answers: the prior.
    """
    angle = np.linspace(0, np.pi / 2, GRID)
    p = np.sin(angle) ** 2
    ratio = np.exp(np.clip(evidence, -SURE, SURE))[:, None]
    likelihood = counts @ np.log(np.maximum(p * ratio + (1 - p), 1e-300)) if len(evidence) else np.zeros((len(counts), GRID))
    best = likelihood.argmax(axis=1)
    weights = np.exp(likelihood - likelihood[np.arange(len(counts)), best][:, None])
    below = weights.cumsum(axis=1) / weights.sum(axis=1, keepdims=True)
    mean = (weights @ p) / weights.sum(axis=1)
    low, high = p[(below >= TAIL).argmax(axis=1)], p[(below >= 1 - TAIL).argmax(axis=1)]
    return Share(mean, np.minimum(low, mean), np.maximum(high, mean)), np.where(counts.sum(axis=1) > 0, p[best], np.nan)


@dataclass(frozen=True)
class Stratum:
    """Questions of which learned and control made the same two things. Of either: how likely its answer is right; `nothing` where it gives none."""

    number: Floats
    learned: Share
    frozen: Share


def nothing(windows: int) -> Share:
    """Of a side that does not answer: surely nothing right."""
    zero = np.zeros(windows)
    return Share(zero, zero, zero)


def mean_of(strata: Sequence[tuple[Floats, Share]], total: Floats) -> Share:
    """The share of all `total` questions, shapes (t,), that was answered rightly: per stratum how many, and how likely right.

    Spread within strata from their intervals (MOVER; Zou and Donner 2008), spread of how many fell into which as of a multinomial draw.
    """
    n = np.maximum(total, 1)
    parts = [(number / n, share) for number, share in strata]
    return _interval(parts, [(weight, share.value) for weight, share in parts], n)


def lift(*differing: Stratum, total: Floats) -> Share:
    """Learned minus frozen control, paired: the share of `total` questions answered rightly by one and not by the other, shapes (t,), in [-1, 1].

    Where both did the same, the outcome is the same and adds nothing to the difference; only what is `differing` comes in. Half a question is added to what might
    have differed each way, for the spread alone, so that no interval is empty where none has yet (Agresti and Min 2005).
    """
    n = np.maximum(total, 1)
    parts: list[tuple[Floats, Share]] = []
    moments: list[tuple[Floats, Floats]] = [(0.5 / (n + 2), np.ones_like(n)), (0.5 / (n + 2), -np.ones_like(n))]
    for each in differing:
        weight = each.number / n
        parts += [(weight, each.learned), (-weight, each.frozen)]
        moments.append((weight, each.learned.value - each.frozen.value))
    return _interval(parts, moments, n)


def difference(later: Share, earlier: Share) -> Share:
    """`later` minus `earlier` of two windows that have no question in common, in [-1, 1] (Newcombe 1998)."""
    one = np.ones_like(later.value)
    return _interval([(one, later), (-one, earlier)], [], one)


def _interval(parts: Sequence[tuple[Floats, Share]], moments: Sequence[tuple[Floats, Floats]], n: Floats) -> Share:
    """Sum of weight x share. `moments`: per stratum its weight and the mean in it, whose spread between strata is that of a draw of n."""
    value = np.sum([weight * share.value for weight, share in parts], axis=0)
    down = np.sum(
        [(weight * np.where(weight > 0, share.value - share.low, share.high - share.value)) ** 2 for weight, share in parts], axis=0
    )
    up = np.sum(
        [(weight * np.where(weight > 0, share.high - share.value, share.value - share.low)) ** 2 for weight, share in parts], axis=0
    )
    mean = np.sum([weight * middle for weight, middle in moments], axis=0) if moments else 0.0
    square = np.sum([weight * middle**2 for weight, middle in moments], axis=0) if moments else 0.0
    between = np.maximum(square - mean**2, 0) / n * Z * Z
    return Share(value, np.clip(value - np.sqrt(down + between), -1, 1), np.clip(value + np.sqrt(up + between), -1, 1))


@dataclass(frozen=True)
class Group:
    """Decisions of about the same confidence. `counts`: (b,) how many carry each weight of evidence."""

    number: int
    confidence: float
    counts: Floats


def groups(numbers: Floats, confidences: Floats, counts: Floats) -> list[Group]:
    """Neighbouring bins put together until each has its part of the mass: at most GROUPS, of at least LEAST_IN_GROUP decisions each.

    `numbers`, `confidences`: (k,) decisions in each bin and the sum of their confidences, by rising confidence. `counts`: (k, b).
    """
    least = max(LEAST_IN_GROUP, int(np.ceil(numbers.sum() / GROUPS)))
    found: list[Group] = []
    start = 0
    for end in range(1, len(numbers) + 1):
        number, rest = int(numbers[start:end].sum()), int(numbers[end:].sum())
        if number and number >= least and (rest >= least or rest == 0):
            found.append(Group(number, float(confidences[start:end].sum() / number), counts[start:end].sum(axis=0)))
            start = end
    if start < len(numbers) and (number := int(numbers[start:].sum())) >= LEAST_IN_GROUP:
        found.append(Group(number, float(confidences[start:].sum() / number), counts[start:].sum(axis=0)))
    return found


def calibration_error(found: Sequence[Group], likeliest: Floats, spread: Share) -> tuple[float, float]:
    """Mean gap between confidence and the likeliest share of right ones over groups, in [0, 1] (Naeini et al. 2015); NaN without any.

    With it what a perfectly calibrated assistant would read on as little: the mean absolute error of a normal estimate, sqrt(2 / pi) of its
    standard error, taken from the intervals.
    """
    if not found:
        return float("nan"), float("nan")
    mass = np.array([group.number for group in found], np.float64)
    mass /= mass.sum()
    gaps = np.abs(np.array([group.confidence for group in found]) - likeliest)
    errors = (spread.high - spread.low) / (2 * Z)
    return float(mass @ gaps), float(mass @ errors * np.sqrt(2 / np.pi))
