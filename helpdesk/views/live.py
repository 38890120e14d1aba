"""What is going on just now, and several chats side by side. What is said and done there goes to the inbox's own addresses."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from helpdesk import feed
from helpdesk.access import AgentRequest, agent_required
from helpdesk.models import Message, Team, Ticket
from helpdesk.views.inbox import answer, fragment, people_for, visible, whole

PAGE = "helpdesk/live.html"
CHATS = 4  # side by side
SHOWN = 40  # messages of each


@require_safe
@agent_required
def listing(request: AgentRequest) -> HttpResponse:
    """`?chat=12&chat=15`: these are open."""
    numbers = chosen(request)
    held, people = feed.both(request.user)
    context: dict[str, Any] = {"held": held, "people": people, "numbers": numbers}
    if fragment(request) != "feed":
        open_ones = [visible_or_none(request, number) for number in numbers]
        context["chats"] = [chat_context(request, ticket) for ticket in open_ones if ticket is not None]
    part = "#feed" if fragment(request) == "feed" else ""
    return answer(request, f"{PAGE}{part}", context)


@require_safe
@agent_required
def chat(request: AgentRequest, number: int) -> HttpResponse:
    """One of them, for a page that has it open or opens it. 204: it is as the page shows it (`?version=`)."""
    ticket = visible(request, number)
    if not request.htmx:
        return redirect(f"{reverse('live:feed')}?{urlencode({'chat': number})}")
    context = chat_context(request, ticket)
    if context["version"] == request.GET.get("version"):
        return HttpResponse(status=204)
    return answer(request, f"{PAGE}#chat", {"chat": context})


def chat_context(request: AgentRequest, ticket: Ticket) -> dict[str, Any]:
    said = Message.objects.visible_to(request.user).filter(ticket=ticket).select_related("user", "customer")
    messages = list(said.prefetch_related("attachments").order_by("-seq")[:SHOWN])[::-1]
    ticket.mark_read(request.user)
    live = feed.one(ticket)
    shown = (ticket.last_seq, ticket.handler, ticket.state, ticket.assignee_id, ticket.customer_read_seq, live.is_here, live.mood.level)
    return {
        "live": live,
        "ticket": ticket,
        "messages": messages,
        "receipt": next((each for each in reversed(messages) if not each.is_note and each.author != Message.Author.CUSTOMER), None),
        "agents": people_for(ticket),
        "teams": list(Team.objects.all()),
        "client_msg_id": str(uuid4()),
        "version": "-".join(map(str, shown)),
    }


def chosen(request: AgentRequest) -> list[int]:
    numbers = [whole(text) for text in request.GET.getlist("chat")]
    return [number for number in dict.fromkeys(numbers) if number][:CHATS]


def visible_or_none(request: AgentRequest, number: int) -> Ticket | None:
    tickets = Ticket.objects.visible_to(request.user).select_related("customer__organisation", "organisation", "assignee", "team")
    return tickets.filter(pk=number).first()
