"""What the dashboard counts, each defined once: for the rows of a day and for the list of tickets behind a figure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db.models import BigIntegerField, Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from helpdesk.models import Resolution, Ticket
from learning.channels import CHANNELS
from learning.models import Decision, Signal
from learning.models.decision import CONTROL, DecisionQuerySet

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable

ENDINGS = {
    "confirmed": "The customer said that it solved it",
    "assumed": "Nobody came back until the window closed",
    "left": "Left without a word",
    "handed_over": "Handed to people",
}
SIDES = {
    "same": "Both give the same answer",
    "alone": "It answers, day one passes on",
    "apart": "Both answer, with different sources",
    "behind": "Day one answers, it passes on",
    "neither": "Both pass it on",
}
Questions: TypeAlias = "QuerySet[Any, Any]"  # decisions with `ending` and `side`
SIGNAL = "signal-"  # followed by the kind, and where it stands: signal-assumed, signal-assumed-held
HELD_OUT = "held_out"


@dataclass(frozen=True)
class Measure:
    """`says`: what stands in the list, in a sentence."""

    name: str
    title: str
    says: str
    where: Q


@dataclass(frozen=True)
class Standing:
    """Where signals stand. `says`: what stands in their list, in a sentence."""

    says: str
    states: tuple[str, ...]


STANDINGS = {
    "": Standing("A signal of this kind came in these days, and was not taken back.", (Signal.State.PENDING, Signal.State.MATURED)),
    "held": Standing(
        "A signal of this kind came in these days. It counts when its time is up, if nothing speaks against it.", (Signal.State.PENDING,)
    ),
    "reversed": Standing("A signal of this kind came in these days and was taken back: it counts for nothing.", (Signal.State.REVERSED,)),
}


_MEASURES = [
    Measure("questions", "Questions", "Everything that was asked of the assistant.", Q()),
    Measure("answered", "Answered", "It answered at once, without asking back.", Q(kind=Decision.Kind.ANSWER)),
    Measure(
        "frozen_answered",
        "Day one would have answered",
        "Whatever the assistant itself did.",
        Q(side__in=["same", "apart", "behind"]),
    ),
    Measure("resolved", "Resolved", "No person was needed, and it is taken for solved.", Q(ending__in=["confirmed", "assumed"])),
    Measure("confirmed", "Confirmed", "The customer said that it solved it.", Q(ending="confirmed")),
    Measure("assumed", "Assumed", "Answered, and nobody came back until the window closed.", Q(ending="assumed")),
    Measure("left", "Left without a word", "No person was needed, and nothing says that it was solved.", Q(ending="left")),
    Measure("deflected", "Deflected", "No person was needed, whatever became of it.", ~Q(ending="handed_over")),
    Measure("handed_over", "Handed to people", "A person took over, at once or later.", Q(ending="handed_over")),
    Measure("spoken", "Answers that signals speak of", "What precision is estimated from.", Q(kind="answer", belief__isnull=False)),
    Measure(
        "doubted", "Answers that signals speak against", "After all signals rather wrong than right.", Q(kind="answer", belief__lt=0.5)
    ),
    Measure("judged", "Decisions that signals speak of", "What the calibration error is estimated from.", Q(belief__isnull=False)),
    Measure(
        "audited", "Audited answers", "Drawn by chance and judged by an agent.", Q(kind="answer", audit__verdict__in=["right", "wrong"])
    ),
    Measure(
        HELD_OUT, "Served by day one", "Asked by one of the customers who are held out, whom the frozen day-one assistant serves.", Q()
    ),
    *(
        Measure(side, title, "What it did, beside what the frozen day-one policy would have done.", Q(side=side))
        for side, title in SIDES.items()
    ),
]
MEASURES = {each.name: each for each in _MEASURES}


def questions() -> Questions:
    """What the assistant decided on the first message of each ticket, with how the ticket ended and what day one would have done.

    Without the customers whom day one itself serves: see `held_out`.
    """
    return _asked(Decision.objects.learned())


def held_out() -> Questions:
    """The same of those whom day one serves."""
    return _asked(Decision.objects.filter(policy=CONTROL))


def _asked(decisions: DecisionQuerySet) -> Questions:
    return told(decisions.first_of_tickets().exclude(ticket__state=Ticket.State.SPAM))


def told(decisions: DecisionQuerySet) -> Questions:
    """Each with how its ticket ended, and what day one would have done."""
    return decisions.annotate(ending=_ending(), side=_side())


def signal_of(name: str) -> tuple[str, Standing]:
    """The kind of signal and where it stands. Raises KeyError for a name that nothing is counted by."""
    kind, _, standing = name.removeprefix(SIGNAL).partition("-")
    return CHANNELS[kind].kind, STANDINGS[standing]


def on_days(found: Questions, first: dt.date, last: dt.date) -> Questions:
    return found.filter(at__gte=midnight(first), at__lt=midnight(last + dt.timedelta(days=1)))


def behind(name: str, first: dt.date, last: dt.date, source: int = 0) -> Questions:
    """The decisions that a figure counts, or those of them about one source. Raises KeyError for a name that nothing is counted by."""
    if name.startswith(SIGNAL):
        kind, standing = signal_of(name)
        given = Signal.objects.filter(state__in=standing.states, kind=kind, at__gte=midnight(first))
        given = given.filter(at__lt=midnight(last + dt.timedelta(days=1)))
        given = given.filter(Q(source=source) | Q(source=None, decision__source=source)) if source else given
        return told(Decision.objects.filter(pk__in=given.values("decision")))
    asked = held_out() if name == HELD_OUT else questions()
    found = on_days(asked.filter(MEASURES[name].where), first, last)
    return found.filter(source=source) if source else found


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def control_source() -> Combinable:
    return Cast(KeyTextTransform("source", "control"), BigIntegerField())


def _ending() -> Case:
    """One of ENDINGS. Whatever a person had a hand in is handed over; a resolution that was taken back counts as none."""

    def standing(kind: str) -> Q:
        return Q(Exists(Resolution.objects.filter(ticket=OuterRef("ticket"), kind=kind, reversed_at=None)))

    return Case(
        When(Q(ticket__handler=Ticket.Handler.TEAM) | standing(Resolution.Kind.BY_AGENT), then=Value("handed_over")),
        When(standing(Resolution.Kind.CONFIRMED), then=Value("confirmed")),
        When(standing(Resolution.Kind.ASSUMED), then=Value("assumed")),
        default=Value("left"),
        output_field=CharField(),
    )


def _side() -> Case:
    """One of SIDES. A question asked back is not an answer."""
    answers, frozen_answers = Q(kind=Decision.Kind.ANSWER), Q(control__kind="answer")
    return Case(
        When(answers & frozen_answers & Q(source_id=control_source()), then=Value("same")),
        When(answers & frozen_answers, then=Value("apart")),
        When(answers, then=Value("alone")),
        When(frozen_answers, then=Value("behind")),
        default=Value("neither"),
        output_field=CharField(),
    )


def shows_control(wanted: str) -> Q:
    """`judged`: an agent has shown or judged whether what the control would have answered was right. `right`: and it was."""
    told = Signal.objects.in_force().filter(decision=OuterRef("pk"))
    its_own = Q(source_id=F("control_source"))
    demonstrated = told.filter(kind="demonstrated")
    right = Q(Exists(demonstrated.filter(source=OuterRef("control_source")))) | (its_own & Q(Exists(told.filter(kind="audited_right"))))
    if wanted == "right":
        return right
    shown = Q(Exists(told.filter(kind__in=["demonstrated", "overruled", "audited_right"])))
    return right | shown | (its_own & Q(Exists(told.filter(kind="audited_wrong"))))
