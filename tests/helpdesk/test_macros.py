"""Macros: their gaps, who may use them, what they do, and the page where they are kept."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpdesk import macros
from helpdesk.models import Event, Macro, Team
from tests.factories import make_customer, make_organisation, make_team, make_ticket, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ines(client):
    agent = make_user()
    client.force_login(agent)
    return agent


@pytest.fixture
def ticket():
    return make_ticket(make_customer(organisation=make_organisation()), handler="team")


def make_macro(name="Sideways photos", body="Hello {{customer.first_name}}", **fields):
    return Macro.objects.create(name=name, body=body, **fields)


class TestGaps:
    def test_they_are_filled_from_the_ticket(self, ines, ticket):
        text = "{{customer.first_name}} {{ organisation.name }} #{{ticket.number}} {{agent.name}} {{company.name}}"
        assert macros.render(text, ticket=ticket, agent=ines) == f"Ada Brightwater Utilities #{ticket.number} Ines Carvalho Whetstone"

    def test_what_is_not_there_has_a_word_instead(self, ines):
        nameless = make_ticket(make_customer())
        nameless.customer.name = ""
        assert macros.render("Hi {{customer.first_name|there}}{{organisation.name}}!", ticket=nameless, agent=ines) == "Hi there!"

    @pytest.mark.parametrize(
        "text",
        ["{{agent.password}}", "{{ticket.customer.email}}", "{% load x %}", "{{ settings.SECRET_KEY }}", "{{__class__}}", "{{}}", "{{{{"],
    )
    def test_a_text_is_never_a_template(self, ines, ticket, text):
        assert macros.render(text, ticket=ticket, agent=ines) == text

    def test_a_hostile_name_makes_no_link_and_opens_no_gap(self, ines):
        ticket = make_ticket(make_customer(name="[pay](http://evil.example)\n{{agent.name}} <b>"))
        words = macros.render("Hi {{customer.name}}", ticket=ticket, agent=ines)
        assert "{{agent.name}}" in words
        from helpdesk.formatting import render_reply

        assert "<a " not in render_reply(words)
        assert "<b>" not in render_reply(words)

    def test_it_takes_time_that_grows_with_its_length(self, ines, ticket):
        text = "{{" * 20_000 + "customer.name|" * 2_000
        assert macros.render(text, ticket=ticket, agent=ines) == text


class TestWhoMayUseThem:
    def test_shared_ones_those_of_a_team_and_ones_own(self, ines):
        tom, legal = make_user("Tom Aldridge"), make_team("Legal")
        legal.members.add(tom)
        make_macro("For all")
        make_macro("For legal", audience="team", audience_team=legal)
        make_macro("Toms own", audience="private", owner=tom)
        assert {each.name for each in Macro.objects.visible_to(ines)} == {"For all"}
        assert {each.name for each in Macro.objects.visible_to(tom)} == {"For all", "For legal", "Toms own"}
        assert not Macro.objects.visible_to(make_customer()).exists()

    def test_another_ones_cannot_be_used_by_its_number(self, client, ines, ticket):
        hidden = make_macro(audience="private", owner=make_user("Tom Aldridge"), tags=["x"])
        assert client.post(f"/tickets/{ticket.pk}/macros/{hidden.pk}/").status_code == 404
        client.post(f"/tickets/{ticket.pk}/messages/", {"kind": "reply", "body": "Hi", "macro": hidden.pk})
        ticket.refresh_from_db()
        assert ticket.tags == []


class TestUse:
    def test_sending_says_its_words_and_does_what_it_does(self, client, ines, ticket):
        billing = make_team("Billing")
        macro = make_macro(tags=["photos"], priority="high", team=billing, to_me=True, state="resolved")
        client.post(f"/tickets/{ticket.pk}/messages/", {"kind": "reply", "body": "Hello Ada", "macro": macro.pk, "client_msg_id": "m1"})
        ticket.refresh_from_db()
        macro.refresh_from_db()
        assert (ticket.tags, ticket.priority, ticket.assignee, ticket.team, ticket.state) == (["photos"], "high", ines, billing, "resolved")
        assert (macro.uses, Event.objects.get(verb="macro.used").data["macro"]) == (1, macro.pk)

    def test_sent_twice_it_is_used_once(self, client, ines, ticket):
        macro = make_macro()
        for _ in range(2):
            client.post(f"/tickets/{ticket.pk}/messages/", {"kind": "reply", "body": "Hi", "macro": macro.pk, "client_msg_id": "m1"})
        macro.refresh_from_db()
        assert macro.uses == 1

    def test_it_gives_nothing_to_who_may_not_see_it(self, ines):
        legal = make_team("Legal", is_private=True)
        legal.members.add(ines)
        ticket = make_ticket(team=legal)
        make_macro(assignee=make_user("Rosa Weber")).apply(ticket, by=ines)
        ticket.refresh_from_db()
        assert ticket.assignee is None

    def test_the_menu_finds_by_name_and_words_the_most_used_first(self, client, ines, ticket):
        make_macro("Refund", "We have paid it back.", uses=2, tags=["billing"])
        make_macro("Greeting", "Hello {{customer.first_name}}, paid", uses=9)
        page = client.get(f"/tickets/{ticket.pk}/macros/", {"q": "paid"}).content.decode()
        assert re.findall(r'data-name="([^"]+)"', page) == ["Greeting", "Refund"]
        assert 'data-words="Hello Ada, paid"' in page
        assert 'data-does="tags it billing"' in page

    def test_without_scripts_it_is_chosen_from_a_list(self, client, ines, ticket):
        macro = make_macro(tags=["x"])
        page = client.post(
            f"/tickets/{ticket.pk}/messages/", {"kind": "reply", "body": "So.", "pick": macro.pk, "then": "macro"}
        ).content.decode()
        assert "So.\n\nHello Ada</textarea>" in page
        assert f'name="macro" value="{macro.pk}"' in page
        assert ticket.messages.count() == 1


class TestThePage:
    def test_one_is_made_changed_and_removed(self, client, ines):
        given = {"name": "Refund", "body": "Hi {{customer.first_name}}", "tags": "Billing, Two Words", "audience": "private", "give": "me"}
        assert client.post("/macros/", given).status_code == 302
        macro = Macro.objects.get()
        assert (macro.owner, macro.tags, macro.to_me) == (ines, ["billing", "two-words"], True)
        assert "Two Words" not in client.get(f"/macros/{macro.pk}/").content.decode()
        client.post(f"/macros/{macro.pk}/", {**given, "name": "Refunds", "give": f"user:{ines.pk}"})
        macro.refresh_from_db()
        assert (macro.name, macro.to_me, macro.assignee) == ("Refunds", False, ines)
        client.post(f"/macros/{macro.pk}/removal/")
        assert not Macro.objects.exists()
        assert [each.verb for each in Event.objects.all()] == ["macro.kept", "macro.kept", "macro.removed"]

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"body": "{{agent.password}}"}, "Nothing is called {{agent.password}}"),
            ({"body": ""}, "Write a reply, or say what should happen"),
            ({"audience": "team"}, "Choose the team."),
            ({"give": "user:999"}, "Select a valid choice"),
        ],
    )
    def test_what_makes_no_sense_is_refused_in_words(self, client, ines, fields, words):
        page = client.post("/macros/", {"name": "x", "body": "y", "audience": "shared", **fields})
        assert (page.status_code, Macro.objects.count()) == (422, 0)
        assert words in page.content.decode().replace("&#x27;", "'")

    def test_nobody_gives_one_to_a_team_they_are_not_in(self, client, ines):
        legal = make_team("Legal")
        assert client.post("/macros/", {"name": "x", "body": "y", "audience": "team", "audience_team": legal.pk}).status_code == 422

    def test_the_preview_reads_as_it_will_read(self, client, ines):
        page = client.post("/macros/preview/", {"body": "Hi {{customer.first_name}}, **so** {{nope}}"}).content.decode()
        assert "Hi Ada, <strong>so</strong>" in page
        assert "Nothing is called <code>nope</code>" in page

    def test_its_cost_does_not_grow(self, client, ines):
        def cost():
            with CaptureQueriesContext(connection) as queries:
                client.get("/macros/")
            return len(queries)

        team = Team.objects.create(name="A", slug="a")
        make_macro("first", team=team)
        cost()
        first = cost()
        for n in range(120):
            make_macro(f"Macro {n:03}", assignee=ines, team=team)
        assert cost() == first == 7  # session, agent, closed teams, what they have not seen, macros, settings, open incidents

    def test_a_long_list_is_read_page_by_page(self, client, ines):
        for n in range(120):
            make_macro(f"Macro {n // 2:03}")
        seen, address = [], "/macros/"
        while address:
            page = client.get(address).content.decode()
            seen += re.findall(r'class="truncate" href="/macros/(\d+)/"', page)
            more = re.search(r'rel="next" href="([^"]+)"', page)
            address = f"/macros/{more[1].replace('&amp;', '&')}" if more else ""
        assert len(seen) == len(set(seen)) == 120
