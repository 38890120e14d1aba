"""A customer's questions: the list, one of them, what they say there and whether the answer helped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import uuid4

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk import formatting
from helpdesk.models import Rating, Ticket
from helpdesk.models.tickets import TicketQuerySet
from helpdesk.question import Question, choice, judge
from helpdesk.views import attachments
from helpdesk.views.portal import PortalRequest, customer_required, unsent
from helpdesk.views.rating import chosen

ROWS = 20
VERDICTS = {"solved", "not_quite", "person"}
PAGE = "portal/question.html"


def visible(request: PortalRequest, number: int, *, mine: bool = False) -> Ticket:
    """Theirs, or a colleague's where they share; colleagues read, and leave the talking to who asked."""
    ticket = get_object_or_404(Ticket.objects.visible_to(request.customer).select_related("customer"), pk=number)
    if mine and ticket.customer_id != request.customer.pk:
        raise PermissionDenied
    return ticket


@never_cache
@require_safe
@customer_required
def listing(request: PortalRequest) -> HttpResponse:
    tickets = Ticket.objects.visible_to(request.customer).select_related("customer").newest_first()
    rows = list(after(tickets, request.GET.get("before", ""))[: ROWS + 1])
    last = rows[ROWS - 1] if len(rows) > ROWS else None
    return render(
        request,
        "portal/questions.html",
        {
            "section": "questions",
            "rows": rows[:ROWS],
            "older": f"{timezone.localtime(last.updated_at, timezone.get_fixed_timezone(0)):%Y-%m-%dT%H:%M:%S.%fZ}~{last.pk}"
            if last
            else "",
            "is_first": not request.GET.get("before"),
        },
    )


def after(tickets: TicketQuerySet, cursor: str) -> TicketQuerySet:
    """From the row that the last page ended with; from the top when there is no such cursor."""
    at, _, pk = cursor.partition("~")
    try:
        moment = parse_datetime(at)
        if moment is not None and timezone.is_aware(moment):
            moment = moment.astimezone(dt.UTC)  # at the edges of the calendar there is no such moment
    except (ValueError, OverflowError):
        moment = None
    if moment is None or timezone.is_naive(moment) or not (pk.isascii() and pk.isdecimal() and len(pk) < 18):
        return tickets
    return tickets.before(moment, int(pk))


@never_cache
@require_safe
@customer_required
def show(request: PortalRequest, number: int) -> HttpResponse:
    return page(request, visible(request, number))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@customer_required
def messages(request: PortalRequest, number: int) -> HttpResponse:
    """GET: the page's inside, when it has changed since `version`. POST: the customer says something."""
    if request.method != "POST":
        ticket = visible(request, number)
        question = Question.load(ticket, request.customer)
        if question.version == request.GET.get("version"):
            return HttpResponse(status=204)
        return page(request, ticket, question=question, template=f"{PAGE}#inside")
    return say(request, visible(request, number, mine=True))


def say(request: PortalRequest, ticket: Ticket) -> HttpResponse:
    body, meta = request.POST.get("body", ""), None
    if option := request.POST.get("option"):
        chosen = choice(ticket, option)
        if chosen is None:
            return redirect("portal:question", number=ticket.number)
        body, meta = str(chosen["title"]), {"option": chosen["source"]}
    client_msg_id, files = request.POST.get("client_msg_id", "").replace("\x00", "")[:64], []
    try:
        files = attachments.received(request, request.customer)
        ticket.say(body, customer=request.customer, client_msg_id=client_msg_id, meta=meta, attachments=files)
    except ValidationError as error:
        return page(request, ticket, status=422, typed=body, fault=" ".join(error.messages), files=files)
    return redirect(f"{reverse('portal:question', args=[ticket.number])}#end")


@require_POST
@customer_required
def verdict(request: PortalRequest, number: int) -> HttpResponse:
    ticket = visible(request, number, mine=True)
    said, answer = request.POST.get("verdict", ""), request.POST.get("answer", "") or request.GET.get("answer", "")
    if said not in VERDICTS:
        return render(request, "400.html", status=400)
    here = reverse("portal:question", args=[ticket.number])
    if said == "not_quite" and "comment" not in request.POST:
        return redirect(f"{here}?missing=1#missing")
    comment = request.POST.get("comment", "")
    try:
        if comment.strip():
            formatting.clean_text(comment, what="What you wrote")
        judge(
            ticket,
            customer=request.customer,
            verdict=said,
            comment=comment,
            answer=int(answer) if answer.isdecimal() and len(answer) < 9 else 0,
        )
    except ValidationError as error:
        return page(request, ticket, status=422, typed=comment, fault=" ".join(error.messages), missing=True)
    return redirect(here)


@require_POST
@customer_required
def rate(request: PortalRequest, number: int) -> HttpResponse:
    ticket = visible(request, number, mine=True)
    comment = request.POST.get("comment", "")
    try:
        ticket.rate(customer=request.customer, score=chosen(request.POST.get("score", "")), comment=comment)
    except ValidationError as error:
        return page(request, ticket, status=422, fault=" ".join(error.messages), commented=comment)
    return redirect(f"{reverse('portal:question', args=[ticket.number])}#rating")


def page(
    request: PortalRequest,
    ticket: Ticket,
    *,
    question: Question | None = None,
    template: str = PAGE,
    status: int = 200,
    typed: str = "",
    fault: str = "",
    missing: bool = False,
    commented: str = "",
    files: Sequence[str] = (),
) -> HttpResponse:
    before = request.GET.get("before", "")
    question = question or Question.load(ticket, request.customer, before=int(before) if before.isdecimal() and len(before) < 9 else 0)
    if question.is_mine and ticket.customer_read_seq < ticket.last_seq:
        ticket.mark_read(request.customer)
    context = {
        "section": "questions",
        "question": question,
        "ticket": ticket,
        "others": Ticket.objects.visible_to(request.customer).exclude(pk=ticket.pk).newest_first()[:4],
        "goes_on": _goes_on(request, ticket),
        "missing": missing or "missing" in request.GET,
        "typed": typed or (unsent(request, ticket.number) if question.is_mine else ""),
        "fault": fault,
        "rating": Rating.objects.filter(ticket=ticket).first() if question.is_mine and ticket.is_resolved else None,
        "scores": Rating.Score.choices,
        "commented": commented,
        "attached": attachments.unsent(files or request.POST.getlist("attachments"), request.customer),
        "client_msg_id": uuid4().hex,
    }
    return render(request, template, context, status=status)


def _goes_on(request: PortalRequest, ticket: Ticket) -> int | None:
    """The number of the question that this one was merged into, where they may open that too."""
    target = Ticket.objects.visible_to(request.customer).filter(pk=ticket.merged_into_id).first() if ticket.merged_into_id else None
    return target.pk if target else None
