"""What a rating says, for who gave it. Pure.

People differ in how they rate: some give five of five to everything, some never do (halo and leniency; Saal, Downey & Lahey 1980). What tells is
how far a verdict lies from what this person usually says, shrunk to what everybody says while little is known of them.
"""

from __future__ import annotations

from collections.abc import Sequence

USUAL = 0.75  # mean verdict of everybody, of ratings and thumbs together
PRIOR = 4.0  # verdicts that everybody's mean counts for
LOUDEST = 1.25  # times what the first verdict of a stranger weighs
LEAST = 0.05  # of a verdict; what is less says nothing


def of_rating(score: int) -> float:
    """The verdict in [0, 1] of one to five. Raises ValueError for other scores."""
    if not 1 <= score <= 5:
        raise ValueError(f"A rating is one to five, not {score}.")
    return (score - 1) / 4


def usual(past: Sequence[float]) -> float:
    """The mean of somebody's earlier verdicts, each in [0, 1], shrunk to everybody's: in (0, 1)."""
    return (PRIOR * USUAL + sum(past)) / (PRIOR + len(past))


def surprise(verdict: float, past: Sequence[float]) -> float:
    """How far a verdict is from what this person usually says, in [-LOUDEST, LOUDEST]; 0 within LEAST of it.

    Of whom nothing is known 1.0 is +1 and 0.0 is -1. Positive: better than usual. The sign says which signal it is, the size its strength.
    """
    mean = usual(past)
    if abs(verdict - mean) < LEAST:
        return 0.0
    found = (verdict - mean) / (1 - USUAL if verdict > mean else USUAL)
    return min(max(found, -LOUDEST), LOUDEST)
