"""The inbox: the views with their counts, the list, and the ticket beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from helpdesk import composing, inbox, macros, profile, snoozing, thread
from helpdesk.access import AgentRequest, agent_required
from helpdesk.finding.grammar import FILTERS
from helpdesk.finding.meaning import understand
from helpdesk.models import AgentSettings, Attachment, Customer, DeskMark, HeldReply, Macro, Notification, Team, Ticket, Unsent, User
from helpdesk.views import attachments

LIST = "helpdesk/inbox.html"
TICKET = "helpdesk/ticket.html"
HEAD = "helpdesk/_ticket_head.html"
COMPOSER = "helpdesk/_composer.html"
PICKED = 100  # macros in the list that there is without scripts


@require_safe
@agent_required
def home(request: AgentRequest) -> HttpResponse:
    return redirect("inbox:list", view="all")


@require_safe
@agent_required
def listing(request: AgentRequest, view: str) -> HttpResponse:
    part = {"results": "refreshed", "more": "rows"}.get(fragment(request))
    try:
        context = list_context(request, view)
    except inbox.BadCursor:
        found = view_named(view, request.user)
        return render(request, f"{LIST}#bad-cursor" if part else "helpdesk/bad_cursor.html", {"view": found}, status=400)
    return answer(request, f"{LIST}#{part}" if part else LIST, context)


@require_safe
@agent_required
def show(request: AgentRequest, view: str, number: int) -> HttpResponse:
    ticket = visible(request, number)
    before = whole(request.GET.get("before"))
    if fragment(request) == "earlier":
        return answer(
            request,
            f"{TICKET}#earlier",
            {"thread": thread.latest(ticket, agent=request.user, before=before), **place(request, view, ticket)},
        )
    if not before:
        ticket.mark_read(request.user)
        Notification.clear(request.user, ticket)
    context = ticket_context(request, ticket, view, before=before)
    if fragment(request) == "thread":
        return answer(request, f"{TICKET}#opened", context)
    return answer(request, LIST, {**list_context(request, view), **context})


@require_safe
@agent_required
def by_number(request: AgentRequest, number: int) -> HttpResponse:
    return redirect("inbox:show", view="all", number=visible(request, number).pk)


# --- What the pages are made of, for the views beside this one ---------------------------------------------------------


def visible(request: AgentRequest, number: int) -> Ticket:
    """Only through the door: a private team's ticket does not exist for others."""
    found = (
        Ticket.objects.visible_to(request.user)
        .select_related("customer__organisation", "organisation", "assignee", "team")
        .filter(pk=number)
        .first()
    )
    if found is None:
        raise Http404("There is no such ticket.")
    return found


def list_context(request: AgentRequest, slug: str) -> dict[str, Any]:
    view = view_named(slug, request.user)
    sort = request.GET.get("sort", "newest")
    sort = sort if sort in view.sorts else "newest"
    words = asked_for(view, request.GET.get("q", "").strip())
    size = min(max(whole(request.GET.get("shown")), inbox.PAGE), inbox.MOST_SHOWN)
    meaning = understand(words, agent=request.user) if words else None
    saved = inbox.saved_views(request.user)
    counts = inbox.counts(request.user, saved)
    return {
        "page": inbox.page(
            view.tickets(request.user), agent=request.user, sort=sort, after=request.GET.get("after", ""), size=size, meaning=meaning
        ),
        "problems": meaning.problems if meaning else [],
        "filters": FILTERS.items(),
        "views": [(each, counts[each.slug]) for each in inbox.VIEWS.values() if each.listed],
        "saved_views": [(each, counts[each.slug]) for each in saved],
        "count": counts.get(slug),
        "with_assistant": counts["assistant"],
        "sort": sort,
        "sort_name": inbox.SORTS[sort],
        "other_sort": next((each for each in view.sorts if each != sort), None),
        "is_first_page": not request.GET.get("after"),
        "density": AgentSettings.of(request.user).density,
        **place(request, slug),
    }


def asked_for(view: inbox.View, words: str) -> str:
    """Within a saved view a search narrows it further: both are one question."""
    return f"{view.query} {words}".strip()


