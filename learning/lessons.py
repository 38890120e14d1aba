"""What was learned in the last days, in plain words, from the ledger, learned resolutions and policies. A few bounded queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Q
from django.urls import reverse

from helpdesk.models import Event, Source, Ticket, User
from learning import abstention, calibration, measures
from learning.credit import logit
from learning.models import Audit, LearnedResolution, Policy, Signal

WEEK = dt.timedelta(days=7)
FEW = 2  # of each kind
SEEN = 3  # questions from which on a source is spoken of
SURE = 0.9  # the confidence by which a changed calibration is put into words


@dataclass(frozen=True)
class Lesson:
    """`before`, `name`, `after`: one sentence with what it is about in the middle. `url`: what it rests on."""

    icon: str
    before: str
    name: str
    after: str
    why: str
    url: str = ""
    link: str = "Evidence"


def lessons(viewer: User, at: dt.datetime) -> list[Lesson]:
    since = measures.midnight(at.astimezone(dt.UTC).date() - WEEK + dt.timedelta(days=1))
    return [
        *_taught(viewer, since, at),
        *_worked(since, at),
        *_missed(since, at),
        *_refitted(since, at),
        *_taken_back(since, at),
        *_judged(viewer, since, at),
    ]


def _taught(viewer: User, since: dt.datetime, at: dt.datetime) -> Iterator[Lesson]:
    """What people wrote and no article says. The ticket is linked for whoever may see it."""
    new = LearnedResolution.objects.filter(state=LearnedResolution.State.LIVE, live_at__range=(since, at)).select_related(
        "source", "taught_by"
    )
    new = new.filter(ticket__in=Ticket.objects.visible_to(viewer)).order_by("-pk")
    for each in new[:FEW]:
        who = f"From a reply by {each.taught_by.name}." if each.taught_by else "From an agent’s reply."
        url = reverse("inbox:ticket", args=[each.ticket_id])
        yield Lesson("graduation-cap", "I can answer", each.source.title, "now.", f"{who} No article says it.", url, "The ticket")
    if (more := new.count() - FEW) > 0:
        yield Lesson("graduation-cap", "I learned", f"{more} more answer{'s' if more > 1 else ''}", "from colleagues’ replies.", "")


def _worked(since: dt.datetime, at: dt.datetime) -> Iterator[Lesson]:
    """Sources that people showed to be right where something else had been ranked first."""
    shown = Signal.objects.in_force().filter(kind="demonstrated", at__range=(since, at), source__isnull=False)
    corrected = shown.filter(decision__signals__kind="overruled", decision__signals__state=Signal.State.MATURED)
    found = corrected.values("source").annotate(times=Count("decision", distinct=True)).filter(times__gte=FEW).order_by("-times", "source")
    rows = [(row["source"], row["times"]) for row in found[:FEW]]
    titles = _titles([source for source, _ in rows])
    for source, times in rows:
        if source in titles:
            why = f"Colleagues solved {times} questions with it that I would have answered otherwise."
            yield Lesson(
                "trending-up",
                "I now look to",
                titles[source],
                "for more questions.",
                why,
                _behind("signal-demonstrated-instead", since, at, source),
            )


def _missed(since: dt.datetime, at: dt.datetime) -> Iterator[Lesson]:
    """Sources that were served and, all signals considered, missed more often than they solved."""
    shown = measures.questions().filter(measures.MEASURES["spoken"].where, at__range=(since, at), source__isnull=False)
    found = shown.values("source").annotate(missed=Count("pk", filter=measures.MEASURES["doubted"].where), shown_in=Count("pk"))
    rows = [row for row in found.filter(missed__gte=1).order_by("-missed", "source")[:FEW] if row["missed"] * 2 >= row["shown_in"]]
    titles = _titles([row["source"] for row in rows])
    for row in rows:
        if row["source"] in titles:
            why = f"It missed {row['missed']} of the {row['shown_in']} questions it was given for; similar ones will be decided with that."
            yield Lesson(
                "circle-minus", "I am less sure of", titles[row["source"]], "now.", why, _behind("doubted", since, at, row["source"])
            )


def _refitted(since: dt.datetime, at: dt.datetime) -> Iterator[Lesson]:
    """What the newest weights do otherwise than those of a week ago."""
    new = Policy.objects.live().filter(at__range=(since, at)).only("version", "weights", "evidence").order_by("-pk").first()
    if new is None:
        return
    old = Policy.objects.live().filter(at__lt=since).only("weights").order_by("-pk").first()
    was = old.weights if old else {"threshold": abstention.CAUTIOUS, "offset": 0.0, "slope": 1.0}
    seen = f"Version {new.version}, fitted on {new.evidence.get('episodes', 0):,} outcomes."
    before, now = round(was["threshold"] * 100), round(new.weights["threshold"] * 100)
    if before != now:
        how = "sooner" if now < before else "later"
        yield Lesson(
            "gauge", f"I answer {how}:", f"from {now}% sure", f"on; it was {before}%.", seen, reverse("learning:policies"), "Policies"
        )
    said = calibration.Line(was["offset"], was["slope"])
    meant = calibration.Line(new.weights["offset"], new.weights["slope"]).one((logit(SURE) - said.offset) / said.slope)
    if abs(meant - SURE) >= 0.01:
        how = "too sure" if meant < SURE else "not sure enough"
        yield Lesson(
            "gauge", f"I was {how}:", "what I called 90%", f"I call {meant * 100:.0f}% now.", seen, reverse("learning:policies"), "Policies"
        )


def _taken_back(since: dt.datetime, at: dt.datetime) -> Iterator[Lesson]:
    """By itself or by a person; the event says why."""
    told = Event.objects.filter(recorded_at__gte=since, verb="policy.taken_back", at__range=(since, at)).order_by("-pk")
    for event in told[:FEW]:
        yield Lesson(
            "undo-2",
            "I went back from",
            event.data["version"],
            "to what was before.",
            event.data["because"],
            reverse("learning:policies"),
            "Policies",
        )


def _judged(viewer: User, since: dt.datetime, at: dt.datetime) -> Iterator[Lesson]:
    judged = Audit.objects.visible_to(viewer).filter(judged_at__range=(since, at)).exclude(verdict=Audit.Verdict.UNCLEAR)
    found = judged.aggregate(all=Count("pk"), right=Count("pk", filter=Q(verdict=Audit.Verdict.RIGHT)))
    if found["all"]:
        name = f"{found['right']} of {found['all']} conversation{'s' if found['all'] > 1 else ''} right"
        yield Lesson("clipboard-check", "You found", name, "in the audits.", "Drawn by chance, so they tell what other signals are worth.")


def _titles(sources: list[int]) -> dict[int, str]:
    return dict(Source.objects.filter(pk__in=sources, is_live=True).values_list("pk", "title"))


def _behind(name: str, since: dt.datetime, at: dt.datetime, source: int) -> str:
    return f"{behind(name, since.astimezone(dt.UTC).date(), at.astimezone(dt.UTC).date())}&source={source}"


def behind(name: str, first: dt.date, last: dt.date) -> str:
    """The address of the tickets that a figure counts."""
    assert name in measures.MEASURES or name.startswith(measures.SIGNAL), name
    return f"{reverse('learning:questions')}?what={name}&from={first.isoformat()}&to={last.isoformat()}"
