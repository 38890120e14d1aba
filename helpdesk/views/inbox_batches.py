"""The same done to many tickets: what was picked in the list, or all that match."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from helpdesk import snoozing
from helpdesk.access import AgentRequest, agent_required
from helpdesk.finding import results
from helpdesk.finding.meaning import understand
from helpdesk.models import Batch, Team, Ticket, User
from helpdesk.models.batches import MOST
from helpdesk.models.views import slug_of_tag
from helpdesk.renaming import start
from helpdesk.views.inbox import answer, asked_for, view_named, whole
from helpdesk.views.inbox_actions import undoes

LATEST = 30


class Unclear(ValueError):
    """What should be done, or to which tickets, was not said."""


@require_safe
@agent_required
def selection(request: AgentRequest, view: str) -> HttpResponse:
    """What can be done to the tickets that are picked. `?count`: how many there would be if all that match were."""
    if "count" in request.GET:
        number = matching(request, view, request.GET.get("q", ""))[: MOST + 1].count()
        return answer(request, "helpdesk/_selection.html#all", {"number": min(number, MOST), "is_more": number > MOST})
    context = {
        "view": view_named(view, request.user),
        "q": request.GET.get("q", ""),
        "agents": User.objects.filter(is_active=True),
        "teams": Team.objects.all(),
        "priorities": Ticket.Priority.choices,
        "snoozes": snoozing.presets(),
    }
    return answer(request, "helpdesk/_selection.html", context)


@require_http_methods(["GET", "POST"])
@agent_required
def batches(request: AgentRequest) -> HttpResponse:
    if request.method == "GET":
        return render(request, "helpdesk/batches.html", {"batches": Batch.objects.visible_to(request.user)[:LATEST]})
    try:
        action, words, values = what(request)
        batch = Batch.begin(action, which(request), by=request.user, words=words, **values)
    except Unclear as unclear:
        return refused(request, str(unclear))
    start(batch)
    return told(request, batch)


@require_http_methods(["GET", "POST", "DELETE"])
@agent_required
def batch(request: AgentRequest, pk: int) -> HttpResponse:
    """How far it is; DELETE takes it back."""
    found = get_object_or_404(Batch.objects.visible_to(request.user), pk=pk)
    if undoes(request):
        found.ask_undo()
        start(found)
    elif request.method == "POST":
        return refused(request, "Nothing was asked for.")
    return told(request, found)


# --- Shared -----------------------------------------------------------------------------------------------------------


def told(request: AgentRequest, batch: Batch) -> HttpResponse:
    figures = batch.figures()
    left = figures["waiting"] if not batch.is_undoing else figures["done"]
    context = {"batch": batch, "figures": figures, "done": batch.total - left}
    if not request.htmx:
        return render(request, "helpdesk/batch.html", context) if request.method == "GET" else redirect("inbox:batch", pk=batch.pk)
    response = answer(request, "helpdesk/_batch.html", context)
    return trigger_client_event(response, "inbox:changed") if batch.finished_at else response


def refused(request: AgentRequest, words: str) -> HttpResponse:
    if request.htmx:
        response = HttpResponse(status=422, headers={"HX-Reswap": "none"})
        return trigger_client_event(response, "inbox:done", {"words": words, "undo": "", "failed": True})
    messages.error(request, words)
    return redirect("inbox:home")


def which(request: AgentRequest) -> QuerySet[Ticket]:
    if request.POST.get("all"):
        return matching(request, request.POST.get("view", ""), request.POST.get("q", ""))
    picked = [whole(number) for number in request.POST.getlist("tickets")][:MOST]
    if not any(picked):
        raise Unclear("Pick some tickets first.")
    return Ticket.objects.visible_to(request.user).filter(pk__in=picked)


def matching(request: AgentRequest, slug: str, words: str) -> QuerySet[Ticket]:
    view = view_named(slug, request.user)
    tickets, asked = view.tickets(request.user), asked_for(view, words)
    return results.matching(tickets, understand(asked, agent=request.user), request.user) if asked else tickets


def what(request: AgentRequest) -> tuple[str, str, dict[str, Any]]:
    """(action, in words, what it takes)"""
    action = request.POST.get("action", "")
    if action in {"resolve", "reopen", "spam"}:
        return action, {"resolve": "Resolve", "reopen": "Reopen", "spam": "Mark as spam"}[action], {}
    reader = {"assign": _assign, "tag": _tag, "untag": _untag, "priority": _priority, "snooze": _snooze}.get(action)
    if reader is None:
        raise Unclear("Choose what should be done.")
    return reader(request)


def _assign(request: AgentRequest) -> tuple[str, str, dict[str, Any]]:
    to = request.POST.get("to", "")
    if to == "me":
        return "assign", "Take them", {"to": request.user.pk}
    if to == "none":
        return "assign", "Assign to nobody", {}
    kind, _, number = to.partition("-")
    if kind == "team" and (team := Team.objects.filter(pk=whole(number)).first()):
        return "assign", f"Pass to {team.name}", {"team": team.pk}
    if kind == "user" and (user := User.objects.filter(pk=whole(number), is_active=True).first()):
        return "assign", f"Assign to {user.first_name}", {"to": user.pk}
    raise Unclear("Choose who should look after them.")


def _tag(request: AgentRequest) -> tuple[str, str, dict[str, Any]]:
    if not (tag := slug_of_tag(request.POST.get("tag", ""))):
        raise Unclear("Write the tag first.")
    return "tag", f"Tag with {tag}", {"add": [tag]}


def _untag(request: AgentRequest) -> tuple[str, str, dict[str, Any]]:
    if not (tag := slug_of_tag(request.POST.get("tag", ""))):
        raise Unclear("Write the tag first.")
    return "tag", f"Take off the tag {tag}", {"remove": [tag]}


def _priority(request: AgentRequest) -> tuple[str, str, dict[str, Any]]:
    priority = request.POST.get("priority", "")
    if priority not in Ticket.Priority.values:
        raise Unclear("There is no such priority.")
    return "priority", f"Set the priority to {priority}", {"priority": priority}


def _snooze(request: AgentRequest) -> tuple[str, str, dict[str, Any]]:
    preset = next((each for each in snoozing.presets() if each.slug == request.POST.get("until")), None)
    if preset is None:
        raise Unclear("Choose when they should come back.")
    return "snooze", f"Snooze: {preset.name.lower()}", {"until": preset.until.isoformat()}
