"""What agents see of sources that may be out of date, and what they say of them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from helpdesk.access import AgentRequest, agent_required
from learning import doubts
from learning.models import Suspicion

ROWS = 20


@require_safe
@agent_required
def listing(request: AgentRequest) -> HttpResponse:
    """What stands first, then what has been cleared; a page at a time from the one before."""
    found = Suspicion.objects.visible_to(request.user).select_related("source", "closed_by").defer("source__tsv", "source__body")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 10:
        rows = list(found.cleared().filter(pk__lt=int(before)).order_by("-pk")[: ROWS + 1])
        standing: list[Suspicion] = []
    else:
        standing = list(found.standing().order_by("-raised_at", "-pk")[:ROWS])
        rows = list(found.cleared().order_by("-pk")[: ROWS + 1])
    context = {
        "standing": standing,
        "cleared": rows[:ROWS],
        "older": rows[ROWS - 1].pk if len(rows) > ROWS else None,
        "is_first": not before,
        "more": max(found.standing().count() - ROWS, 0) if len(standing) == ROWS else 0,
    }
    return render(request, "learning/stale.html", context)


@require_safe
@agent_required
def show(request: AgentRequest, pk: int) -> HttpResponse:
    suspicion = _suspicion(request, pk)
    return render(request, "learning/suspicion.html", {"suspicion": suspicion, "doubt": doubts.doubt(suspicion, request.user)})


@require_POST
@agent_required
def still_right(request: AgentRequest, pk: int) -> HttpResponse:
    """“It is right as it stands.”"""
    suspicion = _suspicion(request, pk)
    if suspicion.still_right(by=request.user, at=timezone.now()):
        messages.success(request, "Cleared. It counts as before, and what speaks against it is counted from now on.")
    return redirect(suspicion)


def _suspicion(request: AgentRequest, pk: int) -> Suspicion:
    return get_object_or_404(Suspicion.objects.visible_to(request.user).select_related("source__article", "closed_by"), pk=pk)
