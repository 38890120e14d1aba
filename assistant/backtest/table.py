"""The table of figures that is held up to: what is played, what is read off it, and the goal. Pure functions over the JSON of backtests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, TypeAlias

Result: TypeAlias = "dict[str, Any]"
Results: TypeAlias = "Mapping[str, Sequence[Result]]"  # by play; only the seeds that are done

PRECISE, COVERED = 0.94, 0.5  # what nineteen of twenty short runs and all of them must reach
SEEDS, MANY_SEEDS = (1, 2, 3), tuple(range(1, 21))
SHORT, SHORTER, CHANGED_AT = 4_000, 3_000, 2_000


@dataclass(frozen=True)
class Play:
    """One backtest, for each of `seeds`. `limit` None: all tickets. `both`: in the world that the priors get wrong too, as "NAME.wrong-channels"."""

    name: str
    options: tuple[str, ...] = ()
    limit: int | None = SHORT
    seeds: tuple[int, ...] = SEEDS
    both: bool = False


@dataclass(frozen=True)
class Row:
    """`goals`: by corpus, "" for any other. `value`: None while what it needs has not been played."""

    name: str
    what: str
    plays: tuple[str, ...]
    value: Callable[[Results], float | None]
    goals: Mapping[str, float] = field(default_factory=dict)
    at_least: bool = True

    def goal(self, corpus: str) -> float | None:
        return self.goals.get(corpus, self.goals.get(""))

    def holds(self, corpus: str, value: float) -> bool | None:
        """None where there is no goal for this corpus."""
        goal = self.goal(corpus)
        return None if goal is None else value >= goal if self.at_least else value <= goal


def mean(play: str, *path: str) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        found = [each for each in (_at(result, path) for result in results.get(play, ())) if each is not None]
        return fmean(found) if found else None

    return value


def share(play: str) -> Callable[[Results], float | None]:
    """Of full supervision. Counts nothing in a run that answers less than three quarters: handing everything off would win it."""

    def value(results: Results) -> float | None:
        finals = [result["final"] for result in results.get(play, ())]
        shares = [each["share_of_supervised"] if each["coverage"] >= 0.75 else 0.0 for each in finals if each["share_of_supervised"]]
        return fmean(shares) if shares else None

    return value


def loss(play: str, *path: str) -> Callable[[Results], float | None]:
    """Points of top1 lost against the same runs without it."""

    def value(results: Results) -> float | None:
        usual, found = mean("short", "final", "top1")(results), mean(play, *path)(results)
        return None if usual is None or found is None else 100 * (usual - found)

    return value


def coverage_at(target: float, play: str) -> Callable[[Results], float | None]:
    """Mean coverage of the runs whose answers were right as often as `target`; a run that missed it covers nothing."""

    def value(results: Results) -> float | None:
        finals = [result["final"] for result in results.get(play, ())]
        return fmean(each["coverage"] if (each["precision"] or 0) >= target else 0.0 for each in finals) if finals else None

    return value


def apart(results: Results) -> float | None:
    """Points of top1 between the worlds."""
    here, there = (mean(play, "final", "top1")(results) for play in ("default", "default.wrong-channels"))
    return None if here is None or there is None else 100 * abs(here - there)


def times_control(results: Results) -> float | None:
    """Resolved, as a multiple of the control at its own threshold."""
    ours, control = (mean("default", "final", each)(results) for each in ("resolved", "frozen_resolved"))
    return ours / control if ours is not None and control else None


def precise(results: Results) -> float | None:
    """Of the many short runs, how many are precise enough."""
    found = [result["final"]["precision"] or 0.0 for result in results.get("many", ())]
    return float(sum(each >= PRECISE for each in found)) if found else None


def least_coverage(results: Results) -> float | None:
    found = [result["final"]["coverage"] for result in results.get("many", ())]
    return min(found) if found else None


def _at(result: Result, path: Sequence[str]) -> float | None:
    found: Any = result
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return float(found) if found is not None else None


PLAYS = (
    Play("default", limit=None, both=True),
    Play("short"),
    Play("no-context", ("--no-context",)),
    Play("no-demonstrations", ("--no-demonstrations", "--always-answer")),
    Play("flip", ("--flip", "0.2")),
    Play("hostile", ("--hostile", "0.2")),
    Play("hide", ("--hide", "0.2")),
    Play("change", ("--change-at", str(CHANGED_AT))),
    Play("many", limit=SHORTER, seeds=MANY_SEEDS),
)

ROWS = (
    Row(
        "share",
        "Share of full supervision, at coverage .75 or more",
        ("default",),
        share("default"),
        {"banking77": 0.99, "clinc150": 0.985},
    ),
    Row("share-no-context", "the same with --no-context", ("no-context",), share("no-context"), {"banking77": 0.98, "clinc150": 0.985}),
    Row(
        "share-no-demonstrations",
        "the same with --no-demonstrations --always-answer",
        ("no-demonstrations",),
        share("no-demonstrations"),
        {"": 0.88},
    ),
    Row(
        "flip",
        "Points lost with a fifth of the signals at random",
        ("short", "flip"),
        loss("flip", "final", "top1"),
        {"": 0.5},
        at_least=False,
    ),
    Row(
        "hostile",
        "Points lost by the honest with a fifth of the accounts lying",
        ("short", "hostile"),
        loss("hostile", "hostile", "top1"),
        {"": 2.0},
        at_least=False,
    ),
    Row("served", "Planted texts served", ("hostile",), mean("hostile", "hostile", "served"), {"": 0.0}, at_least=False),
    Row(
        "coverage",
        "Coverage where .95 of the answers were right",
        ("default",),
        coverage_at(0.95, "default"),
        {"banking77": 0.85, "clinc150": 0.80},
    ),
    Row("precise", f"Of twenty short runs, precise to {PRECISE}", ("many",), precise, {"": 19.0}),
    Row("least-coverage", "the least coverage of them", ("many",), least_coverage, {"": COVERED}),
    Row("worlds", "Points between the worlds", ("default",), apart, {"": 2.0}, at_least=False),
    Row(
        "wrong-precision",
        "Precision in the world the priors get wrong",
        ("default",),
        mean("default.wrong-channels", "final", "precision"),
        {"": PRECISE},
    ),
    Row("hidden", "Top1 on topics without an article", ("hide",), mean("hide", "hidden", "top1"), {"": 0.80}),
    Row("learned", "learned answers for each of them", ("hide",), mean("hide", "hidden", "learned_per_topic"), {"": 1.3}, at_least=False),
    Row("ece", "Calibration error", ("default",), mean("default", "final", "ece"), {"": 0.03}, at_least=False),
    Row("ece-after", "the same after a change", ("change",), mean("change", "staleness", "ece_after"), {"": 0.04}, at_least=False),
    Row("auroc", "Unanswerable questions, AUROC", ("default",), mean("default", "unanswerable", "auroc"), {"clinc150": 0.975}),
    Row(
        "stale",
        "Wrong answers before a changed source is suspect, median",
        ("change",),
        mean("change", "staleness", "wrong_median"),
        {"": 8.0},
        at_least=False,
    ),
    Row(
        "suspected",
        "False suspicions, of sources a month",
        ("change",),
        mean("change", "staleness", "false_a_source_month"),
        {"": 0.01},
        at_least=False,
    ),
    Row("lift", "Resolved beyond the control that always answers", ("default",), mean("default", "final", "lift"), {"banking77": 0.20}),
    Row("times", "Resolved, times the control at its threshold", ("default",), times_control, {"banking77": 4.0}),
    Row("update", "Update, ms, p99", ("default",), mean("default", "latency_ms", "update_p99"), {"": 10.0}, at_least=False),
)
