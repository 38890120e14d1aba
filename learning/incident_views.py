"""What agents see of incidents, and what they do about them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from helpdesk.access import AgentRequest, agent_required
from helpdesk.models import Ticket
from learning import bugreport, timeline
from learning.models import Incident

ROWS, TICKETS = 20, 50


class NoticeForm(forms.Form):
    title = forms.CharField(label="Title, for colleagues", max_length=200)
    public_text = forms.CharField(
        label="What affected customers read",
        required=False,
        max_length=2_000,
        help_text="On their question and where they ask. Leave it empty, and they read nothing.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class FixForm(forms.Form):
    text = forms.CharField(
        label="What you tell everybody who reported it",
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Write what you tell the customers."},
    )


@require_safe
@agent_required
def listing(request: AgentRequest) -> HttpResponse:
    """Newest first, a page at a time from the one before."""
    found = Incident.objects.visible_to(request.user)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 10:
        found = found.filter(pk__lt=int(before))
    rows = list(found.order_by("-pk")[: ROWS + 1])
    older = rows[ROWS - 1].pk if len(rows) > ROWS else None
    return render(request, "learning/incidents.html", {"incidents": rows[:ROWS], "older": older, "is_first": not before})


@require_safe
@agent_required
def show(request: AgentRequest, pk: int) -> HttpResponse:
    return page(request, _incident(request, pk))


@require_safe
@agent_required
def bug_report(request: AgentRequest, pk: int) -> HttpResponse:
    """As Markdown, to paste into a tracker."""
    incident = _incident(request, pk)
    response = HttpResponse(bugreport.markdown(incident), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="incident-{incident.pk}.md"'
    return response


@require_POST
@agent_required
def notice(request: AgentRequest, pk: int) -> HttpResponse:
    incident, form = _incident(request, pk), NoticeForm(request.POST)
    if not form.is_valid():
        return page(request, incident, notice_form=form, status=422)
    incident.rename(form.cleaned_data["title"], by=request.user, at=timezone.now())
    incident.announce(form.cleaned_data["public_text"], by=request.user, at=timezone.now())
    messages.success(
        request, "Saved. Affected customers read it from now on." if incident.public_text else "Saved. Customers read nothing."
    )
    return redirect(incident)


@require_POST
@agent_required
def fix(request: AgentRequest, pk: int) -> HttpResponse:
    incident, form = _incident(request, pk), FixForm(request.POST)
    if not form.is_valid():
        return page(request, incident, fix_form=form, status=422)
    text = form.cleaned_data["text"]
    if incident.fix(text, by=request.user, at=timezone.now()):
        messages.success(request, "Marked as fixed. Everybody who reported it is being told.")
    elif incident.fixed_text != text.strip():
        return page(request, _incident(request, pk), unsent=text, status=409)
    return redirect(incident)


@require_POST
@agent_required
def dismissal(request: AgentRequest, pk: int) -> HttpResponse:
    """“This is not an incident.”"""
    incident = _incident(request, pk)
    if incident.dismiss(by=request.user, at=timezone.now()):
        messages.success(request, "Dismissed. Its tickets stay as they are, and customers read no notice.")
    else:
        messages.info(request, "It was over already, so nothing was changed.")
    return redirect(incident)


@require_POST
@agent_required
def removal(request: AgentRequest, pk: int, number: int) -> HttpResponse:
    """“This ticket is about something else.”"""
    incident = _incident(request, pk)
    ticket = get_object_or_404(Ticket.objects.visible_to(request.user), pk=number)
    if incident.detach(ticket, by=request.user, at=timezone.now()):
        messages.success(request, f"{ticket.pk} does not belong to it any more")
    return redirect(incident)


def page(request: AgentRequest, incident: Incident, *, status: int = 200, **forms_: Any) -> HttpResponse:
    seen = Ticket.objects.visible_to(request.user).filter(report__incident=incident)
    linked = list(seen.select_related("customer", "organisation", "report").order_by("report__at", "pk")[:TICKETS])
    count = incident.reports.count()
    context = {
        "incident": incident,
        "linked": linked,
        "hidden": count - len(linked),
        "count": count,
        "chart": timeline.chart(incident),
        "notice_form": NoticeForm(initial={"title": incident.title, "public_text": incident.public_text}),
        "fix_form": FixForm(),
        **forms_,
    }
    return render(request, "learning/incident.html", context, status=status)


def _incident(request: HttpRequest, pk: int) -> Incident:
    return get_object_or_404(Incident.objects.visible_to(request.user).select_related("fixed_by"), pk=pk)
