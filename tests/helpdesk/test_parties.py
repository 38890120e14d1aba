"""Who gets what: copies, another requester, a message that is forwarded, and colleagues who are called."""

import re

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from helpdesk import events, outbox
from helpdesk.identity import CUSTOMER_KEY
from helpdesk.models import Event, Outbox, Ticket
from tests.factories import make_customer, make_team, make_ticket, make_user
from tests.smtp_peer import Peer

pytestmark = pytest.mark.django_db
HOSTILE = [
    "eve@evil.example\nBcc: all@evil.example",
    "eve@evil.example,bo@evil.example",
    "Eve <eve@evil.example>",
    "x",
    "",
    "a@b\r\n.example",
]


@pytest.fixture
def ines(client):
    agent = make_user()
    client.force_login(agent)
    return agent


@pytest.fixture
def ticket():
    return make_ticket(body="Our contract of 1999", handler="team")


@pytest.fixture
def smtp(settings):
    peer = Peer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = peer.host, peer.port
    yield peer
    peer.close()


def mails(event):
    events.consume("mail", event.pk)
    for row in Outbox.objects.order_by("pk"):
        row.retry()
        outbox.send(row.pk)
    return mail.outbox


def reads(client, customer, ticket):
    session = client.session
    session[CUSTOMER_KEY] = customer.pk
    session.save()
    return client.get(f"/questions/{ticket.pk}/")


class TestCopies:
    def test_they_get_every_later_reply_and_nothing_of_before(self, client, ines, ticket):
        ticket.reply("About 1999 first.", by=ines)
        client.post(f"/tickets/{ticket.pk}/copies/", {"email": " Pat@Elsewhere.example "})
        ticket.reply("It is mended.", by=ines)
        sent = mails(Event.objects.filter(verb="message.replied").last())
        assert sorted(each.to for each in sent) == sorted([["pat@elsewhere.example"], [ticket.customer.email]])
        copy = next(each for each in sent if each.to == ["pat@elsewhere.example"])
        assert "It is mended." in copy.body
        assert "1999" not in copy.body + str(copy.alternatives)
        assert "/questions/" not in copy.body + str(copy.alternatives)  # and no door of the requester's
        pat = ticket.participants.get().customer
        assert reads(client, pat, ticket).status_code == 404

    @pytest.mark.parametrize("email", HOSTILE)
    def test_one_address_and_nothing_else(self, client, ines, ticket, email):
        assert client.post(f"/tickets/{ticket.pk}/copies/", {"email": email}).status_code == 422
        assert not ticket.participants.exists()

    def test_twice_is_once_and_left_out_is_left_out(self, client, ines, ticket):
        for _ in range(2):
            client.post(f"/tickets/{ticket.pk}/copies/", {"email": "pat@elsewhere.example"})
        pat = ticket.participants.get().customer
        assert "Pat" in client.get(f"/tickets/{ticket.pk}/copies/").content.decode()
        for _ in range(2):
            client.post(f"/tickets/{ticket.pk}/copies/", {"_method": "delete", "customer": pat.pk})
        assert [each.verb for each in ticket.events.all()][1:] == ["ticket.copied_in", "ticket.left_out"]
        ticket.reply("So.", by=ines)
        assert [each.to for each in mails(ticket.events.last())] == [[ticket.customer.email]]

    def test_whoever_is_copied_in_by_a_second_address_gets_the_mail_there(self, client, ines, ticket, smtp):
        bo = make_customer("Bo Lind")
        bo.emails.create(email="bo@home.example")
        client.post(f"/tickets/{ticket.pk}/copies/", {"email": "Bo@Home.example"})
        assert ticket.participants.get().customer == bo
        assert "in copy, bo@home.example" in client.get(f"/tickets/{ticket.pk}/copies/").content.decode()
        ticket.reply("It is mended.", by=ines)
        mails(ticket.events.last())
        assert sorted(to for to, _ in smtp.mails) == sorted([["bo@home.example"], [ticket.customer.email]])
        copy = next(mail for to, mail in smtp.mails if to == ["bo@home.example"])
        assert copy["To"] == "bo@home.example"
        assert "It is mended." in copy.get_body(["plain"]).get_content()
        client.post(f"/tickets/{ticket.pk}/copies/", {"email": bo.email})
        assert ticket.participants.get().address == bo.email
        smtp.mails.clear()
        ticket.reply("For good.", by=ines)
        mails(ticket.events.last())
        assert [bo.email] in [to for to, _ in smtp.mails]

    def test_left_out_before_the_mail_is_due_it_is_not_sent(self, client, ines, ticket, smtp):
        pat = ticket.copy_in("pat@elsewhere.example", by=ines).customer
        ticket.reply("It is mended.", by=ines)
        replied = ticket.events.last()
        events.consume("mail", replied.pk)
        ticket.leave_out(pat, by=ines)
        mails(replied)
        assert [to for to, _ in smtp.mails] == [[ticket.customer.email]]


