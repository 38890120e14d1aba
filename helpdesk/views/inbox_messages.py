"""What is said in a ticket: sent from the composer, fetched by open screens."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from helpdesk import composing, thread
from helpdesk.access import AgentRequest, agent_required
from helpdesk.models import Ticket
from helpdesk.views import attachments
from helpdesk.views.inbox import COMPOSER, LIST, TICKET, answer, head_context, list_context, place, ticket_context, visible, whole
from helpdesk.views.inbox_actions import changed, chosen_view

OTHERWISE = "An earlier version of this was sent already. Your new text is kept below: send it again to add it as another message."


@require_http_methods(["GET", "POST"])
@agent_required
def messages(request: AgentRequest, number: int) -> HttpResponse:
    ticket = visible(request, number)
    return _say(request, ticket) if request.method == "POST" else _since(request, ticket)


def _since(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """What came after `?after=<seq>&event=<id>`, with the ticket's head as it is now."""
    news = thread.since(ticket, agent=request.user, seq=whole(request.GET.get("after")), event=whole(request.GET.get("event")))
    if "seen" in request.GET and news.last_seq:
        ticket.mark_read(request.user)
    return answer(request, f"{TICKET}#news", {**place(request, chosen_view(request), ticket), **head_context(ticket), "thread": news})


def _say(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    form = composing.MessageForm(request.POST)
    if request.POST.get("then") == "edit":
        return _ask_again(request, ticket, form, status=200)
    missed: composing.Stale | None = None
    if form.is_valid():
        try:
            form.attachments = attachments.received(request, request.user)
            composing.send(ticket, form, by=request.user)
        except ValidationError as error:
            form.add_error("body", error)
        except composing.SentOtherwise:
            form.renew(seen_seq=ticket.last_seq, fresh_id=True)
            form.add_error("body", OTHERWISE)
        except composing.Stale as stale:
            form.renew(seen_seq=ticket.last_seq)
            missed = stale
        else:
            return _sent(request, ticket)
    return _ask_again(request, ticket, form, missed=missed, status=422)


def _sent(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    view = chosen_view(request)
    if request.htmx:
        context = {**place(request, view, ticket), "form": composing.blank(ticket), "customer": ticket.customer, "focus": True}
        return changed(answer(request, COMPOSER, context))
    if chats := request.GET.getlist("chat"):
        return redirect(f"{reverse('live:feed')}?{urlencode({'chat': chats}, doseq=True)}")
    return redirect("inbox:show", view=view, number=ticket.pk)


def _ask_again(request: AgentRequest, ticket: Ticket, form: composing.MessageForm, *, status: int, missed: Any = None) -> HttpResponse:
    """The composer with everything that was typed, saying why it was not sent."""
    view = chosen_view(request)
    attached = attachments.unsent(form.attachments or request.POST.getlist("attachments"), request.user)
    more = {"missed": missed, "focus": True, "attached": attached}
    if request.htmx:
        return answer(request, COMPOSER, {**place(request, view, ticket), "form": form, "customer": ticket.customer, **more}, status=status)
    return answer(request, LIST, {**list_context(request, view), **ticket_context(request, ticket, view, form=form, **more)}, status=status)
