"""Sending that can be undone, and how far a message has come."""

import datetime as dt
import re

import pytest
from django.core.mail import get_connection
from django.utils import timezone

from helpdesk import composing, outbox
from helpdesk.identity import CUSTOMER_KEY
from helpdesk.models import Event, HeldReply, Macro, Outbox, SiteSettings, Ticket, Unsent
from helpdesk.tasks import say_held_replies
from tests.factories import make_ticket, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ten_seconds():
    SiteSettings.objects.update_or_create(pk=1, defaults={"undo_seconds": 10})


@pytest.fixture
def ines(client):
    agent = make_user()
    client.force_login(agent)
    return agent


@pytest.fixture
def ticket():
    return make_ticket(handler="team")


def send(client, ticket, body="Choose **Add a guest**.", **fields):
    given = {"kind": "reply", "body": body, "teach": "on", "client_msg_id": "m1", "seen_seq": ticket.last_seq, **fields}
    return client.post(f"/tickets/{ticket.pk}/messages/", given)


def undo(client, ticket):
    return client.post(f"/tickets/{ticket.pk}/held/{HeldReply.objects.get().pk}/", {"_method": "delete"}, HTTP_HX_REQUEST="true")


def later(seconds=10):
    return timezone.now() + dt.timedelta(seconds=seconds)


