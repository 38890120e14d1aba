"""What the dashboard counts, each defined once: for the rows of a day and for the list of tickets behind a figure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    Exists,
    F,
    FloatField,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Greatest, Least, Ln, Round

from helpdesk.models import Resolution, Ticket
from learning.channels import CHANNELS
from learning.credit import PRIOR_CEILING, PRIOR_FLOOR
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
TENTHS = 10  # of a nat: how finely evidence is counted
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
    """Where signals stand. `says`: what stands in their list, in a sentence; `beside`: another kind that must speak of the same decision."""

    says: str
    states: tuple[str, ...]
    beside: str = ""


STANDINGS = {
    "": Standing("A signal of this kind came in these days, and was not taken back.", (Signal.State.PENDING, Signal.State.MATURED)),
    "held": Standing(
        "A signal of this kind came in these days. It counts when its time is up, if nothing speaks against it.", (Signal.State.PENDING,)
    ),
    "reversed": Standing("A signal of this kind came in these days and was taken back: it counts for nothing.", (Signal.State.REVERSED,)),
    "instead": Standing(
        "In these days an agent solved it with this, where something else had come first.", (Signal.State.MATURED,), "overruled"
    ),
}
WEIGHED = Q(belief__isnull=False) & ~Q(tenths=0)  # signals that cancel each other out, or weigh nothing, say nothing

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
    Measure("spoken", "Answers that signals speak of", "What precision is estimated from.", Q(kind="answer") & WEIGHED),
    Measure(
        "doubted",
        "Answers that signals speak against",
        "After all signals rather wrong than right.",
        Q(kind="answer", belief__lt=0.5) & WEIGHED,
    ),
    Measure(
        "judged", "Decisions that signals speak of", "What the calibration error is estimated from.", Q(source__isnull=False) & WEIGHED
    ),
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
    """Each with how its ticket ended, and what day one would have done; `tenths` can be asked for."""
    return decisions.annotate(ending=_ending(), side=_side()).alias(tenths=_tenths())


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
        given = given.filter(decision__in=_spoken_of(standing.beside)) if standing.beside else given
        each = given.filter(decision=OuterRef("pk")).order_by().values("decision").annotate(number=Count("pk"))
        return told(Decision.objects.filter(pk__in=given.values("decision")).annotate(times=Subquery(each.values("number"))))
    asked = held_out() if name == HELD_OUT else questions()
    found = on_days(asked.filter(MEASURES[name].where), first, last)
    return found.filter(source=source) if source else found


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _spoken_of(kind: str) -> QuerySet[Any, Any]:
    return Signal.objects.in_force().filter(kind=kind).values("decision")


def whole(value: Combinable) -> Combinable:
    return Cast(Round(value), IntegerField())


def logit(p: Combinable, floor: float, ceiling: float) -> Combinable:
    held = Least(Greatest(p, Value(floor)), Value(ceiling), output_field=FloatField())
    return Ln(held, output_field=FloatField()) - Ln(Value(1.0) - held, output_field=FloatField())


def _tenths() -> Combinable:
    """What the signals on a decision weigh: `credit.belief` turned round, from what is believed of it now back to its own confidence."""
    return whole(TENTHS * (logit(F("belief"), 1e-6, 1 - 1e-6) - logit(F("confidence"), PRIOR_FLOOR, PRIOR_CEILING)))


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
