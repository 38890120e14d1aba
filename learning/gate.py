"""Whether a refit may decide: it must not lose what worked, and must do no worse on questions that neither it nor the one in use has seen.

Worse is: solving less by more than `MARGIN` and a standard error, unless the one in use answers more than it should at the target; or
missing the target by as much, and by more than the one in use. What is too little to compare is said, and a refit is then admitted, because
it is held near the shipped weights by its priors in proportion to how little there is; it is watched from its first answer on (`watch`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from learning import calibration, choice, experience, leeway, offpolicy
from learning.experience import Recent

MARGIN = 0.01
SURELY_RIGHT = 0.9  # belief from which a past answer counts as a success that must not be lost
REGRESSION, ENOUGH = 500, 100  # the newest successes; fewer decisions than ENOUGH say nothing
TRIED = 20  # fewer matches with what was tried on purpose say nothing


@dataclass(frozen=True)
class Rules:
    """What decides between answering and handing off: the parts of a policy that are fitted to outcomes."""

    coefficients: choice.Floats
    line: calibration.Line
    threshold: float
    shifts: Mapping[int, float] = field(default_factory=dict)  # of it, by source
    is_new: bool = False  # sees the features as a new policy has them


@dataclass(frozen=True)
class Tally:
    """Of n decisions, which these rules would have answered, and how likely each answer would have been right. Both (n,)."""

    answered: choice.Booleans
    right: choice.Floats
    weights: choice.Floats

    @property
    def resolved(self) -> float:
        return float(np.average(self.answered * self.right, weights=self.weights))

    @property
    def precision(self) -> float:
        """1 where nothing is answered: nothing is wrong then."""
        return float(np.average(self.right[self.answered], weights=self.weights[self.answered])) if self.answered.any() else 1.0

    @property
    def precision_error(self) -> float:
        """Standard error of `precision`."""
        shares = self.weights[self.answered]
        return (
            math.sqrt(self.precision * (1 - self.precision) * float((shares**2).sum()) / float(shares.sum()) ** 2) if len(shares) else 0.0
        )


def difference_error(before: Tally, after: Tally) -> float:
    """Standard error of the difference in `resolved`, on the same decisions."""
    each = after.answered * after.right - before.answered * before.right
    share = before.weights / before.weights.sum()
    return math.sqrt(float(share**2 @ (each - share @ each) ** 2))


Unseen: TypeAlias = "list[tuple[Recent, Rules]]"  # questions, with rules that were fitted without them


@dataclass(frozen=True)
class Verdict:
    admitted: bool
    reasons: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)


def judge(
    found: Recent, new: choice.Booleans, target: float, incumbent: Rules, candidate: Rules, fit: Callable[[Recent], Rules]
) -> Verdict:
    """`new`: (n,) decisions that the incumbent was not fitted on. `fit`: how the candidate was fitted, to do it again without some of them."""
    halves = [np.flatnonzero(new)[start::2] for start in (0, 1)]
    checks = [_keeps_successes(found, incumbent, candidate)]
    if min(len(half) for half in halves) < ENOUGH // 2:
        checks.append(Verdict(True, [f"Only {int(new.sum())} questions are new to the one in use: too few to compare on."]))
    else:  # two-fold cross-fitting: each half of what is new is judged by rules fitted without it
        unseen = [(found.only(half), fit(found.only(np.setdiff1d(np.arange(len(found.spoken)), half)))) for half in halves]
        checks += [_does_no_worse(unseen, target, incumbent), _holds_where_tried(unseen, incumbent)]
    return Verdict(
        admitted=all(check.admitted for check in checks),
        reasons=[reason for check in sorted(checks, key=lambda check: check.admitted) for reason in check.reasons],  # what decided first
        figures={name: value for check in checks for name, value in check.figures.items()},
    )


def _keeps_successes(found: Recent, incumbent: Rules, candidate: Rules) -> Verdict:
    """Where an answer helped, its source must still come first. Whether to answer is compared below."""
    first = np.where(
        np.isnan(found.truth), calibration.posterior(incumbent.line, _scores(found, incumbent), found.choices.evidence), found.truth
    )
    meant = found.propensity >= 0.5  # what was tried on purpose came first to nobody
    places = np.flatnonzero(found.answered & found.spoken & meant & (first >= SURELY_RIGHT))[:REGRESSION]
    if len(places) < ENOUGH:
        return Verdict(True, [f"Only {len(places)} answers are known to have helped: too few to compare what would be lost."])
    kept = found.only(places)
    before, after = (float((_best(kept, rules) == 0).mean()) for rules in (incumbent, candidate))
    words = f"Of {len(places)} answers that helped it puts {after:.1%} first again; the one in use {before:.1%}."
    is_kept = after >= before - MARGIN
    return Verdict(
        is_kept,
        [words] if is_kept else ["It would lose answers that helped.", words],
        {"successes": len(places), "kept": after, "kept_before": before},
    )


def _does_no_worse(unseen: Unseen, target: float, incumbent: Rules) -> Verdict:
    """On the questions of which is known what would have come of either."""
    pairs = [_compare(half, incumbent, rules) for half, rules in unseen]
    before, after = (_joined([pair[side] for pair in pairs]) for side in (0, 1))
    if len(before.right) < ENOUGH:
        return Verdict(True, [f"Of only {len(before.right)} new questions is known what would have come of them: too few to compare on."])
    error = difference_error(before, after)
    solves_less = after.resolved - before.resolved < -MARGIN - error and before.precision >= target - MARGIN
    is_careless = after.precision < target - MARGIN - after.precision_error and after.precision < before.precision
    figures = {
        "compared": len(before.right),
        "resolved": after.resolved,
        "resolved_before": before.resolved,
        "error": error,
        "precision": after.precision,
        "precision_before": before.precision,
    }
    words = (
        f"On {len(before.right)} questions that neither had seen it solves {after.resolved:.1%}, {after.precision:.1%} of its answers being right;"
        f" the one in use {before.resolved:.1%} and {before.precision:.1%}. The difference is known to within {2 * error:.1%}."
    )
    against = ["It would solve less."] * solves_less + ["It would be wrong too often."] * is_careless
    return Verdict(not against, [*against, words], figures)


def _holds_where_tried(unseen: Unseen, incumbent: Rules) -> Verdict:
    """Off policy, over all that was logged: what was now and then tried on purpose tells what it would come to always."""
    parts = [_logged(half, rules, incumbent) for half, rules in unseen]
    outcome, propensity, matches, taken, other = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    tried = int((matches & (propensity < 0.5)).sum())
    if tried < TRIED and not matches.all():
        words = f"Of what it would do otherwise nobody has shown the outcome {int((~matches).sum())} times, and {tried} times it was tried on purpose: not enough evidence for more."
        return Verdict(True, [words], {"tried": tried})
    found = offpolicy.gain(outcome, propensity, matches, taken, other)
    words = (
        f"By all {len(outcome)} questions since, {tried} of them answered as it would on purpose, it solves {100 * found.value:+.1f} points,"
        f" and with 95 % certainty at least {100 * found.lower:+.1f}. That rests on as much as {found.effective:.0f} outcomes of its own."
    )
    figures = {"tried": tried, "gain": found.value, "gain_lower": found.lower, "effective": found.effective}
    holds = found.value >= -MARGIN - found.error
    return Verdict(holds, [words] if holds else ["What was tried on purpose speaks against it.", words], figures)


def _logged(
    found: Recent, rules: Rules, incumbent: Rules
) -> tuple[choice.Floats, choice.Floats, choice.Booleans, choice.Floats, choice.Floats]:
    """As `offpolicy.gain` takes them: outcome, propensity, matches, and what the line in use expects of the action taken and of the one these rules would take.

    Solved by the assistant counts 1. Where people have shown the right source, what these rules would have come to is known and not estimated.
    """
    known = found.only(np.flatnonzero(found.spoken | ~found.answered))
    shown = known.choices.target != choice.UNKNOWN
    places, best, answers = np.arange(len(shown)), _best(known, rules), _answered(known, rules)
    scores = experience.raw_scores(_logs(known, incumbent))
    right = np.where(np.isnan(known.truth), calibration.posterior(incumbent.line, scores[:, 0], known.choices.evidence), known.truth)
    expected = incumbent.line(scores)
    outcome: choice.Floats = np.where(known.answered, right, 0.0)
    return (
        outcome,
        np.where(shown, 1.0, known.propensity),
        shown | np.where(known.answered, answers & (best == 0), ~answers),
        np.where(shown, outcome, np.where(known.answered, expected[:, 0], 0.0)),
        np.where(answers, np.where(shown, best == known.choices.target, expected[places, best]), 0.0),
    )


def _compare(found: Recent, incumbent: Rules, candidate: Rules) -> tuple[Tally, Tally]:
    """Both on the decisions of which is known how right each one's first choice would have been."""
    shown = found.choices.target != choice.UNKNOWN
    best = [_best(found, rules) for rules in (incumbent, candidate)]
    known = found.spoken & (shown | ((best[0] == 0) & (best[1] == 0)))
    # Of what was handed off only a part is judged: each judged one stands for several. What nobody judged is believed as both lines do on average.
    stands_for = (~found.answered).sum() / max((~found.answered & known).sum(), 1)
    weights = np.where(found.answered[known], 1.0, stands_for)
    believed = np.mean(
        [calibration.posterior(rules.line, _scores(found, rules), found.choices.evidence) for rules in (incumbent, candidate)], axis=0
    )
    tallies = []
    for rules, first in zip((incumbent, candidate), best, strict=True):
        right = np.where(shown, first == found.choices.target, believed)
        tallies.append(Tally(_answered(found, rules)[known], right[known], weights))
    return tallies[0], tallies[1]


def _joined(parts: list[Tally]) -> Tally:
    return Tally(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("answered", "right", "weights")))


def _logs(found: Recent, rules: Rules) -> choice.Floats:
    seen = found.renewed if rules.is_new else found.choices.features
    return choice.log_probabilities(seen, rules.coefficients, found.choices.present)[:, :-1]


def _best(found: Recent, rules: Rules) -> choice.Ints:
    result: choice.Ints = _logs(found, rules).argmax(axis=1)
    return result


def _scores(found: Recent, rules: Rules) -> choice.Floats:
    """(n,) of each decision's first choice under these rules."""
    return experience.raw_scores(_logs(found, rules).max(axis=1, initial=-np.inf))


def _answered(found: Recent, rules: Rules) -> choice.Booleans:
    first = found.sources[np.arange(len(found.sources)), _best(found, rules)]
    result: choice.Booleans = rules.line(_scores(found, rules)) >= rules.threshold + leeway.of(first, rules.shifts)
    return result
