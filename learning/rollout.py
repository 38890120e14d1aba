"""From the gate to all customers, for a policy of another kind: in the shadow first, then for few, then for more, and back at the first sign of harm.

Every look is at tests that may be looked at always (`betting`), so neither looking often nor stopping early makes them err more than they say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from django.db.models import Q

from helpdesk.models import SiteSettings
from learning import betting, channels
from learning.betting import Floats
from learning.experience import SHOWN_RIGHT
from learning.models import Decision, Policy, Signal
from learning.models.decision import DecisionQuerySet
from learning.watch import COMPLAINTS

ALPHA = 0.02  # of turning away what is no worse, and as much of letting all have what is worse by MARGIN
HARM, MARGIN = 0.01, 0.05  # how much less it may solve before that is harm; how much less must be ruled out before all have it
SHADOWED = 100  # questions in the shadow
FIRST_SHARE, SECOND_SHARE = 0.05, 0.25
FIRST_QUESTIONS = 20
LATEST = 400  # questions of its customers after which the second share ends, if no harm was seen
READ = 20_000


@dataclass(frozen=True)
class Trial:
    """`asked`: questions since it began. `differing`: the decisions where it does otherwise. `compared`: those that stand behind the pairs.
    `tried`, `usual`: (m,) in [0, 1], pairs of what came of a question under it and under the one in use."""

    asked: int = 0
    differing: Sequence[int] = ()
    compared: Sequence[int] = ()
    tried: Floats = field(default_factory=lambda: np.zeros(0))
    usual: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def harm(self) -> float:
        """Money won by betting that it solves less."""
        return float(betting.difference(self.tried, self.usual, HARM).max(initial=1.0))

    @property
    def proof(self) -> float:
        """Money won by betting that it does not solve less by `MARGIN`."""
        return float(betting.difference(self.usual, self.tried, -MARGIN).max(initial=1.0))

    def in_words(self) -> str:
        solved, usual = (round(float(each.sum())) for each in (self.tried, self.usual))
        return f"of {len(self.tried)} questions it solved {solved}, the one in use {usual} of as many"


def step(at: dt.datetime) -> Policy | None:
    """One step on, or the end of the trial, if there is a reason to. The policy on trial, None without one."""
    policy = Policy.objects.on_trial()
    if policy is None:
        return None
    found = look(policy, at)
    if found.harm >= 1 / ALPHA:
        policy.turn_away(because=f"Turned away by itself: {found.in_words()}.", at=at)
    elif policy.state == Policy.State.SHADOW:
        if found.asked >= SHADOWED:
            told = (
                f"In the shadow of {found.asked} questions it would have done otherwise {len(found.differing)} times; {found.in_words()}."
            )
            policy.widen(FIRST_SHARE, because=f"{told} It serves {FIRST_SHARE:.0%} of customers.", at=at)
    elif policy.share < SECOND_SHARE:
        if len(found.tried) >= FIRST_QUESTIONS:
            policy.widen(SECOND_SHARE, because=f"No harm seen: {found.in_words()}. It serves {SECOND_SHARE:.0%} of customers.", at=at)
    elif found.proof >= 1 / ALPHA:
        policy.widen(1.0, because=f"It is no worse by {MARGIN:.0%} ({ALPHA:.0%} to err): {found.in_words()}. It serves everybody.", at=at)
    elif len(found.tried) >= LATEST:
        policy.widen(
            1.0,
            because=f"No harm seen, though that it is no worse by {MARGIN:.0%} is not proven: {found.in_words()}. It serves everybody.",
            at=at,
        )
    return policy


def look(policy: Policy, at: dt.datetime) -> Trial:
    """At all first questions since it began. Two queries."""
    columns = ("pk", "kind", "source_id", "policy", "instead", "belief", "at")
    rows = [_Row(*row) for row in asked(policy).order_by("pk").values_list(*columns)[:READ]]
    told = _told([row.pk for row in rows])
    mine = [row for row in rows if row.policy == policy.version]
    differing = [row.pk for row in rows if (row.kind, row.source_id) != (row.instead["kind"], row.instead["source"])]
    if policy.state == Policy.State.SHADOW:
        pairs = {row.pk: pair for row in rows if (pair := _both(row, told[row.pk])) is not None}
        usual, tried = (np.array([pair[side] for pair in pairs.values()], np.float64) for side in (0, 1))
        return Trial(len(rows), differing, list(pairs), tried, usual)
    closed = at - dt.timedelta(hours=SiteSettings.load().assumed_hours)
    arms = [[row for row in arm if row.at < closed] for arm in (mine, [row for row in rows if row not in mine])]
    together = min(len(arm) for arm in arms)
    tried, usual = (np.array([_solved(row, told[row.pk]) for row in arm[:together]], np.float64) for arm in arms)
    return Trial(len(rows), differing, [row.pk for arm in arms for row in arm[:together]], tried, usual)


def asked(policy: Policy) -> DecisionQuerySet:
    """First questions that it decided, or would have, since its trial began."""
    return Decision.objects.first_of_tickets().filter(Q(policy=policy.version) | Q(instead__policy=policy.version), at__gte=policy.at)


@dataclass(frozen=True)
class _Row:
    pk: int
    kind: str
    source_id: int | None
    policy: str
    instead: dict[str, object]
    belief: float | None
    at: dt.datetime


@dataclass
class _Told:
    complained: bool = False
    right: int | None = None  # the source that people have shown to be right
    shown: bool = False


def _told(decisions: Sequence[int]) -> dict[int, _Told]:
    found = {pk: _Told() for pk in decisions}
    wanted = [*COMPLAINTS, *channels.LIKE, *SHOWN_RIGHT]
    for pk, kind, source in (
        Signal.objects.in_force().filter(decision__in=decisions, kind__in=wanted).values_list("decision_id", "kind", "source_id")
    ):
        if kind in SHOWN_RIGHT:
            found[pk].shown, found[pk].right = True, source
        else:
            found[pk].complained = True
    return found


def _solved(row: _Row, told: _Told) -> float:
    """Answered, and nobody complained: what no policy can talk itself into."""
    return float(row.kind == Decision.Kind.ANSWER and not told.complained)


def _both(row: _Row, told: _Told) -> tuple[float, float] | None:
    """What was done and what would have been done, on one question. None while nobody knows."""
    other = row.instead
    if told.shown:
        return float(row.kind == "answer" and row.source_id == told.right), float(
            other["kind"] == "answer" and other["source"] == told.right
        )
    if (row.kind, row.source_id) == (other["kind"], other["source"]):
        return (_solved(row, told),) * 2
    if row.belief is None or other["kind"] == "answer":
        return None
    return row.belief if row.kind == "answer" else 0.0, 0.0
