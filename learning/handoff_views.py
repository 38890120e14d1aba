"""What agents see of the questions that people had to answer: which were hard, and which should have been answered."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from helpdesk.access import AgentRequest, agent_required
from helpdesk.models import Source, Ticket
from learning import behind, handoffs, measures, policies
from learning.behind import ROWS, number_in, with_what_is_shown

ALL = "all"
SAYS = {
    ALL: "Reached people, at once or later.",
    "first": "What was ranked first was right, and held back: it should have been answered.",
    "near": "The right source was among the first three.",
    "other": "Another source was right.",
    "hard": "No source says it, or it took several people or many turns.",
    "unknown": "Nobody has shown the answer yet.",
}


@require_safe
@agent_required
def hand_offs(request: AgentRequest) -> HttpResponse:
    """By topic."""
    found, policy = handoffs.escalations(timezone.now()), policies.current()
    topics = handoffs.by_topic(found, policy)
    totals = handoffs.totals(found)
    context = {
        "rows": [
            (topic, _shares(topic), {verdict: _address(verdict, topic.source) for verdict in SAYS}) for topic in topics[: handoffs.TOPICS]
        ],
        "totals": [(verdict, totals[verdict], SAYS[verdict], _address(verdict)) for verdict in handoffs.VERDICTS],
        "all": _address(ALL),
        "count": len(found),
        "known": len(found) - totals["unknown"],
        "topics": len(topics),
        "moved": sum(1 for topic in topics if topic.shift),
        "policy": policy,
    }
    return render(request, "learning/handoffs.html", context)


@require_safe
@agent_required
def tickets(request: AgentRequest) -> HttpResponse:
    """The tickets that one number of that page counts, the newest first."""
    verdict, source, before = request.GET.get("what", ALL), number_in(request, "source"), number_in(request, "before")
    if verdict not in SAYS:
        raise Http404("Nothing is counted by that name.")
    at = timezone.now()
    wanted = [each.ticket for each in handoffs.escalations(at) if verdict in (ALL, each.verdict) and source in (0, each.source)]
    seen = set(Ticket.objects.visible_to(request.user).filter(pk__in=wanted).values_list("pk", flat=True))
    wanted = [pk for pk in wanted if pk in seen]
    start = wanted.index(before) + 1 if before in wanted else 0
    shown = wanted[start : start + ROWS]
    place = {pk: number for number, pk in enumerate(shown)}
    rows = with_what_is_shown(measures.questions().filter(ticket__in=shown))
    title = Source.objects.filter(pk=source).values_list("title", flat=True).first() if source else ""
    return behind.show(
        request,
        sorted(rows, key=lambda row: place[row.ticket_id]),
        title=handoffs.IN_WORDS.get(verdict, "What reached people"),
        says=f"{SAYS[verdict]}{f' Ranked first: {title}.' if title else ''}",
        back=(reverse("learning:handoffs"), "What reached people"),
        days=((at - handoffs.LOOKED_BACK).date(), at.date()),
        address={"what": verdict, "source": str(source)},
        older=shown[-1] if len(wanted) > start + ROWS else None,
    )


def _address(verdict: str, source: int = 0) -> str:
    of = {"what": verdict, **({"source": str(source)} if source else {})}
    return f"{reverse('learning:handoff_tickets')}?{urlencode(of)}"


def _shares(topic: handoffs.Topic) -> list[tuple[str, float, float]]:
    """Of the known ones, as parts of a bar: which, from where, how wide, in percent."""
    parts, start = [], 0.0
    for verdict in ("first", "near", "other", "hard"):
        width = 100 * topic.counts[verdict] / max(topic.known, 1)
        parts.append((verdict, round(start, 2), round(width, 2)))
        start += width
    return [part for part in parts if part[2]]
