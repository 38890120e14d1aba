"""An open ticket: who may see it, what its thread says, and what a reply does."""

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk.identity import CUSTOMER_KEY
from helpdesk.models import Message, Ticket
from helpdesk.thread import PAGE
from tests.factories import make_customer, make_organisation, make_team, make_ticket, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


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
    ticket = make_ticket()
    ticket.hand_off(reason="unsure")
    return ticket


def show(client, ticket, **query):
    return client.get(f"/inbox/all/{ticket.pk}/", query).content.decode()


def thread_of(page):
    return page.split('id="thread-scroll"')[1].split('id="composer"')[0]


def send(client, ticket, body="Choose **Add a guest**.", htmx=False, **fields):
    given = {"body": body, "kind": "reply", "teach": "on", "client_msg_id": f"m{len(body)}", "seen_seq": ticket.last_seq, **fields}
    return client.post(f"/tickets/{ticket.pk}/messages/", given, **(HTMX if htmx else {}))


PAGES = ["/inbox/", "/inbox/all/", "/inbox/all/{n}/", "/tickets/{n}/", "/tickets/{n}/messages/"]
NOUNS = ["messages", "assignment", "closure", "tags", "priority", "snooze", "spam"]


class TestAccess:
    @pytest.mark.parametrize("url", PAGES)
    @pytest.mark.parametrize("who", ["anonymous", "customer"])
    def test_only_agents_read(self, client, ticket, url, who):
        if who == "customer":
            session = client.session
            session[CUSTOMER_KEY] = ticket.customer.pk
            session.save()
        response = client.get(url.format(n=ticket.pk))
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/accounts/login/?next=/")

    @pytest.mark.parametrize("noun", NOUNS)
    def test_only_agents_act(self, client, ticket, noun):
        before = Ticket.objects.values().get()
        assert client.post(f"/tickets/{ticket.pk}/{noun}/", {"body": "x", "tag": "x"}).status_code == 302
        assert client.delete(f"/tickets/{ticket.pk}/{noun}/").status_code in {302, 405}
        assert Ticket.objects.values().get() == before

    def test_a_fragment_asked_for_after_the_session_ended_leads_to_the_whole_sign_in_page(self, client, ticket):
        response = client.get("/inbox/all/", HTTP_HX_CURRENT_URL="http://testserver/inbox/mine/", **HTMX)
        assert response.headers["HX-Redirect"] == "/accounts/login/?next=/inbox/mine/"

    def test_another_teams_agent_finds_nothing(self, client, ines):
        closed = make_ticket(team=make_team("Legal", is_private=True))
        for url in PAGES[2:]:
            assert client.get(url.format(n=closed.pk)).status_code == 404
        for noun in NOUNS:
            assert client.post(f"/tickets/{closed.pk}/{noun}/", {"body": "x", "tag": "x"}).status_code == 404
        assert closed.subject not in client.get("/inbox/everything/").content.decode()
        assert closed.events.count() == 1

    @pytest.mark.parametrize("number", [0, 999_999, 2**63, 10**30])
    def test_a_ticket_that_is_not_there_looks_the_same(self, client, ines, number):
        assert client.get(f"/inbox/all/{number}/").status_code == 404

    def test_somebody_who_left_is_nobody(self, client, ines):
        ines.is_active = False
        ines.save()
        assert client.get("/inbox/all/").status_code == 302


