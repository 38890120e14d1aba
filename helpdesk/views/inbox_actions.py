"""What is done to a ticket from its head: each a noun, made by POST and undone by DELETE (or `_method=delete` from a form)."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from helpdesk import inbox, snoozing
from helpdesk.access import AgentRequest, agent_required
from helpdesk.models import Team, Ticket
from helpdesk.views.inbox import HEAD, answer, head_context, people_for, place, visible, whole

made_or_undone = require_http_methods(["POST", "DELETE"])


@made_or_undone
@agent_required
def closure(request: AgentRequest, number: int) -> HttpResponse:
    ticket = visible(request, number)
    if undoes(request):
        ticket.reopen(by=request.user)
        return done(request, ticket, f"{ticket.pk} is open again")
    ticket.resolve(by=request.user)
    return done(request, ticket, f"Resolved {ticket.pk}", undo=reverse("inbox:closure", args=[ticket.pk]))


@made_or_undone
@agent_required
def assignment(request: AgentRequest, number: int) -> HttpResponse:
    """`to=me`, `to=<user id>`, `team=<team id>`; undone, nobody looks after it."""
    ticket = visible(request, number)
    to, team = request.POST.get("to", ""), request.POST.get("team", "")
    if undoes(request):
        ticket.assign(by=request.user)
        return done(request, ticket, f"Nobody looks after {ticket.pk} now")
    if team:
        found = Team.objects.filter(pk=whole(team)).first()
        if found is None:
            return refused(request, ticket, "There is no such team.")
        ticket.assign(team=found, by=request.user)
        return done(request, ticket, f"{ticket.pk} is with {found.name} now")
    person = request.user if to == "me" else next((agent for agent in people_for(ticket) if agent.pk == whole(to)), None)
    if person is None:
        return refused(request, ticket, "This person cannot look after it: the ticket would not be visible to them.")
    ticket.assign(to=person, by=request.user)
    return done(request, ticket, f"{ticket.pk} is yours" if person == request.user else f"{ticket.pk} is with {person.first_name} now")


@made_or_undone
@agent_required
def holding(request: AgentRequest, number: int) -> HttpResponse:
    """Who answers: taken over by this agent; undone, handed back to the assistant."""
    ticket = visible(request, number)
    if undoes(request):
        handed = ticket.hand_back(by=request.user)
        return done(request, ticket, f"The assistant goes on with {ticket.pk}" if handed else "")
    return done(request, ticket, f"{ticket.pk} is yours" if ticket.take_over(by=request.user) else "")


@made_or_undone
@agent_required
def tags(request: AgentRequest, number: int) -> HttpResponse:
    ticket = visible(request, number)
    tag = (request.POST.get("tag") or request.GET.get("tag") or "").strip()
    if not tag:
        return refused(request, ticket, "Write the tag first.")
    if undoes(request):
        ticket.tag(remove=[tag], by=request.user)
    else:
        ticket.tag(add=tag.split(","), by=request.user)
    return done(request, ticket)


@require_POST
@agent_required
def priority(request: AgentRequest, number: int) -> HttpResponse:
    ticket = visible(request, number)
    wanted = request.POST.get("priority", "")
    if wanted not in Ticket.Priority.values:
        return refused(request, ticket, "There is no such priority.")
    ticket.prioritise(wanted, by=request.user)
    return done(request, ticket)


@made_or_undone
@agent_required
def snooze(request: AgentRequest, number: int) -> HttpResponse:
    ticket = visible(request, number)
    if undoes(request):
        ticket.wake()
        return done(request, ticket, f"{ticket.pk} is back")
    preset = next((each for each in snoozing.presets() if each.slug == request.POST.get("until")), None)
    if preset is None:
        return refused(request, ticket, "Choose when it should come back.")
    ticket.snooze(until=preset.until, by=request.user)
    return done(request, ticket, f"{ticket.pk} comes back: {preset.name.lower()}", undo=reverse("inbox:snooze", args=[ticket.pk]))


@made_or_undone
@agent_required
def spam(request: AgentRequest, number: int) -> HttpResponse:
    ticket = visible(request, number)
    if undoes(request):
        ticket.reopen(by=request.user)
        return done(request, ticket, f"{ticket.pk} is not spam")
    ticket.mark_spam(by=request.user)
    return done(request, ticket, f"{ticket.pk} is spam", undo=reverse("inbox:spam", args=[ticket.pk]))


# --- Shared -----------------------------------------------------------------------------------------------------------


def undoes(request: AgentRequest) -> bool:
    return request.method == "DELETE" or request.POST.get("_method") == "delete"


def chosen_view(request: AgentRequest) -> str:
    """The view the agent works in; whatever else is sent means all open tickets."""
    wanted = request.POST.get("view") or request.GET.get("view") or ""
    return wanted if wanted in inbox.VIEWS else "all"


def done(request: AgentRequest, ticket: Ticket, words: str = "", *, undo: str = "") -> HttpResponse:
    """The head as it is now. Whoever gave the ticket to a team they are not in goes back to the list."""
    view = chosen_view(request)
    if not Ticket.objects.visible_to(request.user).filter(pk=ticket.pk).exists():
        messages.success(request, words)
        url = reverse("inbox:list", args=[view])
        return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
    if chats := request.GET.getlist("chat"):
        return redirect(f"{reverse('live:feed')}?{urlencode({'chat': chats}, doseq=True)}")
    if request.htmx:
        return changed(answer(request, HEAD, {**place(request, view, ticket), **head_context(request, ticket)}), words, undo)
    if words:
        messages.success(request, words)
    return redirect("inbox:show", view=view, number=ticket.pk)


def changed(response: HttpResponse, words: str = "", undo: str = "") -> HttpResponse:
    """Tells the page to catch up with list, counts and thread, and what to say about it."""
    if words:
        trigger_client_event(response, "inbox:done", {"words": words, "undo": undo})
    return trigger_client_event(response, "inbox:changed")


def refused(request: AgentRequest, ticket: Ticket, words: str) -> HttpResponse:
    """Nothing was done, and why."""
    if not request.htmx:
        messages.error(request, words)
        return redirect("inbox:show", view=chosen_view(request), number=ticket.pk)
    response = HttpResponse(status=422, headers={"HX-Reswap": "none"})
    return trigger_client_event(response, "inbox:done", {"words": words, "undo": "", "failed": True})
