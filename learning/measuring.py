"""The rows of each day, worked out from decisions, outcomes and the ledger. The same however often it is done."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.db import transaction
from django.db.models import Count, DateField, F, Q, Sum
from django.db.models.functions import TruncDate

from learning import measures
from learning.measures import ENDINGS, SIDES, Questions
from learning.models import Audit, Decision, Metric, Signal

ANEW = 35  # days whose rows are worked out again each time: what comes later than that is rare
AT_ONCE = 31  # days in one transaction
Rows = dict[tuple[dt.date, str], Metric]


def measure(at: dt.datetime, *, since: dt.date | None = None) -> int:
    """Work out every day from `since` to today, or the last ones and whatever has never been. How many days."""
    today = at.astimezone(dt.UTC).date()
    first, days = since or _due_from(today), 0
    while first is not None and first <= today:
        last = min(first + dt.timedelta(days=AT_ONCE - 1), today)
        _replace(first, last)
        days += (last - first).days + 1
        first = last + dt.timedelta(days=1)
    return days


def _due_from(today: dt.date) -> dt.date | None:
    """None before the first decision."""
    known = Metric.objects.order_by("-day").values_list("day", flat=True).first()
    return min(known, today - dt.timedelta(days=ANEW - 1)) if known else first_day()


def first_day() -> dt.date | None:
    asked = Decision.objects.order_by("at").values_list("at", flat=True).first()
    return asked.astimezone(dt.UTC).date() if asked else None


@transaction.atomic
def _replace(first: dt.date, last: dt.date) -> None:
    rows: Rows = {}
    asked = measures.on_days(measures.questions(), first, last).annotate(day=_day("at"))
    held_out = measures.on_days(measures.held_out(), first, last).annotate(day=_day("at"))
    of_days = (_counts(asked), _right(asked), _frozen_right(asked), _calibration(asked), _signals(first, last), _audited(first, last))
    for row in chain(*of_days, _held_out(held_out)):
        rows[row.day, row.name] = row
    in_order = [rows[key] for key in sorted(rows)]  # two workers at once wait for each other instead of blocking each other
    fields = ["count", "total", "data"]
    Metric.objects.bulk_create(in_order, update_conflicts=True, unique_fields=["day", "name"], update_fields=fields)
    gone = [pk for pk, day, name in Metric.objects.between(first, last).values_list("pk", "day", "name") if (day, name) not in rows]
    Metric.objects.filter(pk__in=gone).delete()


def _counts(asked: Questions) -> Iterator[Metric]:
    """How questions ended, and who answered them: the assistant, and the frozen control."""
    found: dict[dt.date, Counter[str]] = defaultdict(Counter)
    for row in asked.values("day", "ending", "side").annotate(number=Count("pk")).order_by():
        names = ["questions", row["ending"], row["side"]]
        names += ["answered"] if row["side"] in {"same", "apart", "alone"} else []
        names += ["frozen_answered"] if row["side"] in {"same", "apart", "behind"} else []
        for name in names:
            found[row["day"]][name] += row["number"]
    for day, counts in found.items():
        for name in ("questions", "answered", "frozen_answered", *ENDINGS, *SIDES):
            yield Metric(day=day, name=name, count=counts[name], total=counts["questions"])


def _right(asked: Questions) -> Iterator[Metric]:
    """Per side, how many answers carry how much evidence: [[tenths of a nat, answers], ...]."""
    answers = asked.filter(kind=Decision.Kind.ANSWER, belief__isnull=False).annotate(tenths=F("tenths"))
    found: dict[dt.date, dict[str, list[list[int]]]] = defaultdict(lambda: defaultdict(list))
    for row in answers.values("day", "side", "tenths").annotate(number=Count("pk")).order_by("tenths"):
        found[row["day"]][row["side"]].append([row["tenths"], row["number"]])
    for day, sides in found.items():
        yield Metric(day=day, name="right", count=sum(number for pairs in sides.values() for _, number in pairs), data=sides)


def _frozen_right(asked: Questions) -> Iterator[Metric]:
    """Where the control would have answered something else: [judged, right] per side."""
    differing = asked.filter(side__in=["apart", "behind"]).annotate(control_source=measures.control_source())
    judged, right = (Count("pk", filter=measures.shows_control(wanted)) for wanted in ("judged", "right"))
    found: dict[dt.date, dict[str, list[int]]] = defaultdict(dict)
    for row in differing.values("day", "side").annotate(judged=judged, right=right).order_by():
        found[row["day"]][row["side"]] = [row["judged"], row["right"]]
    for day, sides in found.items():
        yield Metric(day=day, name="frozen_right", count=sum(pair[0] for pair in sides.values()), data=sides)


def _calibration(asked: Questions) -> Iterator[Metric]:
    """Decisions by how sure they were, in half nats, and the evidence on them: [[half nats, tenths, decisions, sum of confidence], ...]."""
    spoken = asked.filter(measures.MEASURES["judged"].where)
    binned = spoken.annotate(tenths=F("tenths"), sure=measures.whole(2 * measures.logit(F("confidence"), 0.001, 0.999)))
    found: dict[dt.date, list[list[Any]]] = defaultdict(list)
    counted = binned.values("day", "sure", "tenths").annotate(number=Count("pk"), sum=Sum("confidence"))
    for row in counted.order_by("sure", "tenths"):
        found[row["day"]].append([row["sure"], row["tenths"], row["number"], round(row["sum"], 6)])
    for day, bins in found.items():
        yield Metric(day=day, name="calibration", count=sum(each[2] for each in bins), data={"bins": bins})


def _signals(first: dt.date, last: dt.date) -> Iterator[Metric]:
    """By the day they came: how many of each kind count, are held, were taken back."""
    came = Signal.objects.filter(at__gte=measures.midnight(first), at__lt=measures.midnight(last + dt.timedelta(days=1)))
    found: dict[dt.date, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for row in came.annotate(day=_day("at")).values("day", "kind", "state").annotate(number=Count("pk")).order_by():
        found[row["day"]][row["kind"]][row["state"]] = row["number"]
    for day, kinds in found.items():
        received = sum(states.get("matured", 0) + states.get("pending", 0) for states in kinds.values())
        yield Metric(day=day, name="signals", count=received, data=kinds)


def _audited(first: dt.date, last: dt.date) -> Iterator[Metric]:
    """Answers that were drawn by chance and judged: how many were right."""
    asked = measures.behind("audited", first, last).values("pk")
    judged = Audit.objects.filter(decision__in=asked).annotate(day=_day("decision__at"))
    for row in judged.values("day").annotate(total=Count("pk"), right=Count("pk", filter=Q(verdict=Audit.Verdict.RIGHT))).order_by():
        yield Metric(day=row["day"], name="audited", count=row["right"], total=row["total"])


def _held_out(asked: Questions) -> Iterator[Metric]:
    """Questions of customers whom day one serves: how many are taken for solved."""
    solved = Count("pk", filter=Q(ending__in=["confirmed", "assumed"]))
    for row in asked.values("day").annotate(total=Count("pk"), solved=solved).order_by():
        yield Metric(day=row["day"], name=measures.HELD_OUT, count=row["solved"], total=row["total"])


def _day(field: str) -> TruncDate:
    return TruncDate(field, tzinfo=dt.UTC, output_field=DateField())
