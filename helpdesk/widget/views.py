"""What the widget asks for, as JSON."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from helpdesk.models import Customer, Site, Visit
from helpdesk.models.sites import TOKEN_LIFETIME
from helpdesk.origin import origin_of
from helpdesk.widget import identity
from helpdesk.widget.identity import TOKEN_LIMIT, BadIdentity

PER_ORIGIN = 200  # strangers' visits an hour: a big office behind one address


class Opening(serializers.Serializer[Visit]):
    """`key`: of an earlier visit of this browser. `identity`: what the site's server has signed."""

    site = serializers.CharField(max_length=40)
    key = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    identity = serializers.CharField(max_length=TOKEN_LIMIT, required=False, default="", allow_blank=True)


@extend_schema(exclude=True)
class Visits(APIView):
    """A browser opens the widget, or comes back for a new token. A wrong identity is worth as much as none, and `warning` says what is wrong with it."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        form = Opening(data=request.data)
        form.is_valid(raise_exception=True)
        told, now = form.validated_data, timezone.now()
        site = Site.objects.filter(key=told["site"], is_active=True).first()
        if site is None:
            raise NotFound("There is no such site.")
        customer, warning = None, ""
        if told["identity"]:
            try:
                customer = identity.customer_of(identity.read(told["identity"], site, at=now), at=now)
            except BadIdentity as error:
                warning = str(error)
        visit, key = _visit(site, told["key"], customer, origin_of(request, "helpdesk.widget.visit"))
        found = {"token": visit.token(), "expires_in": int(TOKEN_LIFETIME.total_seconds()), "is_known": visit.is_known, "warning": warning}
        if key:
            found["key"] = key
        return Response(found, status=status.HTTP_201_CREATED if key else status.HTTP_200_OK)


def _visit(site: Site, key: str, customer: Customer | None, origin: str) -> tuple[Visit, str]:
    """The one that this key is of, if it is the same person's; else a new one, with its key. Whoever signs out leaves nothing behind.

    Strangers begin only so many at one network address.
    """
    now = timezone.now()
    visit = Visit.objects.by_key(key, site, now)
    if visit is not None and (visit.customer == customer if customer else not visit.is_known):
        visit.seen(now)
        return visit, ""
    if customer is None and Visit.objects.lately(origin, now) >= PER_ORIGIN:
        raise Throttled(wait=600, detail="Too many visits began from here within the hour. Please wait some minutes.")
    if visit is not None:
        visit.end(now)
    return Visit.begin(site, customer, at=now, origin="" if customer else origin)