class TestThread:
    def test_the_number_leads_to_all_open(self, client, ines, ticket):
        assert client.get(f"/tickets/{ticket.pk}/").headers["Location"] == f"/inbox/all/{ticket.pk}/"

    def test_it_tells_what_was_said_and_what_happened_in_order(self, client, ines, tom, ticket):
        ticket.assign(to=ines, by=tom)
        ticket.note("She rang before.", by=tom)
        ticket.reply("Choose **Add a guest**.", by=ines)
        ticket.resolve(by=ines)
        ticket.say("It came back.", customer=ticket.customer)
        ticket.tag(add=["Permits"], by=ines)
        ticket.prioritise("high", by=tom)
        words = re.sub(r"<[^>]+>|\s+", " ", thread_of(show(client, ticket)))
        words = re.sub(r"\s+", " ", words)
        told = [
            "How can a subcontractor sign",
            "The assistant passed this on to people because it was not sure enough",
            "Tom assigned this to you",
            "Internal note",
            "She rang before.",
            "Choose Add a guest .",
            "You resolved this",
            "Ada reopened this",
            "It came back.",
            "You set the tags to permits",
            "Tom set the priority to high",
        ]
        places = [words.index(each) for each in told]
        assert places == sorted(places)

    def test_what_happened_at_the_same_moment_stands_where_it_makes_sense(self, client, ines):
        at = timezone.now() - timezone.timedelta(days=1)
        ticket = make_ticket(at=at)
        ticket.ask_for_person(customer=ticket.customer, at=at)
        ticket.resolve(by=ines, at=at)
        later = at + timezone.timedelta(hours=1)
        ticket.say("Hello?", customer=ticket.customer, at=later)
        ticket.resolve(by=ines, at=later)
        words = " ".join(re.sub(r"<[^>]+>", "", thread_of(show(client, ticket))).split())
        told = ["How can", "asked for a person", "passed this on", "A person will", "You resolved", "reopened", "Hello?", "You resolved"]
        place = 0
        for each in told:
            place = words.index(each, place) + 1

    def test_days_are_set_apart(self, client, ines):
        at = datetime(2025, 3, 3, 23, 50, tzinfo=UTC)
        ticket = make_ticket(at=at)
        ticket.say("And?", customer=ticket.customer, at=at + timezone.timedelta(minutes=20))
        ticket.say("Hello?", customer=ticket.customer)
        page = show(client, ticket)
        assert re.findall(r'data-day="([^"]+)"', page) == ["2025-03-03", "2025-03-04", timezone.localdate().isoformat()]
        assert "Monday, 3 March 2025" in page
        assert "Today, " in page

    def test_it_shows_whether_the_customer_read_the_last_answer(self, client, ines, ticket):
        ticket.reply("Choose Add a guest.", by=ines)
        assert "Read by Ada" not in show(client, ticket)
        ticket.mark_read(ticket.customer)
        assert show(client, ticket).count("Read by Ada") == 1

    def test_the_assistants_answer_carries_its_sources(self, client, ines):
        ticket = make_ticket()
        cited = [
            {"n": 1, "source": 1, "title": "Guest signatures", "path": "/articles/guest/", "kind": "article"},
            {"n": 2, "source": 2, "title": "Elsewhere", "path": "//evil.example", "kind": "article"},
            {"n": 3, "source": 3, "title": "Script", "path": "javascript:alert(1)", "kind": "resolution"},
        ]
        ticket.answer("Add a guest.", meta={"kind": "answer", "citations": cited})
        thread = thread_of(show(client, ticket))
        assert '<a href="/articles/guest/">Guest signatures</a>' in thread
        assert "Elsewhere" in thread
        assert "evil.example" not in thread
        assert "javascript:" not in thread

    def test_only_the_last_messages_are_shown_and_the_way_to_the_earlier_ones(self, client, ines, ticket):
        now = timezone.now()
        Message.objects.bulk_create(
            Message(ticket=ticket, seq=seq, author="customer", customer=ticket.customer, body=f"Line {seq}", at=now)
            for seq in range(2, 10_001)
        )
        Ticket.objects.filter(pk=ticket.pk).update(last_seq=10_000)
        page = show(client, ticket)
        seqs = [int(seq) for seq in re.findall(r'id="m-(\d+)"', page)]
        assert seqs == list(range(10_001 - PAGE, 10_001))
        link = re.search(r'hx-get="([^"]*before=[^"]*)"', page)[1]
        earlier = client.get(link, HTTP_HX_TARGET="earlier", **HTMX).content.decode()
        assert [int(seq) for seq in re.findall(r'id="m-(\d+)"', earlier)] == list(range(10_001 - 2 * PAGE, 10_001 - PAGE))
        assert "<html" not in earlier
        assert "Back to the newest" in client.get(link).content.decode()

    def test_its_cost_does_not_grow_with_what_was_said(self, client, ines, tom, ticket):
        def cost():
            with CaptureQueriesContext(connection) as queries:
                assert show(client, ticket)
            return len(queries)

        show(client, ticket)
        first = cost()
        for n in range(12):
            ticket.say(f"Line {n}", customer=ticket.customer)
            ticket.note(f"Note {n}", by=tom)
            ticket.assign(to=[ines, tom][n % 2], by=tom)
            make_ticket(ticket.customer).resolve(by=tom)
        ticket.mark_read(ines)
        # session, agent, closed teams, settings; the ticket, its read mark, messages and their files, events, earlier tickets; agents, teams; counts, rows;
        # the ticket's incident, and how many are open; what agents have written and not sent, and of which desks it has come, or can take back; macros, and who gets copies;
        # the agent's own settings and views, and what they have been told of and not seen, of this ticket and of all
        assert first == 25
        assert cost() == first + 1  # the people that events name

    def test_htmx_gets_the_thread_and_the_customer_and_history_gets_the_page(self, client, ines, ticket):
        part = client.get(f"/inbox/all/{ticket.pk}/", HTTP_HX_TARGET="thread", **HTMX).content.decode()
        assert '<section class="pane" id="thread"' in part
        assert 'id="customer"' in part
        assert "hx-swap-oob" in part
        assert "<html" not in part
        whole = client.get(f"/inbox/all/{ticket.pk}/", HTTP_HX_TARGET="thread", HTTP_HX_HISTORY_RESTORE_REQUEST="true", **HTMX)
        assert "<html" in whole.content.decode()


