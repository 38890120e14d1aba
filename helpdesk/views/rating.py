"""Rating an answer from the mail that asks for it, without signing in. Looking changes nothing: mail programs open links by themselves."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from helpdesk.models import Rating
from helpdesk.ratings import rateable
from helpdesk.views.portal import ReaderRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_mail(request: ReaderRequest, token: str) -> HttpResponse:
    ticket = rateable(token)
    if ticket is None:
        return render(request, "portal/rating.html", {"ticket": None}, status=404)
    rating, fault = Rating.objects.filter(ticket=ticket).first(), ""
    score, comment = request.POST.get("score", ""), request.POST.get("comment", "")
    if request.method == "POST":
        try:
            ticket.rate(customer=ticket.customer, score=chosen(score), comment=comment)
            return redirect(request.path)
        except ValidationError as error:
            fault = " ".join(error.messages)
    context = {
        "ticket": ticket,
        "rating": rating,
        "scores": Rating.Score.choices,
        "picked": chosen(request.GET.get("score", "")),
        "commented": comment,
        "fault": fault,
    }
    return render(request, "portal/rating.html", context, status=422 if fault else 200)


def chosen(score: str) -> int:
    """0 when it is none of the five."""
    return int(score) if score in {str(each) for each in Rating.Score.values} else 0
