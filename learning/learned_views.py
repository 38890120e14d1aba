"""Learned answers as agents review them: what waits, what is on trial, what is served, what is retired."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_POST, require_safe

from helpdesk.access import AgentRequest, agent_required
from helpdesk.models import User
from learning import behind, merging, probation, resolutions
from learning.gap_views import may_write
from learning.models import Decision, LearnedResolution
from learning.models.resolution import ResolutionQuerySet

ROWS = 20
MERGED_WITH = 100  # of the newest, to choose from
OFFERED = 500  # of the newest, that another may be merged with
State = LearnedResolution.State


HEARD = {
    "helped": (
        "Where it helped",
        "was right here as far as is known, first of all where it was taught. An account has one vote however often it asked.",
    ),
    "failed": ("Where it failed", "was wrong here as far as is known. An account has one vote however often it asked."),
}


@dataclass(frozen=True)
class Tab:
    slug: str
    label: str
    states: tuple[State, ...]


TABS = (
    Tab("waiting", "Waiting for you", (State.DRAFT,)),
    Tab("trial", "In trial", (State.SHADOW, State.CANARY)),
    Tab("live", "Live", (State.LIVE,)),
    Tab("retired", "Retired", (State.RETIRED,)),
)


class AnswerForm(forms.Form):
    question = forms.CharField(label="Question", max_length=resolutions.QUESTION_LIMIT)
    answer = forms.CharField(label="Answer, in Markdown", max_length=resolutions.ANSWER_LIMIT, widget=forms.Textarea(attrs={"rows": 8}))


@require_safe
@agent_required
def listing(request: AgentRequest) -> HttpResponse:
    """One tab, newest first, a page at a time from the one before."""
    tab = next((each for each in TABS if each.slug == request.GET.get("tab")), TABS[0])
    seen = _seen(request).filter(state__in=tab.states).order_by("-pk")
    before = request.GET.get("before", "")
    if is_later := before.isascii() and before.isdigit() and len(before) < 10:
        seen = seen.filter(pk__lt=int(before))
    rows = list(seen[: ROWS + 1])
    counted = LearnedResolution.objects.visible_to(request.user)
    context = {
        "tabs": [(each, counted.filter(state__in=each.states).count()) for each in TABS],
        "tab": tab,
        "rows": _with_offers(rows[:ROWS], counted),
        "older": rows[ROWS - 1].pk if len(rows) > ROWS else None,
        "is_first": not is_later,
        "may_write": may_write(request.user),
    }
    return render(request, "learning/learned.html", context)


@require_safe
@agent_required
def edit(request: AgentRequest, pk: int) -> HttpResponse:
    resolution = _one(request, pk)
    form = AnswerForm(initial={"question": resolution.question, "answer": resolution.answer})
    return _page(request, resolution, form)


@require_safe
@agent_required
def tickets(request: AgentRequest, pk: int) -> HttpResponse:
    """The tickets whose outcomes speak for it, or against it; its own among them. An account's word counts once, however many these are."""
    resolution, what = _one(request, pk), request.GET.get("what", "helped")
    if what not in HEARD:
        raise Http404("Nothing is counted by that name.")
    title, says = HEARD[what]
    spoken = probation.spoken_of(resolution, for_it=what == "helped")
    return behind.page(
        request,
        Decision.objects.filter(pk__in=spoken.values("decision")),
        title=title,
        says=f"“{resolution.question}” {says}",
        back=(reverse("learning:learned"), "Learned answers"),
        since=resolution.at,
        until=timezone.now(),
        address={"what": what},
    )


@require_POST
@agent_required
def rewriting(request: AgentRequest, pk: int) -> HttpResponse:
    """Edit, and approve."""
    resolution, form = _one(request, pk), AnswerForm(request.POST)
    if not form.is_valid():
        return _page(request, resolution, form, status=422)
    words = form.cleaned_data["question"], form.cleaned_data["answer"]
    if not _is_confirmed(request, *words, found := resolutions.findings(*words)):
        return _page(request, resolution, form, found, status=422)
    how: Any = {"by": request.user, "at": timezone.now(), "despite": "; ".join(found)}
    resolutions.rewrite(resolution, *words, **how)
    resolution.approve(**how)
    resolution.approve_title(by=request.user, at=how["at"])
    messages.success(request, "Saved. The assistant serves it as it stands now.")
    return _back("live")


@require_POST
@agent_required
def approval(request: AgentRequest, pk: int) -> HttpResponse:
    """What is served already has its title approved with it: what customers read over it from now on."""
    return _when_confirmed(
        request, pk, lambda each, despite: _approve(each, request.user, despite), "Approved. Customers can be served it."
    )


@require_POST
@agent_required
def trial(request: AgentRequest, pk: int) -> HttpResponse:
    """Not approved, and not refused: it may prove itself."""
    at, by = timezone.now(), request.user
    return _when_confirmed(
        request, pk, lambda each, despite: each.shadow(by=by, at=at, despite=despite), "On trial. Nobody is served it yet."
    )


@require_POST
@agent_required
def retirement(request: AgentRequest, pk: int) -> HttpResponse:
    because = f"{request.user.name} retired it"
    return _done(
        request, pk, lambda each: each.retire(because, by=request.user, at=timezone.now()), "Retired. Nobody is served it any more."
    )


@require_POST
@agent_required
def undoing(request: AgentRequest, pk: int) -> HttpResponse:
    return _done(request, pk, lambda each: merging.undo(each, by=request.user, at=timezone.now()), "Undone. It is as it was before.")


