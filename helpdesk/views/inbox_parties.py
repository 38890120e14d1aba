"""Who a ticket is about, who is in copy, to whom a message is forwarded, and which colleagues a note can call."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk.access import AgentRequest, agent_required
from helpdesk.formatting import clean_line
from helpdesk.models import Customer, Team, Ticket, find_or_create_customer
from helpdesk.models.parties import clean_address
from helpdesk.views.inbox import answer, people_for, visible, whole
from helpdesk.views.inbox_actions import chosen_view, undoes
from helpdesk.views.inbox_merging import sheet

OFFERED = 8


@require_http_methods(["GET", "POST", "DELETE"])
@agent_required
def copies(request: AgentRequest, number: int) -> HttpResponse:
    """GET: who gets the replies. POST `email` copies somebody in; undone, `customer` is left out."""
    ticket = visible(request, number)
    if request.method == "GET":
        return _people(request, ticket)
    if undoes(request):
        left = Customer.objects.filter(pk=whole(request.POST.get("customer") or request.GET.get("customer"))).first()
        if left and ticket.leave_out(left, by=request.user):
            messages.success(request, f"{left.name} gets no more copies")
        return _back(request, ticket)
    try:
        joined = ticket.copy_in(request.POST.get("email", ""), by=request.user)
    except ValidationError as error:
        return _people(request, ticket, fault=error.messages[0])
    messages.success(request, f"{joined.customer.name} gets every reply from now on" if joined else "They get the replies already")
    return _back(request, ticket)


@require_POST
@agent_required
def requester(request: AgentRequest, number: int) -> HttpResponse:
    ticket = visible(request, number)
    try:
        to = find_or_create_customer(clean_address(request.POST.get("email", "")))
    except ValidationError as error:
        return _people(request, ticket, fault=error.messages[0])
    shares, keeps_copy = (bool(request.POST.get(name)) for name in ("shares", "keeps_copy"))
    if ticket.change_requester(to, by=request.user, subject=request.POST.get("subject", ""), shares=shares, keeps_copy=keeps_copy):
        messages.success(request, f"{ticket.pk} is {to.name}’s now")
    return _back(request, ticket)


@require_http_methods(["GET", "POST"])
@agent_required
def forwarding(request: AgentRequest, number: int, seq: int) -> HttpResponse:
    ticket = visible(request, number)
    message = get_object_or_404(ticket.messages.public().select_related("user", "customer", "ticket"), seq=seq)
    if request.method == "GET":
        return sheet(request, "helpdesk/_forward_form.html", "Forward this message", ticket, message=message)
    try:
        ticket.forward(message, to=request.POST.get("to", ""), body=request.POST.get("body", ""), by=request.user)
    except ValidationError as error:
        more = {"message": message, "fault": error.messages[0], "to": request.POST.get("to", ""), "words": request.POST.get("body", "")}
        return sheet(request, "helpdesk/_forward_form.html", "Forward this message", ticket, status=422, **more)
    messages.success(request, "Forwarded")
    return _back(request, ticket)


@require_safe
@agent_required
def colleagues(request: AgentRequest, number: int) -> HttpResponse:
    """For the menu that an at sign opens in a note: those who may see the ticket, and teams."""
    ticket, words = visible(request, number), clean_line(request.GET.get("q", ""), limit=40).casefold()
    fits = [each for each in people_for(ticket) if each.pk != request.user.pk and words in each.name.casefold()]
    teams = [each for each in Team.objects.all() if words in each.name.casefold()]
    return answer(request, "helpdesk/_colleague_offers.html", {"people": fits[:OFFERED], "teams": teams[: OFFERED - len(fits[:OFFERED])]})


def _people(request: AgentRequest, ticket: Ticket, *, fault: str = "") -> HttpResponse:
    context = {"copies": list(ticket.participants.select_related("customer")), "fault": fault, "typed": request.POST.get("email", "")}
    return sheet(request, "helpdesk/_people_form.html", "Who gets the replies", ticket, status=422 if fault else 200, **context)


def _back(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    return redirect("inbox:show", view=chosen_view(request), number=ticket.pk)
