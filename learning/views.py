"""What agents tell the assistant, and what it tells them of itself."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_POST

from helpdesk.access import AgentRequest, agent_required
from helpdesk.formatting import clean_line, plain
from helpdesk.models import Source, User
from learning.models import Audit

OFFERED = 5  # other sources that may have been right


@require_GET
@agent_required
def audits(request: AgentRequest) -> HttpResponse:
    """One conversation at a time, the one that has waited longest first."""
    due = Audit.objects.due().visible_to(request.user)
    audit = due.select_related("decision__ticket__customer", "decision__source", "decision__message").first()
    judged = Audit.objects.visible_to(request.user).exclude(verdict="").count()
    context: dict[str, object] = {"audit": audit, "due": due.count(), "judged": judged}
    if audit and audit.decision.source:
        passage = clean_line(plain(audit.decision.source.body), limit=600)
        context |= {"others": _others(audit), "passage": passage}
    return render(request, "learning/audits.html", context)


@require_POST
@agent_required
def verdict(request: AgentRequest, pk: int) -> HttpResponse:
    audit = get_object_or_404(Audit.objects.visible_to(request.user).select_related("decision__ticket"), pk=pk)
    said, better = request.POST.get("verdict", ""), request.POST.get("source", "")
    if said not in Audit.Verdict.values:
        return render(request, "learning/audits.html", {"problem": "Choose “Right”, “Wrong” or “Cannot tell”."}, status=422)
    source = next((each for each in _others(audit) if str(each.pk) == better), None)
    thanks = "Thank you. The assistant learns from it."
    was_first = audit.judge(said, by=request.user, at=timezone.now(), source=source)
    if not was_first:
        thanks = _came_second(audit, request.user)
    if request.htmx:  # from beside the ticket
        return HttpResponse(format_html('<p class="faint" role="status">{}</p>', thanks))
    if not was_first:
        messages.info(request, thanks)
    return redirect("learning:audits")


def _came_second(audit: Audit, user: User) -> str:
    audit.refresh_from_db()
    said = audit.get_verdict_display()
    if audit.by == user:
        return f"You had judged it already: “{said}”. That stands."
    return f"{audit.by.name if audit.by else 'Somebody'} was faster and said “{said}”. That stands, and yours was not counted."


def _others(audit: Audit) -> list[Source]:
    """What was considered beside the first, best first."""
    candidates = [each["source"] for each in audit.decision.candidates if each["source"] != audit.decision.source_id][:OFFERED]
    found = Source.objects.in_bulk(candidates)
    return [found[pk] for pk in candidates if pk in found]
