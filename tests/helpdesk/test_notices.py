"""Mails to customers: what is announced, acknowledged and left out. Ada asks, Tom and Ines answer."""

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from helpdesk import events, outbox
from helpdesk.identity import CUSTOMER_KEY
from helpdesk.models import Event, Outbox
from tests.factories import make_customer, make_ticket, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return make_customer()


@pytest.fixture
def client(client, ada):
    session = client.session
    session[CUSTOMER_KEY] = ada.pk
    session.save()
    return client


@pytest.fixture
def ticket(ada):
    return make_ticket(ada)


class TestMail:
    def consume(self, verb):
        for event in Event.objects.filter(verb=verb):
            for _ in range(2):
                events.consume("mail", event.pk)

    def later(self):
        return timezone.now() + timezone.timedelta(minutes=2)

    def test_an_answer_is_mailed_once_unless_it_has_been_read(self, client, ticket):
        ticket.reply("Choose **Add a guest**.", by=make_user("Tom Aldridge"))
        self.consume("message.replied")
        outbox.drain()
        assert not mail.outbox
        outbox.drain(now=self.later())
        assert [sent.to for sent in mail.outbox] == [[ticket.customer.email]]
        assert f"/questions/{ticket.number}/" in mail.outbox[0].body
        assert "Tom Aldridge" in mail.outbox[0].body
        ticket.reply("More.", by=make_user())
        self.consume("message.replied")
        client.get(f"/questions/{ticket.number}/")
        outbox.drain(now=self.later())
        assert len(mail.outbox) == 1

    def test_a_hand_off_is_acknowledged_once_an_hour_without_what_was_asked(self, ada):
        for _ in range(3):
            make_ticket(ada, body="BUY PILLS").hand_off(reason="unsure")
        self.consume("ticket.handed_off")
        outbox.drain()
        assert len(mail.outbox) == 1
        assert "PILLS" not in mail.outbox[0].subject + mail.outbox[0].body + str(mail.outbox[0].alternatives)

    def test_who_has_not_proven_their_address_gets_no_automatic_mail(self):
        make_ticket(make_customer(verified_at=None)).hand_off(reason="unsure")
        self.consume("ticket.handed_off")
        assert not Outbox.objects.exists()

    def test_imported_history_mails_nobody(self, ada):
        long_ago = timezone.now() - timezone.timedelta(days=30)
        ticket = make_ticket(ada, at=long_ago)
        ticket.hand_off(reason="unsure", at=long_ago)
        ticket.reply("Yes.", by=make_user(), at=long_ago)
        self.consume("ticket.handed_off")
        self.consume("message.replied")
        assert not Outbox.objects.exists()

    def test_html_in_a_reply_is_harmless_in_its_mail(self, ticket):
        ticket.reply("<script>alert(1)</script> [x](javascript:alert(1))", by=make_user("<b>Tom</b>", email="tom@desk.example"))
        self.consume("message.replied")
        outbox.drain(now=self.later())
        html = mail.outbox[0].alternatives[0][0]
        assert not any(bad in html for bad in ("<script", 'javascript:alert(1)"', "<b>Tom"))


class TestDevMail:
    def test_the_embedded_product_keeps_its_mail_for_all_to_see(self, settings, client):
        settings.EMAIL_BACKEND = "helpdesk.mail.devbox.EmailBackend"
        Client().post("/sign-in/", {"email": "ada@client.example"})
        outbox.drain()
        page = client.get("/dev/mail/")
        assert b"ada@client.example" in page.content
        link = page.context["mails"][0].pk
        assert b"/sign-in/link/" in client.get(f"/dev/mail/{link}/").content

    def test_elsewhere_there_is_no_such_page(self, settings, client):
        settings.EMBEDDED = False
        assert client.get("/dev/mail/").status_code == client.get("/dev/mail/1/").status_code == 404
