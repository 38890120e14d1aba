"""Beside an open ticket: similar ones, what was done with them, an article to link, what was learned, and one line for a long thread."""

import re

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assistant import beside
from helpdesk.models import Article, Event, Macro, Source
from learning.models import Audit, Decision, LearnedResolution
from tests.factories import make_article, make_category, make_customer, make_team, make_ticket, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ines(client):
    agent = make_user()
    client.force_login(agent)
    return agent


def towards(angle):
    """A question's vector; the cosine of two is that of the angle between them."""
    vector = np.zeros(384, np.float32)
    vector[:2] = np.cos(angle), np.sin(angle)
    return vector


def asked(body="Photos are sideways", angle=0.0, **fields):
    ticket = make_ticket(make_customer(), body, handler="team", **fields)
    Decision.objects.create(
        ticket=ticket,
        message=ticket.messages.get(),
        customer=ticket.customer,
        kind="hand_off",
        confidence=0.4,
        threshold=0.8,
        policy="shipped",
        vector=towards(angle),
        at=timezone.now(),
    )
    return ticket


def solved(
    ines, body="Pictures lie on their side", angle=0.2, tags=(), priority="normal", answer="Turn on **Keep orientation**.", **fields
):
    ticket = asked(body, angle, tags=list(tags), **fields)
    ticket.prioritise(priority, by=ines)
    ticket.reply(answer, by=ines)
    ticket.resolve(by=ines)
    return ticket


def beside_of(client, ticket):
    return client.get(f"/tickets/{ticket.pk}/copilot/", HTTP_HX_REQUEST="true").content.decode()


class TestSimilar:
    def test_the_likest_solved_ones_come_first_with_what_solved_them(self, client, ines):
        near, nearer, far = solved(ines, "Near", 0.5), solved(ines, "Nearer", 0.1), solved(ines, "Far", 1.5)
        asked("Open too", 0.0)
        page = beside_of(client, asked())
        assert re.findall(r"/inbox/everything/(\d+)/", page) == [str(nearer.pk), str(near.pk)]
        assert "Turn on Keep orientation." in page
        assert far.subject not in page

    def test_a_private_teams_ticket_is_not_among_them(self, client, ines):
        solved(make_user("Rosa Weber"), "The lawsuit", 0.0, team=make_team("Legal", is_private=True))
        assert "The lawsuit" not in beside_of(client, asked())

    def test_its_cost_does_not_grow(self, client, ines):
        ticket = asked()

        def cost():
            with CaptureQueriesContext(connection) as queries:
                beside_of(client, ticket)
            return len(queries)

        for _ in range(2):
            solved(ines)
        cost()
        few = cost()
        for _ in range(18):
            solved(ines)
        assert cost() == few


class TestSuggestions:
    def test_what_most_similar_ones_have_is_offered_with_why(self, client, ines):
        for tags in (["photos", "ios"], ["photos"], ["photos"], []):
            solved(ines, tags=tags, priority="high")
        ticket = asked()
        page = beside_of(client, ticket)
        assert 'name="tag" value="photos"' in page
        assert "3 of 4 similar tickets have it" in page
        assert 'value="ios"' not in page
        assert 'name="priority" value="high"' in page
        client.post(f"/tickets/{ticket.pk}/tags/", {"tag": "photos"})
        client.post(f"/tickets/{ticket.pk}/priority/", {"priority": "high"})
        assert "Suggested" not in beside_of(client, ticket)

    def test_a_macro_that_was_used_on_them_is_one_click(self, client, ines):
        macro = Macro.objects.create(name="Orientation", body="Hello {{customer.first_name}}, turn it.")
        for _ in range(2):
            macro.apply(solved(ines), by=ines)
        ticket = asked()
        page = beside_of(client, ticket)
        assert "used in 2 of 2 similar tickets" in page
        fields = {"kind": "reply", "then": "macro", "pick": macro.pk}
        assert (
            "Hello Ada, turn it.</textarea>"
            in client.post(f"/tickets/{ticket.pk}/messages/", fields, HTTP_HX_REQUEST="true").content.decode()
        )

    def test_one_alone_suggests_nothing(self, client, ines):
        solved(ines, tags=["photos"], priority="high")
        assert "Suggested" not in beside_of(client, asked())


