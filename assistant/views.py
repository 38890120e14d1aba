"""The draft an agent is offered, and why the assistant did what it did."""

from __future__ import annotations

from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from assistant import llm
from assistant.drafting import draft_for
from assistant.models import Draft
from assistant.why import why
from helpdesk.access import AgentRequest, agent_required
from helpdesk.models import Ticket, User
from learning.models import Decision


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
    reasons = why(ready.decision) if ready.decision else None
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
    context = {"why": why(decision), "is_agent": isinstance(viewer, User), "decision": decision}
    template = "assistant/_why.html" if request.htmx else "assistant/why.html"  # type: ignore[attr-defined]
    return render(request, template, context)
