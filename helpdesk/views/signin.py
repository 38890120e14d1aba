"""Customers sign in with a code, or the link, sent to their address."""

from __future__ import annotations

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk import signin
from helpdesk.identity import sign_out_customer
from helpdesk.models import SignInCode
from helpdesk.views.portal import ReaderRequest


class EmailForm(forms.Form):
    email = forms.EmailField(
        label="Email",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
        error_messages={"required": "Write your email address.", "invalid": "Write the whole address, for example ada@company.example."},
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "spellcheck": "false"}),
        error_messages={"required": "Write the six digits from the mail."},
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: ReaderRequest) -> HttpResponse:
    following = signin.safe_path(request, request.POST.get("next") or request.GET.get("next") or "")
    if request.customer is not None:
        return redirect(following or "portal:questions")
    form = EmailForm(request.POST or None)
    if request.method != "POST":
        return render(request, "portal/sign_in.html", {"form": EmailForm(), "next": following})
    if not form.is_valid():
        return render(request, "portal/sign_in.html", {"form": form, "next": following}, status=422)
    try:
        signin.send(request, form.cleaned_data["email"], next=following)
    except signin.TooMany:
        return too_many(request)
    return redirect("portal:sign_in_code")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: ReaderRequest) -> HttpResponse:
    asked = signin.waiting(request)
    if asked is None:
        return redirect("portal:sign_in")
    if request.method != "POST":
        return render(request, "portal/sign_in_code.html", {"form": CodeForm(), "asked": asked})
    form = CodeForm(request.POST)
    if form.is_valid():
        if asked.accepts(form.cleaned_data["code"], at=timezone.now()):
            return redirect(signin.complete(request, asked))
        asked.refresh_from_db()
        form.add_error("code", fault(asked))
    return render(request, "portal/sign_in_code.html", {"form": form, "asked": asked}, status=422)


def fault(asked: SignInCode) -> str:
    if SignInCode.objects.usable(timezone.now()).filter(pk=asked.pk).exists():
        return "That is not the code we sent. Please look again."
    return "This code no longer works. Ask for a new one below."


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: ReaderRequest, token: str) -> HttpResponse:
    """Looking does nothing: mail scanners look. The button signs in."""
    found = SignInCode.objects.by_token(token, timezone.now())
    if found is None:
        return render(request, "portal/sign_in_link.html", status=404)
    if request.method != "POST":
        return render(request, "portal/sign_in_link.html", {"asked": found})
    with transaction.atomic():
        if not found.use(at=timezone.now()):
            return render(request, "portal/sign_in_link.html", status=404)
        return redirect(signin.complete(request, found))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    sign_out_customer(request)
    return redirect("portal:home")


def too_many(request: HttpRequest) -> HttpResponse:
    response = render(request, "429.html", status=429)
    response["Retry-After"] = "900"
    return response
