"""What the API shows and takes. Only fields named here can be written; who, whose and which state come from the verbs."""

from __future__ import annotations

from rest_framework import serializers

from helpdesk.formatting import MESSAGE_LIMIT, SUBJECT_LIMIT
from helpdesk.models import Attachment, Customer, Message, Ticket


class CustomerSerializer(serializers.ModelSerializer[Customer]):
    organisation = serializers.CharField(source="organisation.name", read_only=True, default=None)

    class Meta:
        model = Customer
        fields = ["id", "name", "email", "organisation"]


class AttachmentSerializer(serializers.ModelSerializer[Attachment]):
    """`content_type` is what its first bytes say. The file is at `attachments/{key}/`."""

    class Meta:
        model = Attachment
        fields = ["key", "name", "content_type", "size", "width", "height"]


class MessageSerializer(serializers.ModelSerializer[Message]):
    name = serializers.CharField(source="author_name", read_only=True)
    citations = serializers.ListField(child=serializers.DictField(), read_only=True)
    attachments = AttachmentSerializer(many=True, read_only=True)

    class Meta:
        model = Message
        fields = ["seq", "author", "name", "is_note", "body", "html", "citations", "attachments", "at"]


class TicketSerializer(serializers.ModelSerializer[Ticket]):
    number = serializers.IntegerField(source="pk", read_only=True)
    customer = CustomerSerializer(read_only=True)
    assignee = serializers.CharField(source="assignee.name", read_only=True, default=None)
    team = serializers.CharField(source="team.name", read_only=True, default=None)

    class Meta:
        model = Ticket
        fields = [
            *("number", "subject", "state", "handler", "channel", "priority", "tags", "customer", "assignee", "team"),
            *("opened_at", "updated_at", "waiting_since", "resolved_at", "last_seq"),
        ]


class CustomerClaim(serializers.Serializer[Customer]):
    """The key's holder vouches for the address."""

    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=160, required=False, default="")


class ContextField(serializers.Serializer[None]):
    page = serializers.CharField(max_length=2000, required=False)
    title = serializers.CharField(max_length=300, required=False)
    error = serializers.CharField(max_length=2000, required=False)
    locale = serializers.CharField(max_length=12, required=False)


class NewTicket(serializers.Serializer[Ticket]):
    customer = CustomerClaim()
    body = serializers.CharField(max_length=MESSAGE_LIMIT)
    subject = serializers.CharField(max_length=SUBJECT_LIMIT, required=False, default="")
    context = ContextField(required=False)  # type: ignore[assignment]  # DRF's own `context` is a property that nothing here reads


class NewMessage(serializers.Serializer[Message]):
    """As the customer, or as the agent who made the key."""

    author = serializers.ChoiceField(choices=["customer", "agent"], default="customer")
    body = serializers.CharField(max_length=MESSAGE_LIMIT)
    is_note = serializers.BooleanField(default=False)

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        if attrs["is_note"] and attrs["author"] != "agent":
            raise serializers.ValidationError({"is_note": "Only an agent can write an internal note."})
        return attrs
