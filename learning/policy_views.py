"""Every policy that was fitted: what it does otherwise, why it was let through or not, and the way back."""

from __future__ import annotations

import math
from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from helpdesk.access import AgentRequest, agent_required
from learning import behind, changes, rollout, watch
from learning.models import Decision, Policy
from learning.models.decision import DecisionQuerySet

ROWS = 20


@require_safe
@agent_required
def listing(request: AgentRequest) -> HttpResponse:
    """Newest first, a page at a time from the one before."""
    found = Policy.objects.select_related("before", "retired_by").defer("head", "before__head")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 10:
        found = found.filter(pk__lt=int(before))
    rows = list(found.order_by("-pk")[: ROWS + 1])
    in_use, trial = Policy.objects.in_use(), Policy.objects.on_trial()
    watched = watch.look(in_use) if in_use else None
    may_undo, served = request.user.is_admin, Policy.objects.live().only("version").order_by("-pk")
    context = {
        "rows": [(policy, changes.told(policy, policy.before)) for policy in rows[:ROWS]],
        "older": rows[ROWS - 1].pk if len(rows) > ROWS else None,
        "is_first": not before,
        "in_use": in_use,
        "follower": served.filter(pk__lt=in_use.pk).first() if may_undo and in_use else None,
        "watched": watched,
        "exposure": math.ceil(watched.exposure) if watched and math.isfinite(watched.exposure) else None,
        "alarm": round(1 / watch.ALPHA),
        "trial": trial,
        "tried": rollout.look(trial, timezone.now()) if trial else None,
        "limit": round(1 / rollout.ALPHA),
        "restorable": Policy.objects.restorable() if may_undo else None,
    }
    return render(request, "learning/policies.html", context)


@require_safe
@agent_required
def tickets(request: AgentRequest, pk: int) -> HttpResponse:
    """The tickets that one number of a policy counts."""
    policy, what, now = get_object_or_404(Policy, pk=pk), request.GET.get("what", "answers"), timezone.now()
    if what not in LISTS:
        raise Http404("Nothing is counted by that name.")
    title, says, decisions = LISTS[what]
    return behind.page(
        request,
        decisions(policy),
        title=f"{title} · {policy.version}",
        says=says,
        back=(reverse("learning:policies"), "Policies"),
        since=policy.at,
        until=now,
        address={"what": what},
    )


def _of_trial(name: str) -> Callable[[Policy], DecisionQuerySet]:
    return lambda policy: Decision.objects.filter(pk__in=getattr(rollout.look(policy, timezone.now()), name))


LISTS: dict[str, tuple[str, str, Callable[[Policy], DecisionQuerySet]]] = {
    "answers": ("Answers given", "The first answer of each ticket.", watch.answered),
    "complaints": ("Complaints", "Asked again in other words, or asked for a person.", watch.complained_of),
    "asked": ("Questions since", "Decided by it, or beside it.", rollout.asked),
    "differing": ("It does otherwise", "It and the one in use do not do the same.", _of_trial("differing")),
    "compared": ("Compared", "What came of these is known for both.", _of_trial("compared")),
}


def _for_admins(request: AgentRequest, pk: int) -> Policy:
    if not request.user.is_admin:
        raise PermissionDenied
    return get_object_or_404(Policy, pk=pk)


@require_POST
@agent_required
def take_back(request: AgentRequest, pk: int) -> HttpResponse:
    """By an admin, who was asked twice; the one before it decides from the next question on, and what is on trial serves nobody any more."""
    policy = _for_admins(request, pk)
    now, by = timezone.now(), request.user
    if policy.turn_away(because=f"Turned away by {by.name}.", at=now, by=by):
        messages.success(request, f"{policy.version} is turned away. It serves nobody any more.")
    elif policy.take_back(because=f"Taken back by {by.name}.", at=now, by=by):
        messages.success(request, f"{policy.version} is taken back. The one before it decides from now on.")
    else:
        messages.info(request, f"{policy.version} was not in use any more.")
    return redirect("learning:policies")


@require_POST
@agent_required
def restoring(request: AgentRequest, pk: int) -> HttpResponse:
    """The way forward again, for an admin who has gone back too far."""
    policy = _for_admins(request, pk)
    if policy.restore(by=request.user, at=timezone.now()):
        messages.success(request, f"{policy.version} is in use again. It decides from now on.")
    else:
        messages.info(request, f"{policy.version} cannot be put in use again: it is in use, or something newer is.")
    return redirect("learning:policies")
