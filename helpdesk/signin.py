"""How a customer signs in: who may ask for a code how often, whose account an address opens, and what was waiting for it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from helpdesk import intake
from helpdesk.identity import sign_in_customer
from helpdesk.mail.notices import send_code
from helpdesk.models import Attachment, Customer, CustomerEmail, SignInCode, find_or_create_customer
from helpdesk.origin import origin_of

SESSION_KEY = "sign_in"
WINDOW = dt.timedelta(hours=1)
PER_ADDRESS = 6  # from one place; a stranger elsewhere must not use up what its owner needs
PER_ADDRESS_IN_ALL = 30
PER_ORIGIN = 40  # an office behind one address


class TooMany(Exception):
    """Codes asked for too often."""


@transaction.atomic
def send(request: HttpRequest, email: str, *, next: str = "", pending: dict[str, Any] | None = None) -> SignInCode:
    """Mail a code. What happens is the same whether we know the address or not: nobody is looked up."""
    now, email = timezone.now(), email.strip().lower()
    origin = origin_of(request, "helpdesk.signin.origin")
    lately = SignInCode.objects.filter(created_at__gt=now - WINDOW)
    to_it, from_there = lately.filter(email=email), lately.filter(origin=origin)
    if to_it.filter(origin=origin).count() >= PER_ADDRESS or to_it.count() >= PER_ADDRESS_IN_ALL or from_there.count() >= PER_ORIGIN:
        raise TooMany
    earlier = waiting(request)
    if pending is None and earlier and earlier.email == email:
        pending = earlier.pending
    code = SignInCode.issue(email, origin=origin, next=safe_path(request, next), pending=pending, at=now)
    send_code(code)
    request.session[SESSION_KEY] = code.pk
    return code


def waiting(request: HttpRequest) -> SignInCode | None:
    """The code this browser asked for, whether it still holds or not."""
    pk = request.session.get(SESSION_KEY)
    return SignInCode.objects.filter(pk=pk, used_at=None).first() if pk else None


@transaction.atomic
def complete(request: HttpRequest, code: SignInCode) -> str:
    """The code has been used up: sign in, send the question that waited, and say where to go."""
    account = account_of(code.email)
    sign_in_customer(request, account)
    account.adopt_visitors(at=timezone.now())
    request.session.pop(SESSION_KEY, None)
    customer: Customer = request.customer  # type: ignore[attr-defined]
    if code.pending.get("body"):
        files = Attachment.objects.unsent(None).filter(key__in=code.pending.get("attachments", []))
        keys = list(files.values_list("key", flat=True))
        files.update(customer=customer)
        ticket = intake.open_ticket(
            customer=customer,
            attachments=keys,
            body=code.pending["body"],
            subject=code.pending.get("subject", ""),
            context={"page": code.pending.get("page", "")},
            client_msg_id=code.pending.get("client_msg_id") or f"sign-in-{code.pk}",
        )
        return reverse("portal:question", args=[ticket.number])
    return code.next or reverse("portal:questions")


def account_of(email: str) -> Customer:
    """Whose address this is, now that it is proven. An address somebody else merely claimed is given to its owner."""
    known = Customer.objects.filter(Q(email=email) | Q(emails__email=email, emails__verified_at__isnull=False)).distinct()
    if found := known.order_by("pk").first():
        return found
    CustomerEmail.objects.filter(email=email).delete()
    return find_or_create_customer(email)


def safe_path(request: HttpRequest, target: str) -> str:
    """Where to go afterwards: on this site, or nowhere."""
    target = target.strip()
    if not target.startswith("/") or any(ord(letter) < 32 for letter in target) or len(target) > 500:
        return ""
    return target if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()) else ""