class TestUndo:
    def test_nobody_outside_sees_or_gets_it_before_its_time(self, client, ines, ticket, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            send(client, ticket)
        assert composing.say_due(later(9)) == 0
        assert (ticket.messages.count(), Outbox.objects.count()) == (1, 0)
        session = client.session
        session[CUSTOMER_KEY] = ticket.customer.pk
        session.save()
        assert "Add a guest" not in client.get(f"/questions/{ticket.pk}/").content.decode()
        assert composing.say_due(later()) == 1
        assert ticket.messages.last().body == "Choose **Add a guest**."
        assert "Add a guest" in client.get(f"/questions/{ticket.pk}/").content.decode()

    def test_taken_back_its_words_are_in_the_composer_again(self, client, ines, ticket):
        send(client, ticket, draft=7)
        assert "Sends" in client.get(f"/inbox/all/{ticket.pk}/").content.decode()
        page = undo(client, ticket).content.decode()
        assert "Choose **Add a guest**.</textarea>" in page
        assert 'name="draft" value="7"' in page
        assert composing.say_due(later()) == 0
        assert (ticket.messages.count(), Unsent.objects.get().body) == (1, "Choose **Add a guest**.")

    def test_what_was_begun_meanwhile_is_not_lost(self, client, ines, ticket):
        send(client, ticket)
        Unsent.keep(ticket, "And one more", by=ines, is_note=False, rev=0)
        undo(client, ticket)
        assert Unsent.objects.get().body == "And one more\n\nChoose **Add a guest**."

    def test_too_late_is_said(self, client, ines, ticket):
        send(client, ticket)
        address = f"/tickets/{ticket.pk}/held/{HeldReply.objects.get().pk}/"
        composing.say_due(later())
        response = client.post(address, {"_method": "delete"}, HTTP_HX_REQUEST="true")
        assert response.status_code == 422
        assert "It was sent already." in response.headers["HX-Trigger"]
        assert ticket.messages.filter(author="agent").count() == 1

    def test_nobody_else_takes_it_back(self, client, ines, ticket):
        send(client, ticket)
        client.force_login(make_user("Tom Aldridge"))
        assert undo(client, ticket).status_code == 422
        assert HeldReply.objects.exists()

    def test_sent_twice_is_held_and_said_once(self, client, ines, ticket):
        assert [send(client, ticket).status_code for _ in range(2)] == [302, 302]
        composing.say_due(later())
        assert send(client, ticket).status_code == 302
        assert ticket.messages.filter(author="agent").count() == 1
        assert not HeldReply.objects.exists()

    def test_what_was_wanted_with_it_is_done_with_it(self, client, ines, ticket):
        macro = Macro.objects.create(name="x", tags=["photos"])
        send(client, ticket, then="resolve", macro=macro.pk)
        ticket.refresh_from_db()
        assert (ticket.state, ticket.tags) == ("open", [])
        composing.say_due(later())
        ticket.refresh_from_db()
        assert (ticket.state, ticket.tags) == ("resolved", ["photos"])

    def test_resolving_does_not_leave_it_behind(self, client, ines, ticket):
        send(client, ticket)
        client.post(f"/tickets/{ticket.pk}/closure/")
        ticket.refresh_from_db()
        assert (ticket.state, ticket.last_author) == ("resolved", "agent")
        assert [each.verb for each in ticket.events.all()][-2:] == ["message.replied", "ticket.resolved"]

    def test_a_colleague_who_answers_meanwhile_is_asked_first(self, client, ines, ticket):
        send(client, ticket)
        client.force_login(make_user("Tom Aldridge"))
        response = send(client, ticket, "Mine", client_msg_id="m2")
        assert response.status_code == 422
        assert "Ines wrote while you were writing" in response.content.decode()

    def test_an_open_screen_does_not_wait_for_a_worker(self, client, ines, ticket):
        send(client, ticket)
        HeldReply.objects.update(due_at=timezone.now())
        assert "Add a guest" in client.get(f"/tickets/{ticket.pk}/messages/", {"after": 1}).content.decode()
        assert ticket.messages.count() == 2

    def test_the_timetable_says_it_and_one_that_fails_keeps_nobody_waiting(self, client, ines, ticket):
        send(client, ticket)
        other = make_ticket(handler="team")
        send(client, other)
        HeldReply.objects.update(due_at=timezone.now())
        HeldReply.objects.filter(ticket=ticket).update(body="\u200b")  # which no message can be
        say_held_replies()
        assert (ticket.messages.count(), other.messages.count(), HeldReply.objects.count()) == (1, 2, 1)

    def test_a_note_is_there_at_once_and_an_empty_reply_is_refused(self, client, ines, ticket):
        send(client, ticket, "For us", kind="note")
        assert ticket.messages.count() == 2
        assert send(client, ticket, " ", client_msg_id="m2").status_code == 422
        assert not HeldReply.objects.exists()

    def test_each_change_has_its_event(self, client, ines, ticket):
        send(client, ticket)
        undo(client, ticket)
        assert [each.verb for each in ticket.events.all()] == ["ticket.opened", "reply.held", "reply.taken_back"]


class TestDelivery:
    @pytest.fixture
    def mail(self, ines, ticket, django_capture_on_commit_callbacks):
        """The mail that carries a reply, as the consumer wrote it down."""
        from helpdesk import events

        message = ticket.reply("Turn it on.", by=ines)
        events.consume("mail", Event.objects.get(verb="message.replied").pk)
        return Outbox.objects.get(message=message)

    def shown(self, client, ticket):
        page = client.get(f"/inbox/all/{ticket.pk}/").content.decode()
        return " ".join(re.sub(r"<[^>]+>", " ", page.split('id="delivery-2"')[1].split("</article>")[0]).split())

    def test_it_is_queued_then_mailed(self, client, ines, ticket, mail):
        assert f"Queued for {ticket.customer.email}" in self.shown(client, ticket)
        outbox.send(mail.pk, now=later(90))
        assert f"Mailed to {ticket.customer.email}" in self.shown(client, ticket)

    def test_what_failed_says_why_and_is_tried_again(self, client, ines, ticket, mail, settings):
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1", 1
        assert get_connection()
        assert outbox.send(mail.pk, now=later(90)) is False
        words = self.shown(client, ticket)
        assert "Not delivered yet" in words
        assert "Connection refused" in words
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        answer = client.post(f"/tickets/{ticket.pk}/messages/2/delivery/", HTTP_HX_REQUEST="true")
        assert "Queued for" in answer.content.decode()
        assert outbox.send(mail.pk, now=later(1)) is True
        assert "Mailed to" in self.shown(client, ticket)
        assert Event.objects.filter(verb="delivery.retried", user=ines).count() == 1

    def test_who_read_it_here_is_not_written_to(self, client, ines, ticket, mail):
        Ticket.objects.get(pk=ticket.pk).mark_read(ticket.customer)
        outbox.send(mail.pk, now=later(90))
        mail.refresh_from_db()
        assert mail.state == "skipped"
        assert "Mailed" not in self.shown(client, ticket)

    def test_a_note_has_none(self, client, ines, ticket):
        ticket.note("Only us", by=ines)
        assert client.get(f"/tickets/{ticket.pk}/messages/2/delivery/").status_code == 404
