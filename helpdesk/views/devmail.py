"""The mail that the embedded product keeps instead of sending. Anywhere else there is no such page."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from helpdesk.models import DevMail


@never_cache
@require_safe
def box(request: HttpRequest) -> HttpResponse:
    if not settings.EMBEDDED:
        raise Http404
    return render(request, "portal/dev_mail.html", {"mails": DevMail.objects.all()[:100]})


@never_cache
@require_safe
def mail(request: HttpRequest, pk: int) -> HttpResponse:
    if not settings.EMBEDDED:
        raise Http404
    return render(request, "portal/dev_mail_message.html", {"mail": get_object_or_404(DevMail, pk=pk)})
