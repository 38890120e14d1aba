"""What is said in a ticket: sent from the composer, fetched by open screens."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as notices
from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk import composing, thread
from helpdesk.access import AgentRequest, agent_required
from helpdesk.models import Ticket, Unsent
from helpdesk.models.unsent import Elsewhere
from helpdesk.views.inbox import (
    COMPOSER,
    LIST,
    TICKET,
    answer,
    composer_context,
    head_context,
    list_context,
    place,
    ticket_context,
    visible,
    whole,
)
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
    return answer(
        request, f"{TICKET}#news", {**place(request, chosen_view(request), ticket), **head_context(request, ticket), "thread": news}
    )


def _say(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    form = composing.MessageForm(request.POST)
    if request.POST.get("then") == "edit":
        return _ask_again(request, ticket, form, status=200)
    if request.POST.get("then") == "keep":
        return _keep(request, ticket, form)
    missed: composing.Stale | None = None
    if form.is_valid():
        try:
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
        context = {
            **place(request, view, ticket),
            **composer_context(ticket, mine(request, ticket), composing.blank(ticket)),
            "focus": True,
        }
        return changed(answer(request, COMPOSER, context))
    return redirect("inbox:show", view=view, number=ticket.pk)


def _ask_again(request: AgentRequest, ticket: Ticket, form: composing.MessageForm, *, status: int, missed: Any = None) -> HttpResponse:
    """The composer with everything that was typed, saying why it was not sent."""
    view = chosen_view(request)
    more = {"missed": missed, "focus": True}
    if request.htmx:
        context = {**place(request, view, ticket), **composer_context(ticket, mine(request, ticket), form), **more}
        return answer(request, COMPOSER, context, status=status)
    return answer(request, LIST, {**list_context(request, view), **ticket_context(request, ticket, view, form=form, **more)}, status=status)


# --- What is not sent yet -----------------------------------------------------------------------------------------------


@require_POST
@agent_required
def unsent(request: AgentRequest, number: int) -> HttpResponse:
    """`kind`, `body`, `draft`, and `rev`: what this place knows to be kept. Answers with the new `rev`; 409 and the other words when it knew less."""
    ticket = visible(request, number)
    kind, sent = request.POST.get("kind"), request.POST.get("client_msg_id", "")
    if kind not in {"reply", "note"}:
        return JsonResponse({"error": "A reply or a note?"}, status=400)
    if ticket.already_said(sent):  # it came late, and what it keeps has been sent meanwhile
        return JsonResponse({"rev": 0})
    words = {"by": request.user, "is_note": kind == "note", "draft": whole(request.POST.get("draft")) or None}
    try:
        kept = Unsent.keep(ticket, request.POST.get("body", ""), rev=whole(request.POST.get("rev")), **words)
    except ValidationError as error:
        return JsonResponse({"error": error.messages[0]}, status=400)
    except Elsewhere as elsewhere:
        other = elsewhere.kept
        return JsonResponse({"rev": other.rev if other else 0, "body": other.body if other else ""}, status=409)
    return JsonResponse({"rev": kept.rev if kept else 0})


def _keep(request: AgentRequest, ticket: Ticket, form: composing.MessageForm) -> HttpResponse:
    """By hand, where no script does it."""
    known = next((each for each in mine(request, ticket) if each.is_note == form.is_note), None)
    try:
        Unsent.keep(ticket, request.POST.get("body", ""), by=request.user, is_note=form.is_note, rev=known.rev if known else 0)
    except ValidationError as error:
        form.is_valid()
        form.add_error("body", error)
        return _ask_again(request, ticket, form, status=422)
    notices.success(request, "Kept. Nobody but you can read it.")
    return redirect("inbox:show", view=chosen_view(request), number=ticket.pk)


def mine(request: AgentRequest, ticket: Ticket) -> list[Unsent]:
    return list(Unsent.objects.filter(ticket=ticket, user=request.user))
