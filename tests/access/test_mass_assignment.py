"""What a form or a program sends beyond what it may set changes nothing: who, whose, which state come from the verbs."""

import pytest

from helpdesk.models import ApiKey, Message, Ticket, User
from tests.access.world import SCOPES, make_world

pytestmark = pytest.mark.django_db

FORGED = {
    "id": 1,
    "pk": 1,
    "number": 1,
    "seq": 99,
    "last_seq": 99,
    "state": "resolved",
    "handler": "team",
    "priority": "urgent",
    "channel": "email",
    "tags": ["vip"],
    "assignee": 1,
    "assignee_id": 1,
    "team": 1,
    "team_id": 1,
    "organisation": 1,
    "organisation_id": 1,
    "customer_id": 1,
    "user": 1,
    "user_id": 1,
    "role": "admin",
    "is_staff": True,
    "is_superuser": True,
    "verified_at": "2020-01-01",
    "external_id": "crm-1",
    "html": "<script>alert(1)</script>",
    "meta": {"kind": "answer", "citations": [{"n": 1}]},
    "at": "2001-01-01T00:00:00Z",
    "opened_at": "2001-01-01",
}
TICKET = ("subject", "state", "handler", "priority", "channel", "tags", "assignee", "team", "organisation", "last_seq")
MESSAGE = ("seq", "author", "user", "is_note", "body", "html", "meta", "external_id")


@pytest.fixture
def world():
    return make_world()


def api(world, client, path, data):
    key = ApiKey.issue(name="fuzz", scopes=SCOPES, by=world.people["admin"])[1]
    return client.post(f"/api/v1/{path}", data, content_type="application/json", headers={"Authorization": f"Bearer {key}"})


@pytest.mark.parametrize("path", ["tickets/", "ask"])
def test_a_ticket_opened_by_a_program(world, client, path):
    def make(forged):
        data = {"customer": {"email": "ada@client.example", **forged}, "body": "How?", "question": "How?", **forged}
        number = (answer := api(world, client, path, data).json()).get("number") or answer["ticket"]
        ticket = Ticket.objects.get(pk=number)
        return (
            [getattr(ticket, name) for name in TICKET],
            ticket.customer.verified_at,
            ticket.customer.external_id,
            ticket.opened_at.year > 2020,
        )

    assert make(FORGED) == make({})


def test_a_message_by_a_program(world, client):
    def make(forged):
        assert api(world, client, f"tickets/{world.ticket.pk}/messages/", {"body": "Hello", **forged}).status_code == 201
        message = Message.objects.order_by("-pk").first()
        return [getattr(message, name) for name in MESSAGE if name != "seq"], message.at.year > 2020

    assert make(FORGED) == make({})
    assert list(world.ticket.messages.values_list("seq", flat=True)) == list(range(1, world.ticket.messages.count() + 1))


@pytest.mark.parametrize("author", ["assistant", "system", "", None, 1])
def test_a_program_cannot_speak_as_the_assistant(world, client, author):
    assert api(world, client, f"tickets/{world.ticket.pk}/messages/", {"body": "Hello", "author": author}).status_code == 400


def test_a_message_of_a_customer(world):
    client = world.client("owner")
    client.post(
        f"/questions/{world.ticket.pk}/messages/",
        {"body": "Hello", "author": "agent", "is_note": "1", "user": 1, "meta": "{}", "option": ""},
    )
    message = Message.objects.order_by("-pk").first()
    assert (message.author, message.customer, message.user, message.is_note, message.meta) == ("customer", world.owner, None, False, {})


def test_an_option_nobody_offered_is_not_chosen(world):
    """A source by its number, perhaps an internal one, is not a way to have it read out."""
    internal = world.articles["internal"].source
    before = Message.objects.count()
    world.client("owner").post(f"/questions/{world.ticket.pk}/messages/", {"option": str(internal.pk)})
    assert Message.objects.count() == before


def test_children_of_others_in_parameters_are_refused(world):
    """A ticket cannot be given to who may not see it; a draft of another ticket is not this one's."""
    agent, outsider = world.client("agent"), world.people["outsider"]
    agent.post(f"/tickets/{world.ticket.pk}/assignment/", {"to": outsider.pk})
    assert Ticket.objects.get(pk=world.ticket.pk).assignee != outsider
    for forged in ({"role": "admin"}, {"by": world.people["admin"].pk}, {"user": world.people["admin"].pk}):
        agent.post(f"/tickets/{world.ticket.pk}/messages/", {"body": "Hello", "kind": "reply", **forged})
        assert Message.objects.order_by("-pk").first().user == world.people["agent"]
    assert User.objects.get(pk=world.people["agent"].pk).role == "agent"