class TestNews:
    def test_an_open_screen_gets_what_it_does_not_show_yet(self, client, ines, tom, ticket):
        seen, event = ticket.last_seq, ticket.events.last().pk
        ticket.say("Any news?", customer=ticket.customer)
        ticket.assign(to=tom, by=tom)
        news = client.get(f"/tickets/{ticket.pk}/messages/", {"after": seen, "event": event}).content.decode()
        assert "Any news?" in news
        assert "took this" in news
        assert "How can a subcontractor" not in news.split('id="news"')[1]
        assert 'class="thread__day"' not in news  # the screen shows today already

    @pytest.mark.parametrize("query", [{}, {"after": "x"}, {"after": "-1", "event": "9" * 30}])
    def test_nonsense_is_as_good_as_nothing(self, client, ines, ticket, query):
        assert client.get(f"/tickets/{ticket.pk}/messages/", query).status_code == 200

    def test_it_counts_as_read_only_when_somebody_looks(self, client, ines, ticket):
        from helpdesk.inbox import with_unread

        client.get(f"/tickets/{ticket.pk}/messages/")
        assert with_unread(Ticket.objects.all(), ines).get().unread
        client.get(f"/tickets/{ticket.pk}/messages/", {"seen": ""})
        assert not with_unread(Ticket.objects.all(), ines).get().unread


class TestReply:
    def test_it_is_sent_and_taught_and_leads_back_to_the_thread(self, client, ines, ticket):
        response = send(client, ticket, view="mine", draft=7)
        assert response.headers["Location"] == f"/inbox/mine/{ticket.pk}/"
        message = ticket.messages.last()
        assert (message.body, message.user, message.meta) == ("Choose **Add a guest**.", ines, {"teach": True, "draft": 7})
        ticket.refresh_from_db()
        assert (ticket.state, ticket.assignee) == ("waiting", ines)

    def test_not_teaching_is_a_choice(self, client, ines, ticket):
        send(client, ticket, teach="")
        assert ticket.messages.last().meta["teach"] is False

    def test_a_note_is_a_note(self, client, ines, ticket):
        send(client, ticket, kind="note")
        assert ticket.messages.last().is_note
        ticket.refresh_from_db()
        assert ticket.state == "open"

    @pytest.mark.parametrize(("then", "state"), [("resolve", "resolved"), ("wait", "waiting")])
    def test_send_and_then(self, client, ines, ticket, then, state):
        send(client, ticket, then=then)
        ticket.refresh_from_db()
        assert ticket.state == state

    def test_sent_twice_is_sent_once(self, client, ines, ticket):
        assert [send(client, ticket).status_code for _ in range(2)] == [302, 302]
        assert ticket.messages.filter(author="agent").count() == 1

    def test_sent_again_with_other_words_loses_neither(self, client, ines, ticket):
        send(client, ticket, "First try", client_msg_id="same")
        again = send(client, ticket, "Second try", client_msg_id="same")
        page = again.content.decode()
        assert again.status_code == 422
        assert "Second try" in page
        assert "was sent already" in page
        fresh = re.search(r'name="client_msg_id" value="([^"]+)"', page)[1]
        assert send(client, ticket, "Second try", client_msg_id=fresh, seen_seq="").status_code == 302
        assert set(ticket.messages.filter(author="agent").values_list("body", flat=True)) == {"First try", "Second try"}

    @pytest.mark.parametrize("htmx", [False, True])
    @pytest.mark.parametrize(("body", "words"), [("  \n", "The message is empty."), ("long" * 20_000, "longer than 50,000 characters")])
    def test_what_cannot_be_sent_is_said_and_kept(self, client, ines, ticket, body, words, htmx):
        response = send(client, ticket, body, client_msg_id="m1", htmx=htmx)
        page = response.content.decode()
        assert response.status_code == 422
        assert words in page
        assert body in page
        assert ("<html" in page) is not htmx
        assert ticket.messages.filter(author="agent").count() == 0

    @pytest.mark.parametrize(
        "field", [{"kind": "shout"}, {"then": "explode"}, {"draft": "x"}, {"client_msg_id": "x" * 65}, {"seen_seq": "-1"}]
    )
    def test_a_forged_field_says_nothing_to_anybody(self, client, ines, ticket, field):
        assert send(client, ticket, **field).status_code == 422
        assert ticket.messages.filter(author="agent").count() == 0

    def test_editing_a_draft_sends_nothing(self, client, ines, ticket):
        response = send(client, ticket, "The drafted answer", then="edit", draft=3)
        page = response.content.decode()
        assert response.status_code == 200
        assert "The drafted answer</textarea>" in page
        assert 'name="draft" value="3"' in page
        assert ticket.messages.filter(author="agent").count() == 0

    def test_get_shows_nothing_but_news_and_put_is_refused(self, client, ines, ticket):
        assert client.put(f"/tickets/{ticket.pk}/messages/").status_code == 405


