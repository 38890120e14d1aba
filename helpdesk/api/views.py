"""Tickets and their messages. Repeating a POST with the same Idempotency-Key changes nothing more."""

from __future__ import annotations

import re
from typing import Any, cast

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from helpdesk import intake
from helpdesk.api.serializers import MessageSerializer, NewMessage, NewTicket, TicketSerializer
from helpdesk.models import Attachment, Message, Ticket, User, find_or_create_customer
from helpdesk.views.attachments import handed_out

IDEMPOTENCY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="At most 64 characters.")


def idempotency_key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > 64:
        raise ValidationError({"Idempotency-Key": "At most 64 characters."})
    return key


class NewestFirst(CursorPagination):
    ordering = ("-updated_at", "-id")
    page_size = 50


class InOrder(CursorPagination):
    ordering = "seq"
    page_size = 100

    def decode_cursor(self, request: Request) -> Any:
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not re.fullmatch(r"[0-9]{1,9}", str(cursor.position)):
            raise NotFound(self.invalid_cursor_message)
        return cursor


class Tickets(APIView):
    scopes = {"GET": "tickets:read", "POST": "tickets:write"}

    @extend_schema(
        operation_id="tickets_list",
        summary="Tickets, the last changed first",
        parameters=[
            OpenApiParameter("state", str, enum=Ticket.State.values),
            OpenApiParameter("customer", str, description="An address"),
            OpenApiParameter("cursor", str, description="From `next` of the page before"),
        ],
        responses=TicketSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        tickets = _visible(request)
        if state := request.query_params.get("state"):
            if state not in Ticket.State.values:
                raise ValidationError({"state": f"There is no state {state[:40]!r}."})
            tickets = tickets.filter(state=state)
        if email := request.query_params.get("customer"):
            if "\x00" in email:
                raise ValidationError({"customer": "This is not an address."})
            tickets = tickets.filter(customer__email=email.strip().lower())
        pages = NewestFirst()
        return pages.get_paginated_response(TicketSerializer(pages.paginate_queryset(tickets, request, self), many=True).data)

    @extend_schema(summary="Open a ticket", parameters=[IDEMPOTENCY], request=NewTicket, responses={201: TicketSerializer})
    def post(self, request: Request) -> Response:
        form = NewTicket(data=request.data)
        form.is_valid(raise_exception=True)
        ticket = open_from(form.validated_data, request)
        return Response(TicketSerializer(_visible(request).get(pk=ticket.pk)).data, status=status.HTTP_201_CREATED)


class OneTicket(APIView):
    scopes = {"GET": "tickets:read"}

    @extend_schema(summary="One ticket", responses=TicketSerializer)
    def get(self, request: Request, number: int) -> Response:
        return Response(TicketSerializer(get_object_or_404(_visible(request), pk=number)).data)


class Messages(APIView):
    scopes = {"GET": "tickets:read", "POST": "tickets:write"}

    @extend_schema(operation_id="messages_list", summary="What was said, in order", responses=MessageSerializer(many=True))
    def get(self, request: Request, number: int) -> Response:
        ticket = get_object_or_404(_visible(request), pk=number)
        said: QuerySet[Message] = ticket.messages.select_related("user", "customer").prefetch_related("attachments")
        pages = InOrder()
        return pages.get_paginated_response(MessageSerializer(pages.paginate_queryset(said, request, self), many=True).data)

    @extend_schema(summary="Say something", parameters=[IDEMPOTENCY], request=NewMessage, responses={201: MessageSerializer})
    def post(self, request: Request, number: int) -> Response:
        ticket = get_object_or_404(_visible(request), pk=number)
        form = NewMessage(data=request.data)
        form.is_valid(raise_exception=True)
        message = _say(ticket, form.validated_data, request)
        return Response(MessageSerializer(message).data, status=status.HTTP_201_CREATED)


class File(APIView):
    scopes = {"GET": "tickets:read"}

    @extend_schema(summary="A file of a message", responses={(200, "application/octet-stream"): bytes})
    def get(self, request: Request, key: str) -> HttpResponseBase:
        """As it was sent, always as a download."""
        sent = Attachment.objects.visible_to(cast(User, request.user)).filter(key=key).exclude(message=None)
        return handed_out(sent.first(), as_download=True)


def _visible(request: Request) -> QuerySet[Ticket]:
    return Ticket.objects.visible_to(request.user).with_people()


def open_from(data: dict[str, Any], request: Request) -> Ticket:
    customer = find_or_create_customer(data["customer"]["email"], name=data["customer"]["name"])
    return intake.open_ticket(
        customer=customer,
        body=data["body"],
        subject=data.get("subject", ""),
        channel=Ticket.Channel.API,
        context=data.get("context"),
        client_msg_id=idempotency_key(request),
    )


def _say(ticket: Ticket, data: dict[str, Any], request: Request) -> Message:
    key, agent = idempotency_key(request), cast(User, request.user)
    if data["author"] == "customer":
        return ticket.say(data["body"], customer=ticket.customer, client_msg_id=key)
    if data["is_note"]:
        return ticket.note(data["body"], by=agent, client_msg_id=key)
    return ticket.reply(data["body"], by=agent, client_msg_id=key, teach=False)
