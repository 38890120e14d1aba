"""Asking. A visitor's question waits, safely, until they have shown that the address is theirs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from helpdesk import formatting, intake, signin
from helpdesk.models import Attachment, Ticket
from helpdesk.views import attachments
from helpdesk.views.portal import ReaderRequest

AN_HOUR = 30  # questions of one customer
SLOWER = "That is a lot of questions in one hour. Please wait a little, then send this again; what you wrote is still here."
BUSY = "Too many codes were sent from here. Please wait some minutes, then send this again; what you wrote is still here."


class AskForm(forms.Form):
    question = forms.CharField(
        label="Your question",
        widget=forms.Textarea(attrs={"rows": 2, "autofocus": True, "placeholder": "What are you trying to do, and what happens instead?"}),
        error_messages={"required": "Write your question."},
    )
    details = forms.CharField(
        label="Anything that helps us answer",
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "placeholder": "What you tried, which device, the words of an error"}),
    )
    email = forms.EmailField(
        label="Your email",
        max_length=254,
        help_text="We send a code to it, so that only you read the answer.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": "Write your email address.", "invalid": "Write the whole address, for example ada@company.example."},
    )
    page = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)
    client_msg_id = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, signed_in: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if signed_in:
            del self.fields["email"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        try:
            data["body"] = formatting.clean_text(
                "\n\n".join(filter(None, [data.get("question"), data.get("details")])), what="Your question"
            )
        except ValidationError as error:
            if not self.errors:
                self.add_error("question", error)
        return data


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: ReaderRequest) -> HttpResponse:
    signed_in = request.customer is not None
    if request.method != "POST":
        typed = {"question": request.GET.get("q", "")[:2_000], "page": request.GET.get("page", "")[:500], "client_msg_id": uuid4().hex}
        return page(request, AskForm(initial=typed, signed_in=signed_in))
    form = AskForm(request.POST, signed_in=signed_in)
    if not form.is_valid():
        return page(request, form, status=422)
    try:
        files = attachments.received(request, request.customer) if request.customer else attachments.checked(request)
    except ValidationError as error:
        form.add_error(None, error)
        return page(request, form, status=422)
    asked = {
        "body": form.cleaned_data["body"],
        "subject": formatting.clean_line(formatting.plain(form.cleaned_data["question"])),
        "client_msg_id": form.cleaned_data["client_msg_id"],
    }
    if request.customer is None:
        return prove(request, form, {**asked, "page": form.cleaned_data["page"]})
    lately = Ticket.objects.filter(customer=request.customer, opened_at__gt=timezone.now() - dt.timedelta(hours=1))
    if lately.count() >= AN_HOUR:
        form.add_error(None, SLOWER)
        return page(request, form, status=429, files=files)
    try:
        ticket = intake.open_ticket(customer=request.customer, context={"page": form.cleaned_data["page"]}, attachments=files, **asked)
    except ValidationError as error:  # a file is gone
        form.add_error(None, error)
        return page(request, form, status=422, files=files)
    return redirect("portal:question", number=ticket.number)


def prove(request: ReaderRequest, form: AskForm, asked: dict[str, Any]) -> HttpResponse:
    try:
        code = signin.send(request, form.cleaned_data["email"], pending=asked)
        code.wait_with([Attachment.put(each, by=None).key for each in request.FILES.getlist("files")])
    except signin.TooMany:
        form.add_error(None, BUSY)
        return page(request, form, status=429)
    except ValidationError as error:
        form.add_error(None, error)
        return page(request, form, status=422)
    return redirect("portal:sign_in_code")


def page(request: ReaderRequest, form: AskForm, status: int = 200, files: Sequence[str] = ()) -> HttpResponse:
    attached = attachments.unsent(files or request.POST.getlist("attachments"), request.customer)
    return render(request, "portal/ask.html", {"section": "ask", "form": form, "attached": attached}, status=status)