class TestArticle:
    def test_one_that_this_customer_may_read_is_offered_as_a_link_until_it_is_linked(self, client, ines, help_centre):
        ticket = make_ticket(body="Our photos appear sideways in the report", handler="team")
        page = beside_of(client, ticket)
        article = Article.objects.get(title="Photos appear sideways in a report")
        link = f"[{article.title}](http://localhost:8000{article.get_absolute_url()})"
        assert f'data-insert="{link}"' in page
        ticket.reply(f"See {link}", by=ines)
        assert f'data-insert="{link}"' not in beside_of(client, ticket)

    def test_an_internal_one_is_not_sent_to_a_customer(self, client, ines, help_centre, happening):
        with happening():
            make_article(
                "How we mend sideways photos",
                "Sideways photos in the report are mended by us.",
                audience="internal",
                category=make_category(),
            )
        assert "How we mend" not in beside_of(client, make_ticket(body="Our photos appear sideways in the report", handler="team"))


class TestWhatElse:
    def test_a_long_thread_is_said_in_their_own_sentences(self, client, ines):
        ticket = make_ticket(body="Hello there. Why are the photos in my report sideways? Thank you.", handler="team")
        assert beside.in_one_line(ticket) == ""
        for n in range(3):
            ticket.reply(f"Please try number {n} in the settings of the app.", by=ines)
            ticket.say("Still the same on all our tablets.", customer=ticket.customer)
        line = beside.in_one_line(ticket)
        assert line.startswith("Asked: Why are the photos in my report sideways?")
        assert "Last answer: Please try number 2 in the settings of the app." in line
        assert "Since then: Still the same on all our tablets." in line
        assert line in beside_of(client, ticket)
        ticket.reply("Hello Ada\n\n| Setting | Value |\n|---|---|\n| Orientation | kept as it is |\n\nTurn **it** on in the app.", by=ines)
        assert "Last answer: Turn it on in the app." in beside.in_one_line(ticket)

    def test_what_was_learned_from_it_is_shown_and_undone(self, client, ines):
        ticket = asked()
        source = Source.objects.create(kind="resolution", title="Sideways", body="Turn it on.", audience="customers")
        learned = LearnedResolution.objects.create(
            source=source, question="Why sideways?", answer="Turn it on.", state="live", ticket=ticket, at=timezone.now()
        )
        assert "Why sideways?" in beside_of(client, ticket)
        client.post(reverse("learning:learned_retirement", args=[learned.pk]))
        assert "Why sideways?" not in beside_of(client, ticket)

    def test_an_audit_is_one_click(self, client, ines):
        ticket = asked()
        decision = Decision.objects.get(ticket=ticket)
        decision.source = Source.objects.create(kind="resolution", title="Sideways", body="Turn it on.", audience="customers")
        decision.save()
        audit = Audit.objects.create(decision=decision, drawn_at=timezone.now())
        assert "Was this the right source?" in beside_of(client, ticket)
        answer = client.post(reverse("learning:verdict", args=[audit.pk]), {"verdict": "right"}, HTTP_HX_REQUEST="true")
        assert "Thank you" in answer.content.decode()
        assert "Was this the right source?" not in beside_of(client, ticket)

    def test_an_answer_becomes_the_draft_of_an_article_once_and_without_what_is_personal(self, client, ines):
        ticket = make_ticket(body="Ada Okonkwo cannot open her report", handler="team")
        ticket.reply("Hello Ada, write to ada@client.example and turn on **Keep orientation**.", by=ines)
        for _ in range(2):
            client.post(f"/tickets/{ticket.pk}/messages/2/article/")
        article = Article.objects.get()
        assert (article.status, article.author) == ("draft", ines)
        assert "Ada" not in article.title + article.body
        assert "@client" not in article.body
        assert "**Keep orientation**" in article.body
        assert Event.objects.filter(verb="article.drafted").count() == 1
        assert client.get(article.get_absolute_url()).status_code == 404