def ticket_context(
    request: AgentRequest, ticket: Ticket, slug: str, *, before: int = 0, form: composing.MessageForm | None = None, **more: Any
) -> dict[str, Any]:
    had = DeskMark.of(ticket, request.user)
    earlier = profile.earlier(ticket.customer, besides=ticket, agent=request.user)
    head = head_context(request, ticket)
    mine = [each for each in head["unsent"] if each.user == request.user]
    return {
        **head,
        "thread": thread.latest(ticket, agent=request.user, before=before),
        "is_latest": not before,
        "held": held_of(ticket),
        "may_have_draft": ticket.state == Ticket.State.OPEN and not ticket.is_with_assistant and ticket.waiting_since is not None,
        **composer_context(request.user, ticket, mine, form),
        "had_json": json.dumps(had),
        "customer": ticket.customer,
        "earlier_tickets": [(each, *profile.outcome(each), profile.solution(each)) for each in earlier],
        "trail": profile.trail(ticket),
        "here": profile.here(ticket.customer) if ticket.channel == Ticket.Channel.CHAT else None,
        "product": profile.product(ticket),
        "local_time": profile.local_time(ticket.customer),
        "traits": profile.traits(ticket.customer),
        "organisation_traits": profile.traits(ticket.organisation),
        **place(request, slug, ticket),
        **more,
    }


def composer_context(agent: User, ticket: Ticket, mine: Sequence[Unsent], form: composing.MessageForm | None = None) -> dict[str, Any]:
    """The composer, with what this agent wrote before (`mine`)."""
    files = {each.kind: attachments.unsent(each.attachments, agent) if each.attachments else [] for each in mine}
    return {
        "ticket": ticket,
        "form": form or composing.begun(ticket, mine),
        "customer": ticket.customer,
        "kept": list(mine) if form is None else [],
        "also": [each.first_name for each in Customer.objects.copied(ticket)],
        "has_llm": bool(settings.LLM_PROVIDER),
        "used": used_macro(agent, form),
        "macros": macros.found(agent, "")[:PICKED],
        "today": f"{timezone.localdate():%Y%m%d}",
        "kept_json": json.dumps({each.kind: _kept(each, files[each.kind]) for each in mine}),
        "attached": files.get("reply") or files.get("note") if form is None and len(mine) < 2 else files.get("reply", []),
    }


def _kept(unsent: Unsent, files: Sequence[Attachment]) -> dict[str, Any]:
    """What a script needs to show it, and to notice when another place changes it."""
    rows = "".join(render_to_string("ui/attached.html", {"attachment": each}) for each in files)
    return {"body": unsent.body, "draft": unsent.draft, "rev": unsent.rev, "files": rows}


def used_macro(agent: User, form: composing.MessageForm | None) -> Macro | None:
    """The one that will be applied when this is sent."""
    pk = whole(str(form["macro"].value() or "")) if form else 0
    return Macro.objects.visible_to(agent).with_people().filter(pk=pk).first() if pk else None


def head_context(request: AgentRequest, ticket: Ticket) -> dict[str, Any]:
    """The ticket's head with its menus, and who is writing in it."""
    unsent = list(Unsent.objects.filter(ticket=ticket).select_related("user").order_by("is_note"))
    return {
        "ticket": ticket,
        "unsent": unsent,
        "writers": list(dict.fromkeys(each.user for each in unsent if each.user != request.user)),
        "agents": people_for(ticket),
        "teams": list(Team.objects.all()),
        "priorities": Ticket.Priority.choices,
        "snoozes": snoozing.presets(),
    }


def held_of(ticket: Ticket) -> list[tuple[HeldReply, int]]:
    """Replies that can still be taken back, and for how many seconds."""
    now = timezone.now()
    waiting = HeldReply.objects.filter(ticket=ticket).select_related("user")
    return [(each, max(0, math.ceil((each.due_at - now).total_seconds()))) for each in waiting]


def people_for(ticket: Ticket) -> list[User]:
    """Who may be given it: where the team is private, only who can see it."""
    agents = User.objects.filter(is_active=True)
    if ticket.team and ticket.team.is_private:
        agents = agents.filter(teams=ticket.team) | agents.filter(role=User.Role.ADMIN)
    return list(agents.distinct())


def place(request: AgentRequest, slug: str, ticket: Ticket | None = None) -> dict[str, Any]:
    """Where the agent is, so that each link leads back there."""
    view, kept = view_named(slug, request.user), {}
    if (sort := request.GET.get("sort", "newest")) != "newest" and sort in view.sorts:
        kept["sort"] = sort
    if words := request.GET.get("q", ""):
        kept["q"] = words
    return {"view": view, "q": words, "query": f"?{urlencode(kept)}" if kept else "", "ticket": ticket}


def view_named(slug: str, agent: User) -> inbox.View:
    if (view := inbox.view_for(slug, agent)) is None:
        raise Http404("There is no such view.")
    return view


def fragment(request: AgentRequest) -> str:
    """The id of what htmx will replace; empty when the whole page is wanted."""
    return request.htmx.target or "" if request.htmx and not request.htmx.history_restore_request else ""


def answer(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    response["Cache-Control"] = "no-store"
    return response


def whole(text: str | None) -> int:
    """A whole number from an address; anything else is as good as none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0
