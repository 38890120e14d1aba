"""Customers sign in with what was mailed to them, and with nothing else."""

import datetime as dt
import re

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk import outbox
from helpdesk.identity import CUSTOMER_KEY
from helpdesk.models import Customer, CustomerEmail, Outbox, SignInCode, Ticket
from tests.factories import make_customer

pytestmark = pytest.mark.django_db


def ask_for_code(client, email="ada@client.example", **data):
    response = client.post("/sign-in/", {"email": email, **data})
    return response, SignInCode.objects.order_by("-pk").first()


def enter(client, code):
    return client.post("/sign-in/code/", {"code": code})


def is_signed_in(client):
    return CUSTOMER_KEY in client.session


def wrong(code):
    return f"{(int(code.code) + 1) % 1_000_000:06d}"


def test_the_mailed_code_signs_in_once_and_the_session_gets_a_new_key(client):
    ada = make_customer(email="ada@client.example")
    response, code = ask_for_code(client)
    assert response["Location"] == "/sign-in/code/"
    outbox.drain()
    mailed = re.search(r"\b\d{6}\b", mail.outbox[0].body)[0]
    before = client.session.session_key
    assert enter(client, f" {mailed[:3]} {mailed[3:]} ")["Location"] == "/questions/"
    assert client.session[CUSTOMER_KEY] == ada.pk
    assert client.session.session_key != before
    client.post("/sign-out/")
    session = client.session
    session["sign_in"] = code.pk
    session.save()
    assert enter(client, mailed).status_code == 302
    assert not is_signed_in(client)


def test_nothing_at_rest_tells_the_code_or_the_link(client):
    _, code = ask_for_code(client)
    outbox.drain()
    rows = [*SignInCode.objects.values_list(), *Outbox.objects.values_list()]
    assert code.code in mail.outbox[0].body
    assert code.token in mail.outbox[0].body
    assert not any(secret in str(rows) for secret in (code.code, code.token))
    assert len(code.token) >= 43


def test_known_and_unknown_addresses_get_the_same_answer_in_as_many_queries(client):
    make_customer(email="ada@client.example")
    pages, counts = [], []

    for email in ("ada@client.example", "nobody@nowhere.example"):
        client.cookies.clear()
        with CaptureQueriesContext(connection) as queries:
            response = client.post("/sign-in/", {"email": email})
        pages.append((response.status_code, response["Location"], client.get("/sign-in/code/").content.decode().count(email)))
        counts.append(len(queries))
    assert pages[0] == pages[1]
    assert counts[0] == counts[1]
    assert Customer.objects.count() == 1


def test_a_new_address_becomes_a_verified_customer_when_proven(client):
    _, code = ask_for_code(client, "New.Person@client.example ")
    assert not Customer.objects.exists()
    enter(client, code.code)
    assert Customer.objects.get().email == "new.person@client.example"
    assert Customer.objects.get().is_verified


def test_six_wrong_guesses_spoil_the_code(client):
    _, code = ask_for_code(client)
    assert [enter(client, wrong(code)).status_code for _ in range(5)] == [422] * 5
    assert b"no longer works" in enter(client, code.code).content
    assert not is_signed_in(client)


@pytest.mark.parametrize("typed", ["", " ", "\x00", "null", "None", "000000 or 1", "%20", "٣٣٣٣٣٣", "0" * 20])
def test_what_is_no_code_is_refused_in_words(client, typed):
    _, code = ask_for_code(client)
    response = enter(client, typed)
    assert response.status_code == 422
    assert b"field__error" in response.content
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "change", [{"expires_at": timezone.now()}, {"used_at": timezone.now()}, {"purpose": "unsubscribe"}, {"attempts": 5}]
)
def test_a_code_and_a_link_past_their_use_open_nothing(client, change):
    _, code = ask_for_code(client)
    token, digits = code.token, code.code
    SignInCode.objects.update(**change)
    enter(client, digits)
    assert client.post(f"/sign-in/link/{token}/").status_code == 404
    assert not is_signed_in(client)


def test_what_nobody_entered_is_forgotten_after_a_week_and_not_before(client):
    _, code = ask_for_code(client)
    week = code.expires_at + dt.timedelta(days=7)
    assert SignInCode.forget_old(at=week - dt.timedelta(minutes=1)) == 0
    assert SignInCode.forget_old(at=week + dt.timedelta(minutes=1)) == 1
    assert not SignInCode.objects.exists()


def test_a_code_is_worth_nothing_in_another_browser(client):
    _, code = ask_for_code(client)
    client.cookies.clear()
    assert enter(client, code.code)["Location"] == "/sign-in/"
    assert not is_signed_in(client)


