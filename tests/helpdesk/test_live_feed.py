"""The live feed: what the assistant is holding, who takes it over and hands it back, and chats side by side."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk import feed, office
from helpdesk.events import inline
from helpdesk.models import Event, Message, Site, SiteSettings, Ticket, User, Visit
from helpdesk.question import Question
from helpdesk.search.index import index_source, outline
from helpdesk.widget import telling
from tests.factories import make_article, make_customer, make_team, make_ticket, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ines(client):
    agent = make_user()
    client.force_login(agent)
    return agent


def held(customer=None, body="How can a subcontractor sign?", **fields):
    """A chat in which the assistant has answered."""
    ticket = make_ticket(customer, body, channel="chat", **fields)
    ticket.answer("Choose **Add a guest**.", meta={"kind": "answer", "title": "Guest signatures", "confidence": 0.91})
    return ticket


class TestFeed:
    def test_what_the_assistant_holds_with_topic_mood_confidence_and_how_long(self, client, ines):
        ticket = held(at=timezone.now() - dt.timedelta(minutes=12))
        ticket.say("It STILL does not work!! This is useless", customer=ticket.customer)
        page = client.get("/live/").content.decode()
        for words in ("Guest signatures", "91% sure", "Upset", "uses angry words", ">12m<", "waits now"):
            assert words in page, words

    def test_who_is_in_the_widget_comes_first_and_who_was_is_not_shown_there(self, client, ines):
        site = Site.objects.create(name="App")
        left, here = held(), held(make_customer("Bo Lindqvist"))
        Visit.objects.create(site=site, customer=here.customer, key_hash="a", page="/permits")
        Visit.objects.create(site=site, customer=left.customer, key_hash="b", seen_at=timezone.now() - dt.timedelta(minutes=5))
        left.say("Hello", customer=left.customer)
        assert [(each.ticket, each.is_here) for each in feed.held(ines)] == [(here, True), (left, False)]

    def test_old_solved_and_private_conversations_are_not_live(self, ines):
        held(at=timezone.now() - dt.timedelta(days=2))
        Ticket.objects.update(updated_at=timezone.now() - dt.timedelta(days=2))
        held().resolve()
        held(team=make_team("Legal", is_private=True))
        assert feed.held(ines) == [] == feed.with_people(ines)

    def test_a_portal_question_with_people_is_no_chat(self, ines):
        make_ticket(handler="team")
        chat = make_ticket(channel="chat", handler="team")
        assert [each.ticket for each in feed.with_people(ines)] == [chat]

    def test_what_is_handed_over_while_it_is_read_stands_there_once(self, ines, monkeypatch):
        chat = make_ticket(channel="chat", handler="assistant")
        people = feed.with_people
        monkeypatch.setattr(feed, "with_people", lambda *args, **when: Ticket.objects.update(handler="team") and people(*args, **when))
        held_by_it, with_people = feed.both(ines)
        assert (held_by_it, [each.ticket for each in with_people]) == ([], [chat])

    def test_as_many_queries_for_twenty_as_for_one(self, client, ines):
        def cost():
            with CaptureQueriesContext(connection) as queries:
                assert client.get("/live/").status_code == 200
            return len(queries)

        held()
        client.get("/live/")
        first = cost()
        for number in range(20):
            held(make_customer(f"Customer {number}")).say("And now?", customer=Ticket.objects.latest("pk").customer)
        # session, agent, settings, closed teams; tickets, messages, verdicts and visits of what is held; tickets with people; open incidents
        assert first == cost() <= 12


class TestTakingOver:
    def test_it_is_taken_over_once_and_the_customer_sees_by_whom(self, ines):
        ticket = held()
        ticket.say("Hello?", customer=ticket.customer)
        assert ticket.take_over(by=ines) and not ticket.take_over(by=ines)
        ticket.refresh_from_db()
        assert (ticket.handler, ticket.assignee, ticket.waiting_since is None) == ("team", ines, False)
        assert Event.objects.filter(verb="ticket.taken_over", data__held=True).count() == 1
        shown = telling.conversation(Question.load(ticket, ticket.customer))
        assert (shown["helper"], shown["with_people"], shown["is_pending"]) == (ines.name, True, False)

    def test_to_whom_it_was_merely_given_stays_inside(self, ines):
        ticket = held()
        ticket.assign(to=ines, by=ines)
        assert telling.conversation(Question.load(ticket, ticket.customer))["helper"] == ""

    def test_handed_back_the_assistant_answers_what_is_still_open(self, ines, django_capture_on_commit_callbacks):
        article = make_article("Let somebody sign without an account", "Choose **Add a guest**. The guest signs on your screen.")
        index_source(article.source, outline(article.title, article.body))
        ticket = make_ticket(channel="chat")
        ticket.take_over(by=ines)
        ticket.reply("Hello, what is it about?", by=ines)
        ticket.say("How can somebody sign a permit without an account?", customer=ticket.customer)
        ticket.note("The assistant knows that.", by=ines)
        with inline(), django_capture_on_commit_callbacks(execute=True):
            assert ticket.hand_back(by=ines) and not ticket.hand_back(by=ines)
        ticket.refresh_from_db()
        assert Message.objects.filter(ticket=ticket).latest("seq").author == "assistant"
        assert Event.objects.filter(verb="ticket.handed_back").count() == 1 and ticket.assignee is None

    def test_what_was_answered_is_not_answered_again(self, ines, django_capture_on_commit_callbacks):
        ticket = held()
        ticket.reply("Choose Add a guest.", by=ines)
        before = ticket.messages.count()
        with inline(), django_capture_on_commit_callbacks(execute=True):
            ticket.hand_back(by=ines)
        assert ticket.messages.count() == before
        question = Question.load(ticket, ticket.customer)
        assert not question.with_people and not question.helper

    def test_what_is_over_is_not_handed_back(self, ines):
        ticket = held()
        ticket.resolve(by=ines)
        Ticket.objects.update(handler="team")
        assert not ticket.hand_back(by=ines)

    def test_from_the_page_of_several_chats_it_leads_back_there(self, client, ines):
        first, second = held(), held()
        back = f"/live/?chat={first.pk}&chat={second.pk}"
        assert client.post(f"/tickets/{first.pk}/holding/?chat={first.pk}&chat={second.pk}").url == back
        assert client.post(f"/tickets/{first.pk}/holding/?chat={first.pk}&chat={second.pk}", {"_method": "delete"}).url == back
        said = client.post(f"/tickets/{first.pk}/messages/?chat={first.pk}", {"body": "Hello", "kind": "note", "client_msg_id": "a"})
        assert said.url == f"/live/?chat={first.pk}" and first.messages.get(body="Hello").is_note


class TestSideBySide:
    def test_nobody_waits_for_a_reply_to_be_taken_back(self, client, ines):
        SiteSettings.objects.update_or_create(pk=1, defaults={"undo_seconds": 10})
        ticket = held()
        form = {"body": "Hello", "kind": "reply", "client_msg_id": "a", "seen_seq": ticket.last_seq, "at_once": "on"}
        assert client.post(f"/tickets/{ticket.pk}/messages/?chat={ticket.pk}", form).status_code == 302
        assert ticket.messages.get(body="Hello").author == "agent"

    def test_four_at_most_without_scripts_and_none_that_may_not_be_seen(self, client, ines):
        tickets = [held(make_customer(f"Customer {number}")) for number in range(5)]
        secret = held(team=make_team("Legal", is_private=True))
        query = "&".join(f"chat={number}" for number in [secret.pk, "x", *(ticket.pk for ticket in tickets)])
        page = client.get(f"/live/?{query}").content.decode()
        assert page.count("data-say") == 3 and f'data-chat="{secret.pk}"' not in page

    def test_a_pane_is_fetched_again_only_when_it_has_changed(self, client, ines):
        ticket = held()
        htmx = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "chat"}
        version = client.get(f"/live/{ticket.pk}/", **htmx).content.decode().split('data-version="')[1].split('"')[0]
        assert client.get(f"/live/{ticket.pk}/", {"version": version}, **htmx).status_code == 204
        ticket.note("A whisper", by=ines)
        assert "A whisper" in client.get(f"/live/{ticket.pk}/", {"version": version}, **htmx).content.decode()

    def test_reading_along_is_no_secret_from_colleagues_and_costs_the_same_for_many_messages(self, client, ines):
        ticket = held()
        htmx = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "chat"}

        def cost():
            with CaptureQueriesContext(connection) as queries:
                client.get(f"/live/{ticket.pk}/", **htmx)
            return len(queries)

        client.get(f"/live/{ticket.pk}/", **htmx)
        first = cost()
        for number in range(20):
            ticket.say(f"Line {number}", customer=ticket.customer)
        assert cost() == first


class TestWhoIsIn:
    def test_by_first_name_and_not_more_than_two(self, ines):
        now = timezone.now()
        assert office.who_is_in(now) == ""
        User.objects.filter(pk=ines.pk).update(seen_at=now)
        assert office.who_is_in(now) == "Ines is in"
        tom = make_user("Tom Aldridge", seen_at=now - dt.timedelta(seconds=5))
        assert office.who_is_in(now) == "Ines and Tom are in"
        make_user("Rosa Weber", seen_at=now - dt.timedelta(seconds=9))
        assert office.who_is_in(now) == "Ines, Tom and others are in"
        User.objects.filter(pk=tom.pk).update(is_active=False)
        User.objects.exclude(pk=tom.pk).update(seen_at=now - dt.timedelta(minutes=2))
        assert office.who_is_in(now) == ""
