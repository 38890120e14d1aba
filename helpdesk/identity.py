"""Who makes a request: an agent through Django's sign-in, a customer through a session of their own. Never a header or a form field."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from helpdesk.models import Customer, User

if TYPE_CHECKING:
    from helpdesk.viewers import Viewer

CUSTOMER_KEY = "customer_id"


def sign_in_customer(request: HttpRequest, customer: Customer) -> None:
    """They proved the address is theirs. The session's key changes, so a planted one is worth nothing."""
    customer.verify(at=timezone.now())
    request.session.cycle_key()
    request.session[CUSTOMER_KEY] = customer.pk
    request.customer = customer  # type: ignore[attr-defined]


def sign_out_customer(request: HttpRequest) -> None:
    request.session.pop(CUSTOMER_KEY, None)
    request.session.cycle_key()
    request.customer = None  # type: ignore[attr-defined]


def customer_of(session: Any) -> Customer | None:
    pk = session.get(CUSTOMER_KEY)
    return Customer.objects.select_related("organisation").filter(pk=pk).first() if pk else None


def viewer_of(request: HttpRequest) -> Viewer:
    return request.user if isinstance(request.user, User) else getattr(request, "customer", None) or AnonymousUser()


class ViewerMiddleware:
    """`request.customer` (or None) for the portal's pages, `request.viewer` for whatever serves both sides."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.customer = customer_of(request.session)  # type: ignore[attr-defined]
        request.viewer = SimpleLazyObject(lambda: viewer_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)


class AgentAdapter(DefaultAccountAdapter):
    """Agents are invited by an admin."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class AgentSocialAdapter(DefaultSocialAccountAdapter):
    """Single sign-on lets known agents in, by a verified address only; it never makes an account."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        if sociallogin.is_existing:
            return
        verified = [address.email.lower() for address in sociallogin.email_addresses if address.verified]
        user = User.objects.filter(email__in=verified, is_active=True).first()
        if user:
            sociallogin.connect(request, user)
