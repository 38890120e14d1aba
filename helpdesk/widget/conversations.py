"""What a visitor asks, says and judges in the widget. The verbs are the portal's; here they speak JSON."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from helpdesk import intake
from helpdesk.formatting import clean_line
from helpdesk.mail.notices import send_transcript
from helpdesk.models import Customer, Message, Rating, Ticket, Visit
from helpdesk.models.messages import MessageQuerySet
from helpdesk.models.tickets import TicketQuerySet
from helpdesk.question import Question, choice, judge, others
from helpdesk.widget import telling
from helpdesk.widget.auth import IsVisiting, VisitAuthentication

ROWS = 20
AN_HOUR, A_MINUTE = 30, 20  # conversations begun and messages written by one customer
ACTIONS, WORDS, VALUES = 20, 80, 20
VIEWPORT = re.compile(r"[0-9]{1,5}x[0-9]{1,5}")  # width and height in pixels
VERDICTS = ("solved", "not_quite", "person")
TEXT_LIMIT = 20_000  # characters; what is longer is a file


class Action(serializers.Serializer[Any]):
    """One of the last things they did on the page: what kind, where, and the words on it."""

    kind = serializers.CharField(max_length=20)
    what = serializers.CharField(max_length=WORDS, required=False, default="", allow_blank=True)
    selector = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    at = serializers.DateTimeField(required=False)


def plain(value: Any) -> Any:
    """A word, a number, yes or no, or a list of them; None of anything else."""
    if isinstance(value, list):
        return [each for each in map(plain, value[:VALUES]) if each is not None and not isinstance(each, list)]
    if isinstance(value, str):
        return clean_line(value, limit=WORDS)
    return value if isinstance(value, bool | int | float) else None


class Place(serializers.Serializer[Any]):
    """Where they are, as far as the page may know."""

    page = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    title = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    locale = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)
    viewport = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)
    error = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    actions = serializers.ListField(child=Action(), max_length=ACTIONS, required=False, default=list)
    product = serializers.JSONField(required=False, default=dict)

    def validate_product(self, given: Any) -> dict[str, Any]:
        """What a site says of its customer's product. A question is not lost because the site says it wrongly: what is not plain is left out."""
        told = {clean_line(str(name), limit=40): plain(value) for name, value in given.items()} if isinstance(given, dict) else {}
        return {name: value for name, value in list(told.items())[:VALUES] if value is not None}

    def to_internal_value(self, data: Any) -> Any:
        """The address without what follows the question mark: it may hold secrets."""
        found = super().to_internal_value(data)
        found["page"] = found["page"].split("?")[0].split("#")[0]
        found["viewport"] = found["viewport"] if VIEWPORT.fullmatch(found["viewport"]) else ""
        found["actions"] = [
            {name: value.isoformat() if name == "at" else value for name, value in each.items()} for each in found["actions"]
        ]
        return found


class Words(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=TEXT_LIMIT, required=False, default="", allow_blank=True, trim_whitespace=False)
    option = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)
    client_msg_id = serializers.CharField(max_length=64)
    attachments = serializers.ListField(child=serializers.CharField(max_length=32), max_length=50, required=False, default=list)
    place = Place(required=False)


class Judgement(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=VERDICTS)
    comment = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)
    answer = serializers.IntegerField(min_value=0, max_value=100_000_000, required=False, default=0)
    option = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)


class Missing(serializers.Serializer[Any]):
    """What the answer numbered `answer` points to, and the page does not have."""

    target = serializers.SlugField(max_length=60)
    answer = serializers.IntegerField(min_value=1, max_value=100_000_000)


class Address(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=160, required=False, default="", allow_blank=True)


class Stars(serializers.Serializer[Any]):
    score = serializers.ChoiceField(choices=Rating.Score.values)
    comment = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)


