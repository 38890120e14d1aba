"""What is measured, from one row a ticket. Pure functions over arrays; every figure is prequential: decided first, learned from after."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.calibration import expected_calibration_error

Booleans = NDArray[np.bool_]
Floats = NDArray[np.float64]
WINDOW = 1_000


class Rows:
    """One column each: whether the first-ranked source was right, whether it was answered, how sure, and the same of the frozen control."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.right = np.array([row["right"] for row in rows], bool)
        self.answered = np.array([row["answered"] for row in rows], bool)
        self.confidence = np.array([row["confidence"] for row in rows], float)
        self.frozen_right = np.array([row["frozen_right"] for row in rows], bool)
        self.frozen_answered = np.array([row["frozen_answered"] for row in rows], bool)
        self.answerable = np.array([row["answerable"] for row in rows], bool)
        self.latency = np.array([row["latency"] for row in rows], float)
        self.audited = np.array([row["audited"] for row in rows], bool)
        self.hidden = np.array([row["hidden"] for row in rows], bool)
        self.hostile = np.array([row["hostile"] for row in rows], bool)

    def __len__(self) -> int:
        return len(self.right)


def share(part: Booleans) -> float | None:
    """None of nothing."""
    return round(float(part.mean()), 4) if len(part) else None


def last_third(n: int) -> slice:
    return slice(n - n // 3, n)


def windows_of(n: int) -> list[tuple[int, int]]:
    """1,000 tickets each, a tenth of the run if it is shorter; a remainder of less than half a window joins the last."""
    size = WINDOW if n >= 10 * WINDOW else max(n // 10, 1)
    starts = list(range(0, n, size))
    if len(starts) > 1 and n - starts[-1] < size / 2:
        starts.pop()
    return [(start, starts[place + 1] if place + 1 < len(starts) else n) for place, start in enumerate(starts)]


def window(rows: Rows, start: int, end: int, oracle: Booleans | None, told_from: int = 0) -> dict[str, Any]:
    """`told_from`: before this ticket the oracle has been told nothing yet."""
    part = slice(start, end)
    return {
        "from": start,
        "to": end,
        **_quality(rows, part),
        "frozen_top1": share(rows.frozen_right[part]),
        "frozen_resolved": share(rows.frozen_right[part] & rows.frozen_answered[part]),
        "oracle_top1": share(oracle[part]) if oracle is not None and start >= told_from else None,
    }


def _quality(rows: Rows, part: slice) -> dict[str, Any]:
    right, answered = rows.right[part], rows.answered[part]
    return {
        "top1": share(right),
        "answered": share(answered),
        "precision": share(right[answered]),
        "resolved": share(right & answered),
        "ece": round(expected_calibration_error(rows.confidence[part], right.astype(float)), 4),
    }


def final(rows: Rows, oracle: Booleans | None) -> dict[str, Any]:
    part = last_third(len(rows))
    quality = _quality(rows, part)
    oracle_top1 = share(oracle[part]) if oracle is not None else None
    frozen_always = share(rows.frozen_right[part])
    return {
        "top1": quality["top1"],
        "coverage": quality["answered"],
        "precision": quality["precision"],
        "resolved": quality["resolved"],
        "ece": quality["ece"],
        "share_of_supervised": round(quality["top1"] / oracle_top1, 4) if oracle_top1 else None,
        "frozen_top1": frozen_always,
        "frozen_resolved": share(rows.frozen_right[part] & rows.frozen_answered[part]),
        "lift": round(quality["resolved"] / frozen_always - 1, 4) if frozen_always else None,
        "audits": int(rows.audited.sum()),
    }


def reliability(rows: Rows, bins: int = 10) -> list[dict[str, Any]]:
    """Of the last third, in groups of equal mass by confidence: how sure it was, and how often the first-ranked source was right."""
    part = last_third(len(rows))
    confidence, right = rows.confidence[part], rows.right[part]
    groups = [group for group in np.array_split(np.argsort(confidence, kind="stable"), bins) if len(group)]
    return [
        {"confidence": round(float(confidence[group].mean()), 4), "right": round(float(right[group].mean()), 4), "n": len(group)}
        for group in groups
    ]


def hidden(rows: Rows, learned: dict[str, str]) -> dict[str, Any]:
    """Of topics without an article: how often what was learned came first, and how many learned answers there are for each topic that has any."""
    part = last_third(len(rows))
    topics = set(learned.values())
    return {
        "n": int(rows.hidden[part].sum()),
        "top1": share(rows.right[part][rows.hidden[part]]),
        "topics": len(topics),
        "learned_per_topic": round(len(learned) / len(topics), 2) if topics else None,
    }


def honest(rows: Rows) -> dict[str, Any]:
    """The questions of those who do not lie, in the last third."""
    part, others = last_third(len(rows)), ~rows.hostile
    right, answered = rows.right[part][others[part]], rows.answered[part][others[part]]
    return {"n": len(right), "top1": share(right), "coverage": share(answered), "precision": share(right[answered])}


def frozen(rows: Rows) -> dict[str, Any]:
    """The control on the same tickets, twice: at its own threshold, and always answering."""
    part = last_third(len(rows))
    right, answered = rows.frozen_right[part], rows.frozen_answered[part]
    return {
        "own_threshold": {
            "top1": share(right),
            "coverage": share(answered),
            "precision": share(right[answered]),
            "resolved": share(right & answered),
        },
        "always_answering": {"top1": share(right), "coverage": 1.0, "precision": share(right), "resolved": share(right)},
    }


def latency(rows: Rows, updates: list[float], events: list[float]) -> dict[str, Any]:
    """In ms. `updates`: of a signal; `events`: of all that is learned from one thing that happened."""
    return {
        "answer_p50": _percentile(rows.latency, 50),
        "answer_p95": _percentile(rows.latency, 95),
        "update_p50": _percentile(np.array(updates), 50),
        "update_p99": _percentile(np.array(updates), 99),
        "event_p99": _percentile(np.array(events), 99),
    }


def unanswerable(rows: Rows) -> dict[str, Any]:
    """How well the confidence tells questions with an answer from those without, last third; with a 95 % interval (Hanley & McNeil 1982)."""
    part = last_third(len(rows))
    has_answer = rows.answerable[part]
    good, bad = rows.confidence[part][has_answer], rows.confidence[part][~has_answer]
    if not len(good) or not len(bad):
        return {"auroc": None, "interval": None, "false_answer_rate": None, "n": len(bad)}
    above = (good[:, None] > bad[None, :]).mean() + 0.5 * (good[:, None] == bad[None, :]).mean()
    auroc = float(above)
    q1, q2 = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    spread = auroc * (1 - auroc) + (len(good) - 1) * (q1 - auroc**2) + (len(bad) - 1) * (q2 - auroc**2)
    error = 1.96 * math.sqrt(max(spread, 0.0) / (len(good) * len(bad)))
    return {
        "auroc": round(auroc, 4),
        "interval": [round(max(auroc - error, 0), 4), round(min(auroc + error, 1), 4)],
        "false_answer_rate": share(rows.answered[part][~has_answer]),
        "n": len(bad),
    }


def _percentile(values: Floats, at: int) -> float | None:
    return round(float(np.percentile(values, at)), 2) if len(values) else None