class TestRequester:
    def test_the_new_one_begins_with_what_is_said_next(self, client, ines, ticket):
        ada, bo = ticket.customer, make_customer("Bo Lind")
        client.post(f"/tickets/{ticket.pk}/requester/", {"email": bo.email, "subject": "A question", "keeps_copy": "on"})
        ticket.refresh_from_db()
        assert "1999" not in reads(client, bo, ticket).content.decode()
        assert "1999" not in client.get("/questions/").content.decode()
        ticket.reply("Hello Bo.", by=ines)
        page = reads(client, bo, ticket).content.decode()
        assert "Hello Bo." in page
        assert "1999" not in page
        assert reads(client, ada, ticket).status_code == 404
        assert [each.customer for each in ticket.participants.all()] == [ada]
        assert "1999" in client.get(f"/inbox/all/{ticket.pk}/").content.decode()

    def test_where_the_agent_says_so_they_read_all_of_it(self, client, ines, ticket):
        bo = make_customer("Bo Lind")
        client.post(f"/tickets/{ticket.pk}/requester/", {"email": bo.email, "shares": "on"})
        assert "1999" in reads(client, bo, ticket).content.decode()
        assert not ticket.participants.exists()

    @pytest.mark.parametrize("email", HOSTILE)
    def test_one_address_and_nothing_else(self, client, ines, ticket, email):
        assert client.post(f"/tickets/{ticket.pk}/requester/", {"email": email}).status_code == 422
        assert Ticket.objects.get().customer == ticket.customer

    def test_the_same_one_changes_nothing(self, client, ines, ticket):
        assert ticket.change_requester(ticket.customer, by=ines) is False
        assert ticket.events.count() == 1


class TestForwarding:
    def test_one_message_goes_out_and_nothing_else(self, client, ines, ticket):
        said = ticket.say("The log is <b>attached</b>", customer=ticket.customer)
        ticket.note("They owe us money", by=ines)
        client.post(f"/tickets/{ticket.pk}/messages/{said.seq}/forwarding/", {"to": "lab@elsewhere.example", "body": "Can you *look*?"})
        for row in Outbox.objects.all():
            outbox.send(row.pk)
        (sent,) = mail.outbox
        text = sent.body + str(sent.alternatives)
        assert sent.to == ["lab@elsewhere.example"]
        assert "The log is" in text
        assert "<em>look</em>" in text
        assert "<b>attached" not in str(sent.alternatives)
        assert "They owe" not in text
        assert "How can" not in text
        page = client.get(f"/inbox/all/{ticket.pk}/").content.decode()
        assert "Forwarded what Ada Okonkwo wrote to lab@elsewhere.example." in page
        assert "Mailed to lab@elsewhere.example" in page

    @pytest.mark.parametrize("to", HOSTILE)
    def test_one_address_and_nothing_else(self, client, ines, ticket, to):
        response = client.post(f"/tickets/{ticket.pk}/messages/1/forwarding/", {"to": to, "body": "Kept words"})
        assert response.status_code == 422
        assert "Kept words" in response.content.decode()
        assert not Outbox.objects.exists()

    def test_a_subject_of_two_lines_is_one(self, ines, ticket):
        Ticket.objects.update(subject="Hello\nBcc: all@evil.example")
        ticket.refresh_from_db()
        ticket.forward(ticket.messages.get(), to="lab@elsewhere.example", body="", by=ines)
        assert outbox.send(Outbox.objects.get().pk)
        assert mail.outbox[0].subject == "Fwd: Hello Bcc: all@evil.example"

    def test_a_note_never_leaves_the_house(self, client, ines, ticket):
        note = ticket.note("They owe us money", by=ines)
        assert client.post(f"/tickets/{ticket.pk}/messages/{note.seq}/forwarding/", {"to": "lab@elsewhere.example"}).status_code == 404
        with pytest.raises(ValidationError):
            ticket.forward(note, to="lab@elsewhere.example", body="", by=ines)


class TestMentions:
    def test_people_and_teams_are_called_once_each(self, client, ines, ticket):
        tom, keiko = make_user("Tom Aldridge"), make_user("Keiko Mori")
        team = make_team("Technical")
        team.members.set([tom, keiko, ines])
        ticket.note(f"@Tom Aldridge and @{team.name}: is this known? tom@desk.example knows.", by=ines)
        event = Event.objects.get(verb="message.mentioned")
        assert (sorted(event.data["users"]), event.data["teams"]) == ([tom.pk, keiko.pk], [team.pk])
        page = client.get(f"/inbox/all/{ticket.pk}/").content.decode()
        assert re.findall(r'class="mention">([^<]*)<', page) == ["@Tom Aldridge", f"@{team.name}"]

    def test_a_first_name_is_enough_where_there_is_one(self, ines, ticket):
        tom = make_user("Tom Aldridge")
        ticket.note("@tom?", by=ines)
        assert Event.objects.get(verb="message.mentioned").data["users"] == [tom.pk]
        make_user("Tom Baker")
        ticket.note("@Tom?", by=ines)
        assert Event.objects.filter(verb="message.mentioned").count() == 1

    def test_nobody_is_called_to_what_they_may_not_see_nor_by_oneself(self, ines):
        legal = make_team("Legal", is_private=True)
        legal.members.add(ines)
        make_user("Rosa Weber")
        make_ticket(team=legal).note("@Rosa Weber @Ines Carvalho", by=ines)
        assert not Event.objects.filter(verb="message.mentioned").exists()

    def test_a_reply_calls_nobody(self, ines, ticket):
        make_user("Tom Aldridge")
        ticket.reply("Write to @Tom Aldridge", by=ines)
        assert not Event.objects.filter(verb="message.mentioned").exists()

    def test_a_hostile_name_stays_a_name(self, client, ines, ticket):
        make_user("<img src=x onerror=alert(1)>")
        ticket.note("Hi @<img src=x onerror=alert(1)>", by=ines)
        assert (
            "<img" not in client.get(f"/inbox/all/{ticket.pk}/").content.decode().split('id="messages"')[0].split('id="thread-scroll"')[1]
        )

    def test_the_menu_offers_colleagues_who_may_see_it(self, client, ines, ticket):
        make_user("Tom Aldridge")
        make_team("Tomatoes")
        page = client.get(f"/tickets/{ticket.pk}/colleagues/", {"q": "tom"}).content.decode()
        assert [each.split(" ")[0] for each in re.findall(r'data-name="([^"]+)"', page)] == ["Tom", "Tomatoes"]
