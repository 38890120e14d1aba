"""What an agent has written and not sent: kept for them, known of by colleagues, gone when it is sent."""

import datetime as dt
import json
import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from helpdesk.models import Attachment, DeskMark, Event, Unsent
from tests.factories import make_ticket, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ines(client):
    agent = make_user()
    client.force_login(agent)
    return agent


@pytest.fixture
def tom():
    return make_user("Tom Aldridge")


@pytest.fixture
def ticket():
    return make_ticket(handler="team")


def keep(client, ticket, body, kind="reply", rev=0, **fields):
    return client.post(f"/tickets/{ticket.pk}/unsent/", {"kind": kind, "body": body, "rev": rev, **fields})


def page(client, ticket):
    return client.get(f"/inbox/all/{ticket.pk}/").content.decode()


def kept_in(text):
    return json.loads(unescape(re.search(r'data-kept="([^"]*)"', text)[1]))


def had_in(text):
    return json.loads(unescape(re.search(r'data-had="([^"]*)"', text)[1]))


def test_reply_and_note_are_kept_apart_and_come_back_with_a_word(client, ines, ticket):
    assert keep(client, ticket, "Choose **Add").json() == {"rev": 1}
    assert keep(client, ticket, "Choose **Add a guest**.", rev=1, draft=7).json() == {"rev": 2}
    assert keep(client, ticket, "She was kind", kind="note").json() == {"rev": 1}
    shown = page(client, ticket)
    assert "Choose **Add a guest**.</textarea>" in shown
    assert "is back, reply and note." in shown
    assert kept_in(shown) == {
        "reply": {"body": "Choose **Add a guest**.", "draft": 7, "rev": 2, "files": ""},
        "note": {"body": "She was kind", "draft": None, "rev": 1, "files": ""},
    }


def test_a_note_alone_opens_as_a_note(client, ines, ticket):
    keep(client, ticket, "She was kind", kind="note")
    shown = page(client, ticket)
    assert re.search(r'value="note" checked', shown)
    assert "She was kind</textarea>" in shown


def test_it_is_for_ones_own_eyes_but_colleagues_know_that_it_is_there(client, ines, tom, ticket):
    Unsent.keep(ticket, "My secret doubts", by=tom, is_note=False, rev=0)
    shown = page(client, ticket)
    assert "Tom has an unsent draft" in shown
    assert "secret doubts" not in shown
    assert kept_in(shown) == {}


def test_sending_discards_it_and_only_its_kind(client, ines, ticket):
    keep(client, ticket, "For the customer")
    keep(client, ticket, "For us", kind="note")
    client.post(f"/tickets/{ticket.pk}/messages/", {"kind": "reply", "body": "For the customer", "client_msg_id": "m1"})
    assert [each.body for each in Unsent.objects.all()] == ["For us"]


def test_what_comes_late_does_not_bring_back_what_was_sent(client, ines, ticket):
    client.post(f"/tickets/{ticket.pk}/messages/", {"kind": "reply", "body": "Sent", "client_msg_id": "m1"})
    assert keep(client, ticket, "Sent", client_msg_id="m1").json() == {"rev": 0}
    assert not Unsent.objects.exists()


def test_of_each_desk_it_is_told_how_much_has_come(client, ines, tom, ticket):
    """So that a machine that was left before it heard of it does not bring back what was sent since."""
    keep(client, ticket, "Choose", desk="a1", count=3)
    keep(client, ticket, "Choose **Add**", rev=1, desk="a1", count=9)
    keep(client, ticket, "She was kind", kind="note", desk="b2", count=2)
    clash = keep(client, ticket, "From the phone", desk="c3", count=5)
    assert clash.status_code == 409  # not taken, so not had
    client.post(f"/tickets/{ticket.pk}/messages/", {"kind": "reply", "body": "Choose **Add**", "client_msg_id": "m1"})
    keep(client, ticket, "Choose **Add**", client_msg_id="m1", desk="d4", count=7)
    assert had_in(page(client, ticket)) == {"reply": {"a1": 9, "d4": 7}, "note": {"b2": 2}}
    assert DeskMark.forget_old(at=timezone.now()) == 0
    assert DeskMark.forget_old(at=timezone.now() + dt.timedelta(days=31)) == 3
    client.force_login(tom)
    assert had_in(page(client, ticket)) == {}


def test_nonsense_for_a_desk_costs_nothing(client, ines, ticket):
    for desk, count in (("x" * 400, "1"), ("\x00", "2"), ("a", "-1"), ("b", "9" * 30)):
        assert keep(client, ticket, "Same", desk=desk, count=count).status_code == 200
    assert Unsent.objects.get().body == "Same"


def test_two_places_notice_each_other_and_neither_loses_a_word(client, ines, ticket):
    keep(client, ticket, "At the desk")
    clash = keep(client, ticket, "On the phone", rev=0)
    assert (clash.status_code, clash.json()) == (409, {"rev": 1, "body": "At the desk"})
    assert Unsent.objects.get().body == "At the desk"
    assert keep(client, ticket, "At the desk", rev=0).json() == {"rev": 2}  # the same words are no clash


def test_of_files_too_the_older_set_does_not_take_the_place_of_the_newer(client, ines, ticket):
    """A page that is left sends what it has at once; what it had sent before may arrive after that."""
    one, two = (Attachment.put(SimpleUploadedFile(f"{name}.txt", b"Hi"), by=ines).key for name in ("one", "two"))
    assert keep(client, ticket, "", attachments=f"{one},{two}").json() == {"rev": 1}
    assert keep(client, ticket, "", attachments=one).status_code == 409
    assert Unsent.objects.get().attachments == [one, two]
    assert keep(client, ticket, "", attachments=f"{one},{two}").status_code == 200, "said twice it is no quarrel"


def test_nothing_written_is_nothing_kept(client, ines, ticket):
    keep(client, ticket, "x")
    assert keep(client, ticket, " \n ", rev=1).json() == {"rev": 0}
    assert not Unsent.objects.exists()
    assert not Event.objects.filter(verb__contains="unsent").exists()


@pytest.mark.parametrize("fields", [{"kind": "shout"}, {"body": "x" * 50_001}])
def test_what_cannot_be_kept_is_refused(client, ines, ticket, fields):
    assert client.post(f"/tickets/{ticket.pk}/unsent/", {"kind": "reply", "body": "x", "rev": 0, **fields}).status_code == 400
    assert not Unsent.objects.exists()


def test_without_scripts_it_is_kept_by_hand(client, ines, ticket):
    client.post(f"/tickets/{ticket.pk}/messages/", {"kind": "reply", "body": "Half an answer", "then": "keep"})
    assert ticket.messages.count() == 1
    assert "Half an answer</textarea>" in page(client, ticket)


def test_a_note_whose_kind_is_lost_goes_to_nobody(client, ines, ticket):
    response = client.post(f"/tickets/{ticket.pk}/messages/", {"body": "They owe us money"})
    assert response.status_code == 422
    assert ticket.messages.count() == 1


def test_what_waits_again_is_not_solved_any_more(ines, ticket):
    resolution = ticket.resolve(by=ines)
    assert ticket.wait(by=ines)
    resolution.refresh_from_db()
    assert (ticket.state, ticket.resolved_at, ticket.waiting_since) == ("waiting", None, None)
    assert resolution.reversed_at