@require_POST
@agent_required
def merger(request: AgentRequest, pk: int) -> HttpResponse:
    """Into the other one, which stands for both from now on."""
    other = request.POST.get("into", "")
    into = _seen(request).standing().filter(pk=int(other) if other.isascii() and other.isdigit() and len(other) < 10 else 0).first()
    if into is None or into.pk == pk:
        messages.error(request, "Choose the answer that it is to be merged with.")
        return _back(_tab_of(_one(request, pk)))
    if _one(request, pk).state == State.LIVE != into.state and _found(into):
        messages.error(request, "The filter holds the other one. Read and approve that one first.")
        return _back(State.LIVE.value)
    done = f"Merged. “{into.question}” stands for both."
    return _done(request, pk, lambda each: _merge(each, into, request.user), done)


@require_POST
@agent_required
def article(request: AgentRequest, pk: int) -> HttpResponse:
    """“Make it an article”: into the editor of articles, with the answer as its draft."""
    if not may_write(request.user):
        raise PermissionDenied
    written = _one(request, pk).write_article(by=request.user, at=timezone.now())
    return redirect(reverse("admin:helpdesk_article_change", args=[written.pk]))


# --- Inside -------------------------------------------------------------------------------------------------------------


def _merge(resolution: LearnedResolution, into: LearnedResolution, by: User) -> bool:
    """What was served stays served: then the other one is approved with it."""
    at, was_live = timezone.now(), resolution.state == State.LIVE
    with transaction.atomic():
        merged = merging.replace(resolution, into.source, by=by, at=at)
        if merged and was_live:
            into.approve(by=by, at=at)
    return merged


def _approve(resolution: LearnedResolution, by: User, despite: str) -> bool:
    at = timezone.now()
    changed = resolution.approve(by=by, at=at, despite=despite)
    return resolution.approve_title(by=by, at=at) or changed


def _when_confirmed(request: AgentRequest, pk: int, verb: Callable[[LearnedResolution, str], bool], said: str) -> HttpResponse:
    """Done at once where the filter finds nothing in it; else what it finds is shown, and asked about once more."""
    resolution = _one(request, pk)
    words, found = (resolution.question, resolution.answer), _found(resolution)
    if _is_confirmed(request, *words, found):
        return _done(request, pk, lambda each: verb(each, "; ".join(found)), said)
    return _page(request, resolution, AnswerForm(initial=dict(zip(("question", "answer"), words, strict=True))), found, status=422)


def _found(resolution: LearnedResolution) -> list[str]:
    """What the filter finds in it today, or found when it was learned."""
    return resolutions.findings(resolution.question, resolution.answer) or [each for each in [resolution.held_because] if each]


def _is_confirmed(request: AgentRequest, question: str, answer: str, found: Sequence[str]) -> bool:
    """Nothing to ask about, or asked and answered: for these very words, so that what is changed after the question is asked about anew."""
    return not found or constant_time_compare(request.POST.get("anyway", ""), _key(question, answer, found))


def _key(question: str, answer: str, found: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(" ".join(each.split()) for each in (question, answer, *found)).encode()).hexdigest()[:16]


def _page(
    request: AgentRequest, resolution: LearnedResolution, form: AnswerForm, found: Sequence[str] = (), *, status: int = 200
) -> HttpResponse:
    """One of them, with the newest others that it can be merged with; `found`: what is asked about before it is approved."""
    others = _seen(request).standing().exclude(pk=resolution.pk).order_by("-pk")[:MERGED_WITH]
    context = {"resolution": resolution, "form": form, "others": others, "found": found}
    if found:
        context["anyway"] = _key(str(form["question"].value()), str(form["answer"].value()), found)
    return render(request, "learning/learned_edit.html", context, status=status)


def _with_offers(rows: Sequence[LearnedResolution], seen: ResolutionQuerySet) -> list[dict[str, Any]]:
    """Each with the other one that has grown alike, if there is one. Two queries."""
    standing = [row for row in rows if not row.is_retired]
    others = list(seen.standing().order_by("-pk").only("question", "answer", "state", "source_id")[:OFFERED]) if standing else []
    alike = merging.alike(standing, others) if len(others) > 1 else {}
    return [{"resolution": row, "alike": alike.get(row.pk)} for row in rows]


def _done(request: AgentRequest, pk: int, verb: Callable[[LearnedResolution], bool], said: str) -> HttpResponse:
    """Back to the tab that it was on, with a word if anything has changed."""
    resolution = _one(request, pk)
    tab = _tab_of(resolution)
    if verb(resolution):
        messages.success(request, said)
    return _back(tab)


def _back(tab: str) -> HttpResponse:
    return redirect(f"{reverse('learning:learned')}?tab={tab}")


def _tab_of(resolution: LearnedResolution) -> str:
    return next(tab.slug for tab in TABS if resolution.state in tab.states)


def _seen(request: AgentRequest) -> ResolutionQuerySet:
    related = ("source", "ticket", "taught_by", "replaced_by", "article")
    return (
        LearnedResolution.objects.visible_to(request.user)
        .select_related(*related)
        .defer("source__tsv", "replaced_by__tsv", "replaced_by__body")
    )


def _one(request: HttpRequest, pk: int) -> LearnedResolution:
    return get_object_or_404(LearnedResolution.objects.visible_to(request.user).select_related("source", "ticket", "article"), pk=pk)
