"""Files: put down by whoever is signed in, read by whoever may read the message, and taken back until that is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk import uploads
from helpdesk.models import Attachment, Customer, User
from helpdesk.models.attachments import check_count
from helpdesk.viewers import Viewer

KEPT = 300  # seconds that a browser keeps a file: who may no longer read it must not find it there


class ViewerRequest(HttpRequest):
    viewer: Viewer


@require_POST
def upload(request: ViewerRequest) -> HttpResponse:
    """One file, answered with how it stands in the form."""
    person, given = signed_in(request), request.FILES.get("file")
    if person is None:
        return JsonResponse({"error": {"message": "Please sign in again. What you wrote is still here."}}, status=403)
    try:
        if given is None:
            raise ValidationError("There is no file in this request.")
        put = Attachment.put(given, by=person)
    except ValidationError as error:
        return JsonResponse({"error": {"message": " ".join(error.messages)}}, status=422)
    return render(request, "ui/attached.html", {"attachment": put}, status=201)


@require_http_methods(["GET", "HEAD", "DELETE"])
def file(request: ViewerRequest, key: str) -> HttpResponseBase:
    if request.method == "DELETE":
        take_back(signed_in(request), key)
        return HttpResponse(status=204)
    found = Attachment.objects.visible_to(request.viewer).filter(key=key).first()
    return handed_out(found, as_download="download" in request.GET)


def signed_in(request: ViewerRequest) -> User | Customer | None:
    return next((kind for kind in (request.viewer,) if isinstance(kind, User | Customer)), None)


def take_back(person: User | Customer | None, key: str) -> None:
    """Of what they put down and did not send; nothing else is there for them to take back."""
    if person is None or not Attachment.objects.unsent(person).filter(key=key).delete()[0]:
        raise Http404


def handed_out(attachment: Attachment | None, *, as_download: bool = False) -> HttpResponseBase:
    """Nothing in it may run or load anything here, whatever it is: an origin of its own, no script, and only pictures are shown at all."""
    if attachment is None:
        raise Http404
    try:
        opened = attachment.file.open("rb")
    except OSError as error:
        raise Http404 from error
    is_shown = attachment.is_picture and not as_download
    response = FileResponse(opened, as_attachment=not is_shown, filename=attachment.name, content_type=attachment.content_type)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = f"private, max-age={KEPT}"
    return response


def received(request: HttpRequest, person: User | Customer | None) -> list[str]:
    """The keys of the files that go with a form: put down before, or brought along by it. Raises ValidationError with none of these kept."""
    keys = [key for key in request.POST.getlist("attachments") if key]
    return [*keys, *(Attachment.put(each, by=person).key for each in checked(request, besides=len(keys)))]


def checked(request: HttpRequest, *, besides: int = 0) -> list[Any]:
    """What a form brings along, before anything of it is kept."""
    brought = request.FILES.getlist("files")
    check_count(besides + len(brought))
    for each in brought:
        uploads.check(each)
    return brought


def unsent(keys: Sequence[str], person: User | Customer | None) -> list[Attachment]:
    """For showing a form again."""
    return list(Attachment.objects.unsent(person).filter(key__in=keys[:50])) if keys and person is not None else []
