"""Merging a ticket into another one, and splitting a message off into one of its own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from helpdesk import splitting
from helpdesk.access import AgentRequest, agent_required
from helpdesk.finding import results
from helpdesk.finding.meaning import understand
from helpdesk.models import Ticket
from helpdesk.views.inbox import answer, place, visible, whole
from helpdesk.views.inbox_actions import chosen_view, done, refused, undoes

OFFERED = 8


@require_http_methods(["GET", "POST", "DELETE"])
@agent_required
def merger(request: AgentRequest, number: int) -> HttpResponse:
    """GET: into which one? POST `into`, `shares`; undone, it is a ticket of its own again."""
    ticket = visible(request, number)
    if request.method == "GET":
        return sheet(request, "helpdesk/_merge_form.html", "Merge into another ticket", ticket, candidates=_candidates(request, ticket))
    if undoes(request):
        ticket.unmerge(by=request.user)
        return done(request, ticket, f"{ticket.pk} is a ticket of its own again")
    target = (
        Ticket.objects.visible_to(request.user).select_related("customer", "merged_into").filter(pk=whole(request.POST.get("into"))).first()
    )
    if target is None:
        return refused(request, ticket, "There is no such ticket.")
    try:
        ticket.merge_into(target, by=request.user, shares=bool(request.POST.get("shares")))
    except ValidationError as error:
        return refused(request, ticket, error.messages[0])
    messages.success(request, f"{ticket.pk} goes on in {ticket.merged_into_id}", extra_tags=reverse("inbox:merger", args=[ticket.pk]))
    return redirect("inbox:show", view=chosen_view(request), number=ticket.merged_into_id or ticket.pk)


@require_http_methods(["GET", "POST"])
@agent_required
def split(request: AgentRequest, number: int, seq: int) -> HttpResponse:
    ticket = visible(request, number)
    message = get_object_or_404(ticket.messages.select_related("customer", "ticket__customer"), seq=seq)
    if request.method == "GET":
        return sheet(request, "helpdesk/_split_form.html", "Split off into a new ticket", ticket, message=message)
    try:
        new = splitting.split(message, by=request.user, subject=request.POST.get("subject", ""))
    except ValidationError as error:
        return refused(request, ticket, error.messages[0])
    return redirect("inbox:show", view="everything", number=new.pk)


def sheet(request: AgentRequest, body: str, title: str, ticket: Ticket, *, status: int = 200, **more: Any) -> HttpResponse:
    """A form about a ticket: in a dialog over it, or on a page of its own."""
    context = {**place(request, chosen_view(request), ticket), "sheet": body, "title": title, **more}
    return answer(request, "helpdesk/sheet.html#sheet" if request.htmx else "helpdesk/sheet.html", context, status=status)


def _candidates(request: AgentRequest, ticket: Ticket) -> list[Ticket]:
    """What is looked for; else the other tickets of the same customer and their colleagues, the newest first."""
    tickets = Ticket.objects.visible_to(request.user).filter(merged_into=None).exclude(pk=ticket.pk).exclude(state=Ticket.State.SPAM)
    if words := request.GET.get("q", "").strip():
        meaning = understand(words, agent=request.user)
        if meaning.number is not None:
            return list(tickets.filter(pk=meaning.number).with_people())
        return list(results.matching(tickets, meaning, request.user).with_people().newest_first()[:OFFERED])
    theirs = tickets.filter(customer=ticket.customer).with_people().newest_first()[:OFFERED]
    found = list(theirs)
    if ticket.organisation_id and len(found) < OFFERED:
        colleagues = tickets.filter(organisation=ticket.organisation_id).exclude(customer=ticket.customer_id)
        found += colleagues.with_people().newest_first()[: OFFERED - len(found)]
    return found
