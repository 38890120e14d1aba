"""`POST /api/v1/ask`: a question in, the assistant's answer out, with its sources and why. It opens a ticket like any other door."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assistant.why import why
from helpdesk.api.serializers import ContextField, CustomerClaim
from helpdesk.api.views import IDEMPOTENCY, idempotency_key, open_from
from helpdesk.formatting import MESSAGE_LIMIT
from helpdesk.models import Message, Ticket
from learning.models import Decision


class Question(serializers.Serializer[None]):
    question = serializers.CharField(max_length=MESSAGE_LIMIT)
    customer = CustomerClaim()
    context = ContextField(required=False)  # type: ignore[assignment]  # DRF's own `context` is a property that nothing here reads
    ticket = serializers.IntegerField(required=False, help_text="Go on with this ticket of the same customer")


class Citation(serializers.Serializer[None]):
    n = serializers.IntegerField()
    title = serializers.CharField()
    path = serializers.CharField()
    quote = serializers.CharField()
    kind = serializers.ChoiceField(choices=["article", "resolution"])


class Answer(serializers.Serializer[None]):
    ticket = serializers.IntegerField()
    action = serializers.ChoiceField(choices=["answer", "clarify", "hand_off", "pending"])
    answer = serializers.CharField(help_text="Markdown. After a hand-off, what the customer is promised.")
    html = serializers.CharField()
    citations = Citation(many=True)
    options = serializers.ListField(child=serializers.DictField())
    confidence = serializers.FloatField(allow_null=True)
    why = serializers.ListField(child=serializers.CharField())
    decision = serializers.IntegerField(allow_null=True)


class Ask(APIView):
    scopes = {"POST": "ask"}

    @extend_schema(summary="Ask the assistant", parameters=[IDEMPOTENCY], request=Question, responses={200: Answer, 202: Answer})
    def post(self, request: Request) -> Response:
        """200 with the answer, a question back, or the hand-off. 202 with `pending` while a model is still writing: read the ticket's messages."""
        form = Question(data=request.data)
        form.is_valid(raise_exception=True)
        body = _answer_to(*_ask(form.validated_data, request))
        return Response(body, status=status.HTTP_202_ACCEPTED if body["action"] == "pending" else status.HTTP_200_OK)


def _ask(data: dict[str, Any], request: Request) -> tuple[Ticket, int]:
    """The ticket, and the question's place in it. The verbs run the turn when they commit, unless a worker has to."""
    if "ticket" not in data:
        return open_from({**data, "body": data["question"]}, request), 1
    theirs = Ticket.objects.visible_to(request.user).with_people().filter(customer__email=data["customer"]["email"].strip().lower())
    ticket = get_object_or_404(theirs, pk=data["ticket"])
    return ticket, ticket.say(data["question"], customer=ticket.customer, client_msg_id=idempotency_key(request)).seq


def _answer_to(ticket: Ticket, seq: int) -> dict[str, Any]:
    reply = ticket.just_said  # by the turn, on this very ticket, when it was taken in this process
    if reply is None or reply.author != Message.Author.ASSISTANT or reply.seq <= seq:
        reply = ticket.messages.filter(seq__gt=seq, author=Message.Author.ASSISTANT).order_by("seq").first()
    meta = reply.meta if reply else {}
    decision = _decision(ticket, meta.get("decision"))
    return {
        "ticket": ticket.pk,
        "action": {"handoff": "hand_off"}.get(meta.get("kind", "pending"), meta.get("kind", "pending")),
        "answer": reply.body if reply else "",
        "html": reply.html if reply else "",
        "citations": [{key: cited[key] for key in ("n", "title", "path", "quote", "kind")} for cited in meta.get("citations", [])],
        "options": meta.get("options", []),
        "confidence": round(decision.confidence, 4) if decision else None,
        "why": why(decision).sentences if decision else [],
        "decision": decision.pk if decision else None,
    }


def _decision(ticket: Ticket, pk: int | None) -> Decision | None:
    """As it was taken on this very ticket a moment ago, or read."""
    taken: Decision | None = ticket.just_decided
    return taken if taken is not None and taken.pk == pk else Decision.objects.filter(pk=pk or 0).first()
