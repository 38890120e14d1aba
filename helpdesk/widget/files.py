"""Files of a visitor: put down before they are sent, fetched with the visit's token."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import Throttled
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.models import Attachment, Visit
from helpdesk.views.attachments import handed_out, take_back
from helpdesk.widget import telling
from helpdesk.widget.conversations import VisitView

FROM_ONE_PLACE = 100  # files of strangers an hour


@extend_schema(exclude=True)
class Files(VisitView):
    parser_classes = [MultiPartParser]

    def post(self, request: Request) -> Response:
        given = request.FILES.get("file")
        if given is None:
            raise ValidationError("There is no file in this request.")
        now = timezone.now()
        _not_too_many(self.visit, now)
        put = Attachment.put(given, by=self.visit.speaker(now))
        return Response(telling.file(put), status=status.HTTP_201_CREATED)


def _not_too_many(visit: Visit, now: dt.datetime) -> None:
    """Of strangers at one network address together: a new visit costs them nothing."""
    lately = Attachment.objects.filter(customer__visits__origin=visit.origin, created_at__gt=now - dt.timedelta(hours=1))
    if visit.origin and lately.distinct().count() >= FROM_ONE_PLACE:
        raise Throttled(wait=600, detail="That is a lot of files from one place. Please wait some minutes.")


@extend_schema(exclude=True)
class File(VisitView):
    def get(self, request: Request, key: str) -> HttpResponseBase:
        """Of their own conversations; what colleagues asked is read in the portal."""
        customer = self.visit.customer
        found = Attachment.objects.visible_to(customer).filter(key=key) if customer else Attachment.objects.none()
        return handed_out(found.filter(Q(message=None) | Q(message__ticket__customer=customer)).first())

    def delete(self, request: Request, key: str) -> Response:
        take_back(self.visit.customer, key)
        return Response(status=status.HTTP_204_NO_CONTENT)
