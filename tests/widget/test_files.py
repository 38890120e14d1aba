"""Files in the widget: Ada sends a screenshot, Ines a plan, and Mallory gets neither."""

import pytest

from helpdesk import events
from helpdesk.models import Attachment, Customer, Message, Ticket
from tests.factories import make_customer, make_organisation, make_ticket, make_user
from tests.helpdesk.test_attachments import png, upload
from tests.widget.conftest import Widget, signed

pytestmark = pytest.mark.django_db


@pytest.fixture
def widget(client, site):
    return lambda **claims: Widget(client, site, signed(site, **claims) if claims else "")


def files(there, method, key="", data=None):
    path = f"/widget/files/{key and key + '/'}"
    return getattr(there.client, method)(path, data, headers={"Authorization": f"Visit {there.token}"})


def put(there, name="shot.png", content=None):
    return files(there, "post", data={"file": upload(name, content)})


def test_a_screenshot_goes_with_the_words_and_comes_back_to_whoever_sent_it(widget):
    there = widget()
    told = put(there, "<b>shot</b>.png").json()
    assert (told["name"], told["width"], told["height"]) == ("b>.png", 3, 2) and Customer.objects.get().is_visitor
    for _ in range(2):
        code, found = there.call("post", "", {"text": "What is this?", "client_msg_id": "m-1", "attachments": [told["key"]]})
        assert code == 201 and found["messages"][0]["files"] == [told]
    assert Message.objects.get().attachments.get().key == told["key"]
    assert files(there, "get", told["key"]).getvalue() == png()


def test_what_an_agent_sends_is_fetched_with_the_visits_token_and_a_note_never(widget):
    there, ines = widget(sub="u-17"), make_user()
    number = there.ask()[1]["number"]
    ticket = Ticket.objects.get(pk=number)
    plan, secret = (Attachment.put(upload(), by=ines) for _ in range(2))
    ticket.reply("See the plan.", by=ines, attachments=[plan.key])
    ticket.note("He is always like that.", by=ines, attachments=[secret.key])
    assert there.call("get", f"{number}/")[1]["messages"][-1]["files"][0]["key"] == plan.key
    answer = files(there, "get", plan.key)
    assert answer.status_code == 200 and answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert files(there, "get", secret.key).status_code == 404


def test_of_a_merged_conversation_the_files_follow_to_the_other_ticket(widget, django_capture_on_commit_callbacks):
    there = widget(sub="u-17")
    source = Ticket.objects.get(pk=there.ask()[1]["number"])
    target = make_ticket(Customer.objects.get(), handler="team")
    source.merge_into(target, by=make_user())
    key = put(there).json()["key"]
    with events.inline(), django_capture_on_commit_callbacks(execute=True):
        assert there.say(source.pk, "", attachments=[key])[0] == 201
    copy = target.messages.last().attachments.get()
    assert copy.name == source.messages.last().attachments.get().name
    assert (copy.file.read(), copy.width, copy.content_type) == (png(), 3, "image/png")


def test_nobody_elses_can_be_read_sent_or_taken_back(widget):
    there, mallory = widget(sub="u-17"), widget(sub="u-66")
    key = put(there).json()["key"]
    assert files(mallory, "get", key).status_code == files(mallory, "delete", key).status_code == 404
    assert mallory.call("post", "", {"text": "Look", "client_msg_id": "x", "attachments": [key]})[0] == 400
    assert files(widget(), "get", key).status_code == 404
    assert not Ticket.objects.exists() and files(there, "delete", key).status_code == 204


def test_a_colleagues_files_stay_in_the_portal(widget):
    there = widget(sub="u-17")
    there.ask()
    ada, bo = Customer.objects.get(), make_customer("Bo Lind")
    Customer.objects.update(organisation=make_organisation(shares_tickets=True))
    sent = Attachment.put(upload(), by=bo)
    make_ticket(bo).say("Look", customer=bo, attachments=[sent.key])
    Ticket.objects.update(organisation=bo.organisation or Customer.objects.get(pk=bo.pk).organisation)
    assert sent in Attachment.objects.visible_to(Customer.objects.get(pk=ada.pk))
    assert files(there, "get", sent.key).status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("big.png", png(30_000, 30_000), "pixels"), ("a.exe", b"MZ", "is a program"), ("none.txt", b"", "is empty")],
)
def test_what_is_not_taken_is_refused_in_words(widget, name, content, words):
    answer = put(widget(), name, content)
    assert answer.status_code == 400 and words in answer.json()["error"]["message"]


def test_a_question_needs_words_beside_the_picture(widget):
    there = widget()
    key = put(there).json()["key"]
    code, told = there.call("post", "", {"text": "", "client_msg_id": "m-1", "attachments": [key]})
    assert code == 400 and "what the file shows" in told["error"]["message"]


@pytest.mark.parametrize("sent", [["x"], "x", [1], [None], [{"key": 1}], ["y" * 40], ["\x00"]])
def test_nonsense_for_files_opens_nothing(widget, sent):
    assert widget().call("post", "", {"text": "Look", "client_msg_id": "m-1", "attachments": sent})[0] == 400
    assert not Ticket.objects.exists()


def test_strangers_at_one_place_send_only_so_many_and_whoever_is_known_is_not_counted_with_them(widget, monkeypatch):
    monkeypatch.setattr("helpdesk.widget.files.FROM_ONE_PLACE", 2)
    assert [put(widget()).status_code for _ in range(3)] == [201, 201, 429]
    assert put(widget(sub="u-17")).status_code == 201
