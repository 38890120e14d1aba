"""What agents see of questions that nothing answers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from helpdesk.access import AgentRequest, agent_required
from helpdesk.models import Ticket, User
from learning import gaps, trial
from learning.models import Gap, GapQuestion

ROWS, TICKETS = 50, 50
OVER = [Gap.State.PUBLISHED, Gap.State.CLOSED, Gap.State.DISMISSED]
LIST_FIELDS = ("title", "terms", "state", "customers", "lift", "expected", "facts", "trial", "closed_at", "published_at", "edited_by")


class DraftForm(forms.Form):
    title = forms.CharField(label="Title", max_length=200)
    body = forms.CharField(label="Text, in Markdown", max_length=20_000, widget=forms.Textarea(attrs={"rows": 12}))


@require_safe
@agent_required
def listing(request: AgentRequest) -> HttpResponse:
    """Those without an article by what one should bring, then those that have one."""
    seen = Gap.objects.visible_to(request.user).only(*LIST_FIELDS)
    ranked = list(seen.ranked()[:ROWS])
    over = list(seen.filter(state__in=OVER).order_by("-pk")[:ROWS])
    most = max((gap.expected for gap in ranked), default=0.0) or 1.0
    context = {
        "ranked": [(gap, round(100 * gap.expected / most)) for gap in ranked],
        "over": over,
        "asked": sum(gap.facts.get("questions", 0) for gap in ranked),
    }
    return render(request, "learning/gaps.html", context)


@require_safe
@agent_required
def show(request: AgentRequest, pk: int) -> HttpResponse:
    return page(request, _gap(request, pk))


@require_POST
@agent_required
def draft(request: AgentRequest, pk: int) -> HttpResponse:
    gap, form = _gap(request, pk), DraftForm(request.POST)
    if not form.is_valid():
        return page(request, gap, form=form, status=422)
    if gap.edit(form.cleaned_data["title"], form.cleaned_data["body"], by=request.user, at=timezone.now()):
        messages.success(request, "Saved. It is not drafted over any more.")
    return redirect(gap)


@require_POST
@agent_required
def article(request: AgentRequest, pk: int) -> HttpResponse:
    """“Write this article”: into the editor of articles, with the draft."""
    if not may_write(request.user):
        raise PermissionDenied
    written = _gap(request, pk).write_article(by=request.user, at=timezone.now())
    return redirect(reverse("admin:helpdesk_article_change", args=[written.pk]))


@require_POST
@agent_required
def test(request: AgentRequest, pk: int) -> HttpResponse:
    """Ask its questions again."""
    gap = _gap(request, pk)
    gaps.try_again(gap, at=timezone.now())
    messages.success(request, f"Asked again: {gap.tested['now']} of {gap.tested['of']} would be answered now")
    return redirect(gap)


@require_POST
@agent_required
def dismissal(request: AgentRequest, pk: int) -> HttpResponse:
    """“There is nothing to write about.”"""
    gap = _gap(request, pk)
    if gap.dismiss(by=request.user, at=timezone.now()):
        messages.success(request, "Dismissed. Its questions go on being gathered, and it does not come up again.")
    return redirect(gap)


@require_POST
@agent_required
def reopening(request: AgentRequest, pk: int) -> HttpResponse:
    gap = _gap(request, pk)
    if gap.reopen("An agent took it up again", by=request.user, at=timezone.now()):
        messages.success(request, "It is open again")
    return redirect(gap)


@require_POST
@agent_required
def removal(request: AgentRequest, pk: int, number: int) -> HttpResponse:
    """“This question is about something else.”"""
    gap = _gap(request, pk)
    ticket = get_object_or_404(Ticket.objects.visible_to(request.user), pk=number)
    if gap.leave_out(ticket, by=request.user, at=timezone.now()):
        messages.success(request, f"{ticket.pk} does not belong to it any more")
    return redirect(gap)


def may_write(user: User) -> bool:
    return user.is_staff and user.has_perm("helpdesk.add_article")


def page(request: AgentRequest, gap: Gap, *, status: int = 200, **forms_: Any) -> HttpResponse:
    mine = Ticket.objects.visible_to(request.user)
    rows = gap.questions.filter(ticket__in=mine).select_related("ticket__customer", "ticket__organisation").order_by("-at", "-pk")
    linked, count = list(rows[:TICKETS]), gap.questions.count()
    before = [row for row in linked if not row.is_later]
    context = {
        "gap": gap,
        "form": DraftForm(initial={"title": gap.draft_title, "body": gap.draft_body}),
        "linked": before,
        "later": [row for row in linked if row.is_later],
        "hidden": count - len(linked),
        "kinds": [(GapQuestion.Kind(kind).label, number) for kind, number in gap.facts.get("kinds", {}).items()],
        "trial": trial.in_words(gap.trial) if gap.published_at else "",
        "may_write": may_write(request.user),
        "visible": {row.ticket_id for row in linked},
        **forms_,
    }
    return render(request, "learning/gap.html", context, status=status)


def _gap(request: HttpRequest, pk: int) -> Gap:
    return get_object_or_404(Gap.objects.visible_to(request.user).select_related("article", "edited_by"), pk=pk)
