"""What is said in a ticket: sent from the composer, fetched by open screens."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as notices
from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk import composing, macros, thread
from helpdesk.access import AgentRequest, agent_required
from helpdesk.models import DeskMark, Event, HeldReply, Macro, Ticket, Unsent
from helpdesk.models.held import say_at_once
from helpdesk.models.unsent import Elsewhere
from helpdesk.views import attachments
from helpdesk.views.inbox import (
    COMPOSER,
    LIST,
    TICKET,
    answer,
    composer_context,
    head_context,
    held_of,
    list_context,
    place,
    ticket_context,
    visible,
    whole,
)
from helpdesk.views.inbox_actions import changed, chosen_view, done, refused, undoes

OTHERWISE = "An earlier version of this was sent already. Your new text is kept below: send it again to add it as another message."


@require_http_methods(["GET", "POST"])
@agent_required
def messages(request: AgentRequest, number: int) -> HttpResponse:
    ticket = visible(request, number)
    return _say(request, ticket) if request.method == "POST" else _since(request, ticket)


def _since(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """What came after `?after=<seq>&event=<id>`, with the ticket's head as it is now."""
    say_at_once(ticket, at=timezone.now(), only_due=True)  # whoever counts the seconds down need not wait for a worker
    news = thread.since(ticket, agent=request.user, seq=whole(request.GET.get("after")), event=whole(request.GET.get("event")))
    if "seen" in request.GET and news.last_seq:
        ticket.mark_read(request.user)
    return answer(
        request,
        f"{TICKET}#news",
        {**place(request, chosen_view(request), ticket), **head_context(request, ticket), "thread": news, "held": held_of(ticket)},
    )


def _say(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    form = composing.MessageForm(request.POST)
    if request.POST.get("then") == "edit":
        return _ask_again(request, ticket, form, status=200)
    if request.POST.get("then") == "keep":
        return _keep(request, ticket, form)
    if request.POST.get("then") == "macro":
        return _insert(request, ticket, form)
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


def _insert(request: AgentRequest, ticket: Ticket, form: composing.MessageForm) -> HttpResponse:
    """A macro chosen from the list, where no script opens the menu."""
    if macro := Macro.objects.visible_to(request.user).filter(pk=whole(request.POST.get("pick"))).first():
        form.insert(macro, macros.render(macro.body, ticket=ticket, agent=request.user))
    return _ask_again(request, ticket, form, status=200)


def _sent(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    view = chosen_view(request)
    if request.htmx:
        context = {
            **place(request, view, ticket),
            **composer_context(request.user, ticket, mine(request, ticket), composing.blank(ticket)),
            "focus": True,
        }
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
        context = {**place(request, view, ticket), **composer_context(request.user, ticket, mine(request, ticket), form), **more}
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
    desk: dict[str, Any] = {"desk": request.POST.get("desk", "").replace("\x00", ""), "count": whole(request.POST.get("count"))}
    if (
        ticket.already_said(sent) or ticket.held.filter(client_msg_id=sent).exclude(client_msg_id="").exists()
    ):  # it came late, and what it keeps has been sent meanwhile
        DeskMark.put(ticket, by=request.user, is_note=kind == "note", **desk)
        return JsonResponse({"rev": 0})
    body, rev, draft = request.POST.get("body", ""), whole(request.POST.get("rev")), whole(request.POST.get("draft")) or None
    try:
        files = [key for key in request.POST.get("attachments", "").split(",") if key]
        kept = Unsent.keep(ticket, body, by=request.user, is_note=kind == "note", rev=rev, draft=draft, attachments=files, **desk)
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


# --- Sent, and how far it came ------------------------------------------------------------------------------------------


@require_http_methods(["POST", "DELETE"])
@agent_required
def held(request: AgentRequest, number: int, pk: int) -> HttpResponse:
    """Taken back (DELETE): its words are in the composer again. Once it has been said there is nothing to take back."""
    ticket = visible(request, number)
    reply = HeldReply.objects.filter(ticket=ticket, user=request.user, pk=pk).select_related("user").first()
    if reply is not None:
        reply.ticket = ticket
    if not undoes(request):
        if reply is not None:
            reply.say(at=timezone.now())
        return done(request, ticket)
    if reply is None or not reply.take_back(by=request.user, at=timezone.now()):
        return refused(request, ticket, "It was sent already.")
    words = {"body": reply.body, "kind": "reply", "draft": str(reply.draft or ""), "macro": str(reply.macro or "")}
    form = composing.MessageForm(QueryDict(urlencode({**words, **({"teach": "on"} if reply.teach else {})})))
    form.attachments = reply.attachments
    form.renew(seen_seq=ticket.last_seq)
    return changed(_ask_again(request, ticket, form, status=200))


@require_http_methods(["GET", "POST"])
@agent_required
def delivery(request: AgentRequest, number: int, seq: int) -> HttpResponse:
    """How far the mails of a message have come; POST tries those again that failed."""
    ticket = visible(request, number)
    message = get_object_or_404(ticket.messages.public(), seq=seq)
    rows = thread.deliveries([message]).get(message.pk, [])
    if request.method == "POST":
        for row in rows:
            if row.has_failed:
                row.retry()
                Event.record("delivery.retried", by=request.user, ticket=ticket, at=timezone.now(), message=message.pk, outbox=row.pk)
        if not request.htmx:
            return redirect("inbox:show", view=chosen_view(request), number=ticket.pk)
    return answer(request, "helpdesk/_delivery.html", {"message": message, "deliveries": rows, "ticket": ticket})


def mine(request: AgentRequest, ticket: Ticket) -> list[Unsent]:
    return list(Unsent.objects.filter(ticket=ticket, user=request.user))
