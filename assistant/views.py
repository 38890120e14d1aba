"""The draft an agent is offered, and why the assistant did what it did."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assistant import beside, llm, summing, wording
from assistant.drafting import draft_for
from assistant.models import Draft, Rewriting
from assistant.rewriting import LIMIT, WAYS
from assistant.tasks import rewrite
from assistant.why import why
from helpdesk import nudge
from helpdesk.access import AgentRequest, agent_required
from helpdesk.formatting import clean_line
from helpdesk.models import Article, Audience, Event, Message, Ticket, User
from learning.gap_views import may_write
from learning.masking import mask
from learning.models import Audit, Decision, LearnedResolution
from learning.models.gap import free_slug


@require_GET
@agent_required
def draft(request: AgentRequest, number: int) -> HttpResponse:
    """The newest draft. Made now when the worker has not come to it yet and no model has to be waited for."""
    ticket = get_object_or_404(Ticket.objects.visible_to(request.user), pk=number)
    ready = Draft.objects.ready().filter(ticket=ticket).select_related("decision", "message").order_by("-pk").first()
    if ready is None and not llm.is_configured():
        ready = draft_for(ticket, at=timezone.now())
    if ready is None:
        return HttpResponse("")
    reasons = why(ready.decision, for_agents=True) if ready.decision else None
    return render(request, "assistant/_draft.html", {"draft": ready, "ticket": ticket, "why": reasons, "client_msg_id": uuid4()})


@require_POST
@agent_required
def dismissal(request: AgentRequest, number: int) -> HttpResponse:
    """“Not useful.”"""
    ticket = get_object_or_404(Ticket.objects.visible_to(request.user), pk=number)
    for ready in Draft.objects.ready().filter(ticket=ticket):
        ready.dismiss()
    if request.htmx:
        return HttpResponse("", headers={"HX-Trigger": "inbox:changed"})
    return HttpResponse(status=303, headers={"Location": ticket.get_absolute_url()})


@require_GET
def explanation(request: HttpRequest, pk: int) -> HttpResponse:
    """Agents see every number; a customer of the ticket sees the reason in two sentences."""
    viewer = request.viewer  # type: ignore[attr-defined]
    decision = get_object_or_404(Decision.objects.select_related("source", "ticket"), pk=pk)
    if decision.ticket is None or not Ticket.objects.visible_to(viewer).filter(pk=decision.ticket.pk).exists():
        raise Http404
    is_agent = isinstance(viewer, User)
    context = {"why": why(decision, for_agents=is_agent), "is_agent": is_agent, "decision": decision}
    template = "assistant/_why.html" if request.htmx else "assistant/why.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_GET
@agent_required
def copilot(request: AgentRequest, number: int) -> HttpResponse:
    """What stands beside the thread. Fetched after it, and shown without touching anything that is being typed."""
    ticket = get_object_or_404(Ticket.objects.visible_to(request.user).select_related("customer__organisation"), pk=number)
    vector = beside.vector_of(ticket)
    neighbours = beside.similar(ticket, vector, agent=request.user) if vector is not None else []
    article = beside.article_for(ticket, vector) if vector is not None else None
    learned = list(LearnedResolution.objects.visible_to(request.user).filter(ticket=ticket).exclude(state="retired")[:3])
    context = {
        "ticket": ticket,
        **summed(ticket),
        "neighbours": neighbours[: beside.SHOWN],
        "suggested": beside.suggested(ticket, neighbours, agent=request.user),
        "article": article,
        "article_link": beside.link_to(article) if article else "",
        "compared": wording.of(ticket),
        "learned": learned,
        "is_too_short": not learned and Event.objects.filter(ticket=ticket, verb="resolution.passed_over").exists(),
        "audit": Audit.objects.due().visible_to(request.user).filter(decision__ticket=ticket).select_related("decision__source").first(),
        "where": clean_line(request.GET.get("view", ""), limit=40) or "all",
    }
    return render(request, "assistant/_copilot.html" if request.htmx else "assistant/copilot.html", context)


def summed(ticket: Ticket) -> dict[str, Any]:
    """The thread in one line: by the model where one was asked and nothing has been said since, else in their own sentences."""
    line = beside.in_one_line(ticket)
    asked = summing.newest(ticket, summing.thread_of(ticket)) if line and llm.is_configured() else None
    is_late = bool(asked and asked.is_overdue(timezone.now()))
    return {"summary": line, "asked": asked, "is_late": is_late, "may_ask": bool(line) and llm.is_configured()}


@require_http_methods(["GET", "POST"])
@agent_required
def summary(request: AgentRequest, number: int) -> HttpResponse:
    """POST asks the model for one line; a worker writes it, and the fragment asks for itself again until it is there."""
    ticket = get_object_or_404(Ticket.objects.visible_to(request.user), pk=number)
    if request.method == "POST":
        if not llm.is_configured() or not beside.in_one_line(ticket):
            return HttpResponse("There is no language model, or the thread is short.", status=422)
        wanted, is_new = summing.ask(ticket, by=request.user, at=timezone.now())
        if is_new:
            nudge.soon(rewrite, wanted.pk)
        if not request.htmx:
            return redirect("assistant:copilot", number=ticket.pk)
    return render(request, "assistant/_summary.html", {"ticket": ticket, **summed(ticket)})


@require_POST
@agent_required
def rewriting(request: AgentRequest, number: int) -> HttpResponse:
    """`text`, `how` (shorter, friendlier, translate), `language`: asked for. A worker writes it; the answer asks for it again until it is there."""
    ticket = get_object_or_404(Ticket.objects.visible_to(request.user), pk=number)
    how, text = request.POST.get("how", ""), request.POST.get("text", "").replace("\x00", "")
    if not llm.is_configured() or how not in WAYS or not text.strip() or len(text) > LIMIT:
        return HttpResponse("Write something first, and not more than a few pages.", status=422)
    wanted = Rewriting.objects.create(
        ticket=ticket,
        user=request.user,
        how=how,
        text=text,
        language=clean_line(request.POST.get("language", ""), limit=40),
        at=timezone.now(),
    )
    nudge.soon(rewrite, wanted.pk)
    return render(request, "assistant/_rewriting.html", {"rewriting": wanted, "ticket": ticket})


@require_GET
@agent_required
def rewritten(request: AgentRequest, number: int, pk: int) -> HttpResponse:
    ticket = get_object_or_404(Ticket.objects.visible_to(request.user), pk=number)
    found = get_object_or_404(Rewriting.objects.exclude(how=summing.HOW), pk=pk, ticket=ticket, user=request.user)
    is_late = found.is_overdue(timezone.now())
    return render(request, "assistant/_rewriting.html", {"rewriting": found, "ticket": ticket, "is_late": is_late})


@require_POST
@agent_required
def article(request: AgentRequest, number: int, seq: int) -> HttpResponse:
    """“Save as article”: an answer as the draft of one, without what is personal. Nobody reads it before an admin publishes it."""
    ticket = get_object_or_404(Ticket.objects.visible_to(request.user).select_related("customer"), pk=number)
    message = get_object_or_404(ticket.messages.public().filter(author__in=[Message.Author.AGENT, Message.Author.ASSISTANT]), seq=seq)
    before = Event.objects.filter(verb="article.drafted", ticket=ticket, data__message=message.pk).first()
    written = Article.objects.filter(pk=before.data["article"]).first() if before else None
    if written is None:
        names = [person.name for person in (ticket.customer, message.user) if person]
        title = mask(ticket.subject, names=names)
        written = Article.objects.create(
            slug=free_slug(title), title=title, body=mask(message.body, names=names), audience=Audience.CUSTOMERS, author=request.user
        )
        Event.record("article.drafted", by=request.user, ticket=ticket, at=timezone.now(), article=written.pk, message=message.pk)
    if may_write(request.user):
        return redirect(reverse("admin:helpdesk_article_change", args=[written.pk]))
    messages.success(request, f"“{written.title}” is kept as a draft. An admin can publish it.")
    return redirect(ticket.get_absolute_url())