def test_looking_at_the_link_does_nothing_and_the_button_signs_in_once(client):
    _, code = ask_for_code(client, next="/questions/?before=x")
    client.cookies.clear()
    address = f"/sign-in/link/{code.token}/"
    for _ in range(3):
        assert client.get(address).status_code == client.head(address).status_code == 200
    assert not is_signed_in(client)
    assert client.post(address)["Location"] == "/questions/?before=x"
    assert is_signed_in(client)
    client.cookies.clear()
    assert client.post(address).status_code == client.get(address).status_code == 404


@pytest.mark.parametrize("token", ["%20", "null", "%00", "x" * 43, "x"])
def test_made_up_links_open_nothing(client, token):
    ask_for_code(client)
    assert client.post(f"/sign-in/link/{token}/").status_code == 404
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "target", ["//evil.example", "\\\\evil.example", "/\\evil.example", "javascript:alert(1)", "https://evil.example", "/\n/evil", "evil"]
)
def test_nobody_is_sent_elsewhere(client, target):
    _, code = ask_for_code(client, next=target)
    assert enter(client, code.code)["Location"] == "/questions/"


def test_codes_are_limited_for_an_address_and_for_where_they_are_asked_from(client):
    answers = [ask_for_code(client)[0].status_code for _ in range(7)]
    assert answers == [302] * 6 + [429]
    assert ask_for_code(client)[0]["Retry-After"]
    answers = [ask_for_code(client, f"victim{n}@client.example")[0].status_code for n in range(40)]
    assert answers.count(302) == 34
    assert client.post("/sign-in/", {"email": "x@client.example"}, REMOTE_ADDR="198.51.100.7").status_code == 302


def test_a_stranger_cannot_use_up_the_codes_that_somebody_needs(client):
    for _ in range(8):
        client.post("/sign-in/", {"email": "ada@client.example"}, REMOTE_ADDR="203.0.113.9")
    assert client.post("/sign-in/", {"email": "ada@client.example"}, REMOTE_ADDR="198.51.100.7").status_code == 302


def test_an_address_that_somebody_only_claimed_opens_the_account_of_who_proved_it(client):
    mallory = make_customer("Mallory Vane")
    CustomerEmail.objects.create(customer=mallory, email="ada@client.example")
    _, code = ask_for_code(client)
    enter(client, code.code)
    assert client.session[CUSTOMER_KEY] != mallory.pk


def test_a_verified_second_address_opens_the_same_account(client):
    ada = make_customer()
    CustomerEmail.objects.create(customer=ada, email="ada@home.example", verified_at=timezone.now())
    _, code = ask_for_code(client, "ada@home.example")
    enter(client, code.code)
    assert client.session[CUSTOMER_KEY] == ada.pk


class TestAskingAsAVisitor:
    QUESTION = {
        "question": "Can a guest sign?",
        "details": "On our tablet.",
        "email": "ada@client.example",
        "client_msg_id": "tab-1",
        "page": "/permits/new",
    }

    def test_the_question_waits_for_the_code_and_is_then_asked_once(self, client):
        assert client.post("/ask/", self.QUESTION)["Location"] == "/sign-in/code/"
        assert not Ticket.objects.exists()
        code = SignInCode.objects.get()
        response = enter(client, code.code)
        ticket = Ticket.objects.get()
        assert response["Location"] == f"/questions/{ticket.number}/"
        assert (ticket.subject, ticket.page, ticket.customer.email) == ("Can a guest sign?", "/permits/new", "ada@client.example")
        assert ticket.messages.first().body == "Can a guest sign?\n\nOn our tablet."

    def test_a_new_code_and_the_link_in_another_browser_keep_it(self, client):
        client.post("/ask/", self.QUESTION)
        ask_for_code(client)
        code = SignInCode.objects.order_by("-pk").first()
        client.cookies.clear()
        assert client.post(f"/sign-in/link/{code.token}/")["Location"].startswith("/questions/")
        assert Ticket.objects.count() == 1

    def test_its_words_do_not_get_into_the_mail(self, client):
        client.post("/ask/", {**self.QUESTION, "question": "BUY PILLS\r\nBcc: all@example.com"})
        outbox.drain()
        assert "PILLS" not in mail.outbox[0].subject + mail.outbox[0].body
        assert mail.outbox[0].extra_headers["Auto-Submitted"] == "auto-generated"

    def test_nothing_typed_is_lost_when_too_many_codes_were_sent(self, client):
        for _ in range(6):
            ask_for_code(client)
        response = client.post("/ask/", self.QUESTION)
        assert response.status_code == 429
        assert b"On our tablet." in response.content