class VisitView(APIView):
    authentication_classes = [VisitAuthentication]
    permission_classes = [IsVisiting]

    @property
    def visit(self) -> Visit:
        assert isinstance(self.request.auth, Visit)  # IsVisiting
        return self.request.auth

    @property
    def mine(self) -> TicketQuerySet:
        """What colleagues asked is read in the portal."""
        customer = self.visit.customer
        return Ticket.objects.visible_to(customer).filter(customer=customer) if customer else Ticket.objects.none()

    def ticket(self, number: int) -> Ticket:
        found = self.mine.select_related("customer").filter(pk=number).first()
        if found is None:
            raise NotFound("There is no such conversation.")
        return found

    def answer(self, number: int, seq: int) -> Message:
        ticket = self.ticket(number)
        said = Message.objects.visible_to(ticket.customer).filter(ticket=ticket, seq=seq, author=Message.Author.ASSISTANT).first()
        if said is None:
            raise NotFound("There is no such answer.")
        return said

    def shown(self, ticket: Ticket, after: int = 0, code: int = status.HTTP_200_OK) -> Response:
        return Response(telling.conversation(Question.load(ticket, ticket.customer), after), status=code)

    def read(self, form: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        told = form(data=self.request.data)
        told.is_valid(raise_exception=True)
        return dict(told.validated_data)


@extend_schema(exclude=True)
class Home(VisitView):
    def post(self, request: Request) -> Response:
        """What may help on this page before anybody asks, and when people are in. A post, because where somebody is does not belong in a log."""
        return Response(telling.home(self.visit.customer, self.read(Place)))


@extend_schema(exclude=True)
class Conversations(VisitView):
    def get(self, request: Request) -> Response:
        return Response({"conversations": [telling.summary(ticket) for ticket in self.mine.newest_first()[:ROWS]]})

    def post(self, request: Request) -> Response:
        told, now = self.read(Words), timezone.now()
        customer = self.visit.speaker(now)
        _not_too_many(customer, now)
        if Ticket.objects.filter(customer=customer, opened_at__gt=now - dt.timedelta(hours=1)).count() >= AN_HOUR:
            raise Throttled(detail="That is a lot of questions in one hour. Please wait a little; what you wrote is still here.")
        ticket = intake.open_ticket(
            customer=customer,
            body=told["text"],
            channel=Ticket.Channel.CHAT,
            context=told.get("place") or {},
            client_msg_id=told["client_msg_id"],
            attachments=told["attachments"],
        )
        return self.shown(ticket, code=status.HTTP_201_CREATED)


@extend_schema(exclude=True)
class Conversation(VisitView):
    def get(self, request: Request, number: int) -> Response:
        """What was said after `after`; all of the newest page without it."""
        after = request.query_params.get("after", "")
        return self.shown(self.ticket(number), int(after) if after.isascii() and after.isdecimal() and len(after) < 9 else 0)


@extend_schema(exclude=True)
class Messages(VisitView):
    def post(self, request: Request, number: int) -> Response:
        """The same `client_msg_id` says it once, however often it is sent."""
        ticket, told, now = self.ticket(number), self.read(Words), timezone.now()
        _not_too_many(ticket.customer, now)
        body, meta = told["text"], None
        if told["option"]:
            chosen = choice(ticket, told["option"])
            if chosen is None and not ticket.already_said(told["client_msg_id"]):
                raise ValidationError({"option": "This was not offered, or something else has been said since."})
            body, meta = (str(chosen["title"]), {"option": chosen["source"]}) if chosen else ("-", None)
        kept = {"client_msg_id": told["client_msg_id"], "attachments": told["attachments"]}
        said = ticket.say(body, customer=ticket.customer, meta=meta, **kept)
        return self.shown(ticket, after=said.seq - 1, code=status.HTTP_201_CREATED)


@extend_schema(exclude=True)
class Why(VisitView):
    def get(self, request: Request, number: int, seq: int) -> Response:
        return Response({"why": telling.why(self.answer(number, seq))})


@extend_schema(exclude=True)
class Others(VisitView):
    def get(self, request: Request, number: int, seq: int) -> Response:
        """For whoever says that this answer missed."""
        return Response({"others": others(self.answer(number, seq))})


@extend_schema(exclude=True)
class Verdict(VisitView):
    def post(self, request: Request, number: int) -> Response:
        ticket, told = self.ticket(number), self.read(Judgement)
        judge(ticket, customer=ticket.customer, **told)
        return self.shown(ticket)


@extend_schema(exclude=True)
class Guide(VisitView):
    def post(self, request: Request, number: int) -> Response:
        ticket, told = self.ticket(number), self.read(Missing)
        ticket.miss_guide(told["target"], customer=ticket.customer, answer=told["answer"])
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(exclude=True)
class Leave(VisitView):
    def post(self, request: Request, number: int) -> Response:
        """Where to write to when they have gone. Of somebody the site vouches for it is known."""
        ticket = self.ticket(number)
        ticket.customer.leave_address(**self.read(Address))
        return self.shown(ticket)


@extend_schema(exclude=True)
class Transcript(VisitView):
    def post(self, request: Request, number: int) -> Response:
        """A copy by mail, once an hour at most, to a proven address: else anybody could have us send their words to anybody."""
        ticket, now = self.ticket(number), timezone.now()
        if not ticket.customer.has_proven_address:
            raise ValidationError({"email": "A copy can be sent to whoever is signed in with an address."})
        send_transcript(ticket, at=now)
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(exclude=True)
class Rate(VisitView):
    def post(self, request: Request, number: int) -> Response:
        ticket, told = self.ticket(number), self.read(Stars)
        ticket.rate(customer=ticket.customer, **told)
        return self.shown(ticket)


@extend_schema(exclude=True)
class Reading(VisitView):
    def post(self, request: Request, number: int) -> Response:
        self.ticket(number).mark_read(self.visit.speaker(timezone.now()))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _not_too_many(customer: Customer, now: dt.datetime) -> None:
    said: MessageQuerySet = Message.objects.filter(customer=customer, at__gt=now - dt.timedelta(minutes=1))
    if said[:A_MINUTE].count() >= A_MINUTE:
        raise Throttled(wait=30, detail="That is a lot of messages at once. Please wait a little; what you wrote is still here.")