class TestSomebodyWasFaster:
    def test_a_reply_that_did_not_see_the_last_message_asks_first(self, client, ines, tom, ticket):
        seen = ticket.last_seq
        ticket.reply("I am on it.", by=tom)
        response = send(client, ticket, "My answer", seen_seq=seen, htmx=True)
        page = response.content.decode()
        assert response.status_code == 422
        assert "Tom wrote while you were writing" in page
        assert "My answer" in page
        assert ticket.messages.filter(user=ines).count() == 0

        now_seen = re.search(r'name="seen_seq" value="(\d+)"', page)[1]
        assert send(client, ticket, "My answer", seen_seq=now_seen, htmx=True).status_code == 200
        assert ticket.messages.filter(user=ines).count() == 1

    def test_the_customer_counts_too(self, client, ines, ticket):
        seen = ticket.last_seq
        ticket.say("I found it myself.", customer=ticket.customer)
        assert "Ada wrote while you were writing" in send(client, ticket, seen_seq=seen).content.decode()

    def test_notes_and_ones_own_messages_do_not(self, client, ines, tom, ticket):
        seen = ticket.last_seq
        ticket.note("Look at FN-2291.", by=tom)
        ticket.reply("One moment.", by=ines)
        assert send(client, ticket, seen_seq=seen).status_code == 302

    def test_a_note_never_waits(self, client, ines, tom, ticket):
        seen = ticket.last_seq
        ticket.reply("I am on it.", by=tom)
        assert send(client, ticket, kind="note", seen_seq=seen).status_code == 302


class TestCustomer:
    def test_the_panel_tells_who_asks_and_how_it_went_before(self, client, ines, tom):
        organisation = make_organisation(plan="Enterprise", lifecycle="at_risk", traits={"seats": 412})
        ada = make_customer(title="Head of Field Operations", organisation=organisation, traits={"app": "iOS 6.14.2"})
        by_tom, assumed, by_assistant = (make_ticket(ada, body=f"Earlier {n}") for n in range(3))
        by_tom.reply("Yes, choose **Add a guest**.", by=tom)
        by_tom.resolve(by=tom)
        assumed.resolve(how="assumed")
        by_assistant.answer("So.", meta={"kind": "answer", "citations": [{"n": 1, "title": "Guest signatures"}]})
        by_assistant.solved(customer=ada)
        ticket = make_ticket(ada, context={"page": "/settings/security", "error": "SAML_LOOP"})
        panel = show(client, ticket).split('id="customer"')[1]
        for words in [
            "Head of Field Operations",
            "verified",
            "Enterprise",
            "Renewal at risk",
            "412",
            "iOS 6.14.2",
            "SAML_LOOP",
            "/settings/security",
        ]:
            assert words in panel
        for words in ["Solved by Tom", "Yes, choose Add a guest.", "Assumed solved", "Solved by the assistant", "Guest signatures"]:
            assert words in panel

    def test_an_unproved_address_is_said(self, client, ines):
        assert "Address not verified" in show(client, make_ticket(make_customer(verified_at=None)))

    def test_a_private_teams_ticket_is_not_among_the_earlier_ones(self, client, ines):
        ada = make_customer()
        make_ticket(ada, body="About the lawsuit", team=make_team("Legal", is_private=True))
        assert "About the lawsuit" not in show(client, make_ticket(ada))
