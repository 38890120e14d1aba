"""What agents do to a ticket from its head: each a noun, made by POST, undone by DELETE, safe to do twice."""

import json
from datetime import UTC, datetime

import pytest

from helpdesk import snoozing
from helpdesk.models import Ticket
from tests.factories import make_admin, make_team, make_ticket, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def ines(client):
    agent = make_user()
    client.force_login(agent)
    return agent


@pytest.fixture
def ticket():
    ticket = make_ticket()
    ticket.hand_off(reason="unsure")
    return ticket


def do(client, ticket, noun, htmx=False, **fields):
    response = client.post(f"/tickets/{ticket.pk}/{noun}/?view=mine", fields, **(HTMX if htmx else {}))
    ticket.refresh_from_db()
    return response


def told(response):
    return json.loads(response.headers["HX-Trigger"])


def test_without_scripts_every_action_leads_back_to_where_the_agent_was(client, ines, ticket):
    response = do(client, ticket, "closure")
    assert response.headers["Location"] == f"/inbox/mine/{ticket.pk}/"
    assert f"Resolved {ticket.pk}" in client.get(response.headers["Location"]).content.decode()


def test_with_htmx_the_head_comes_back_and_the_page_is_told_what_to_say_and_how_to_undo_it(client, ines, ticket):
    response = do(client, ticket, "closure", htmx=True)
    assert response.content.decode().strip().startswith('<header class="ticket-head"')
    assert told(response) == {
        "inbox:changed": {},
        "inbox:done": {"words": f"Resolved {ticket.pk}", "undo": f"/tickets/{ticket.pk}/closure/"},
    }


class TestClosure:
    def test_resolving_twice_is_resolving_once_and_it_can_be_undone(self, client, ines, ticket):
        for _ in range(2):
            do(client, ticket, "closure")
        assert ticket.state == "resolved"
        assert ticket.events.filter(verb="ticket.resolved").count() == 1
        do(client, ticket, "closure", _method="delete")
        assert ticket.state == "open"
        do(client, ticket, "closure")
        client.delete(f"/tickets/{ticket.pk}/closure/")
        ticket.refresh_from_db()
        assert ticket.state == "open"

    def test_looking_resolves_nothing(self, client, ines, ticket):
        assert client.get(f"/tickets/{ticket.pk}/closure/").status_code == 405


class TestAssignment:
    def test_to_me_to_somebody_to_a_team_to_nobody(self, client, ines, ticket):
        tom, technical = make_user("Tom Aldridge"), make_team()
        do(client, ticket, "assignment", to="me")
        assert ticket.assignee == ines
        do(client, ticket, "assignment", to=tom.pk)
        assert ticket.assignee == tom
        do(client, ticket, "assignment", team=technical.pk)
        assert (ticket.assignee, ticket.team) == (None, technical)
        do(client, ticket, "assignment", _method="delete")
        assert (ticket.assignee, ticket.team) == (None, None)

    @pytest.mark.parametrize("fields", [{"to": "999999"}, {"to": "x"}, {"to": ""}, {"team": "999999"}, {"team": "x"}, {}])
    def test_to_somebody_who_is_not_there_is_refused_in_words(self, client, ines, ticket, fields):
        response = do(client, ticket, "assignment", htmx=True, **fields)
        assert (response.status_code, response.headers["HX-Reswap"]) == (422, "none")
        assert told(response)["inbox:done"]["failed"]
        assert ticket.assignee is None

    def test_nobody_who_left_and_nobody_who_could_not_see_it(self, client, ticket):
        legal = make_team("Legal", is_private=True)
        rosa, morgan, tom, gone = make_user("Rosa Diaz", teams=[legal]), make_admin(), make_user("Tom Aldridge"), make_user(is_active=False)
        client.force_login(rosa)
        ticket.assign(team=legal)
        for stranger in (tom, gone):
            do(client, ticket, "assignment", to=stranger.pk)
            assert ticket.assignee is None
        page = client.get(f"/inbox/all/{ticket.pk}/").content.decode()
        assert "Tom Aldridge" not in page
        do(client, ticket, "assignment", to=morgan.pk)
        assert ticket.assignee == morgan

    @pytest.mark.parametrize("htmx", [False, True])
    def test_who_gives_it_to_a_team_they_are_not_in_goes_back_to_the_list(self, client, ines, ticket, htmx):
        legal = make_team("Legal", is_private=True)
        response = do(client, ticket, "assignment", htmx=htmx, team=legal.pk)
        assert response.headers["HX-Redirect" if htmx else "Location"] == "/inbox/mine/"
        assert f"{ticket.pk} is with {legal.name} now" in client.get("/inbox/mine/").content.decode()
        assert client.get(f"/inbox/all/{ticket.pk}/").status_code == 404


class TestTagsAndPriority:
    def test_tags_are_added_and_removed(self, client, ines, ticket):
        do(client, ticket, "tags", tag="Single sign-on, iOS")
        assert ticket.tags == ["single-sign-on", "ios"]
        do(client, ticket, "tags", tag="ios", _method="delete")
        assert ticket.tags == ["single-sign-on"]
        client.delete(f"/tickets/{ticket.pk}/tags/?tag=single-sign-on")
        ticket.refresh_from_db()
        assert ticket.tags == []

    @pytest.mark.parametrize("tag", ["", "  ", "x" * 500, "<script>", "\x00"])
    def test_an_odd_tag_breaks_nothing(self, client, ines, ticket, tag):
        assert do(client, ticket, "tags", tag=tag).status_code == 302
        assert all(len(each) <= 40 for each in ticket.tags)

    def test_priority(self, client, ines, ticket):
        do(client, ticket, "priority", priority="urgent")
        assert ticket.priority == "urgent"
        assert do(client, ticket, "priority", htmx=True, priority="now!").status_code == 422
        assert ticket.priority == "urgent"


class TestSnooze:
    def test_it_goes_and_comes_back(self, client, ines, ticket):
        response = do(client, ticket, "snooze", htmx=True, until="tomorrow")
        assert (ticket.state, ticket.snoozed_until) == ("snoozed", snoozing.until("tomorrow"))
        assert "Wake it now" in response.content.decode()
        do(client, ticket, "snooze", _method="delete")
        assert (ticket.state, ticket.snoozed_until) == ("open", None)

    @pytest.mark.parametrize("until", ["", "never", "2026-13-45"])
    def test_only_to_a_time_that_is_offered(self, client, ines, ticket, until):
        assert do(client, ticket, "snooze", htmx=True, until=until).status_code == 422
        assert ticket.state == "open"

    @pytest.mark.parametrize(("today", "monday"), [(20, 23), (22, 23), (23, 30)])  # a Friday, a Sunday, a Monday
    def test_monday_is_the_next_one(self, today, monday):
        now = datetime(2026, 11, today, 15, tzinfo=UTC)
        assert snoozing.until("monday", now=now) == datetime(2026, 11, monday, 9, tzinfo=UTC)


class TestSpam:
    def test_it_leaves_every_view_but_all_tickets_and_can_come_back(self, client, ines, ticket):
        do(client, ticket, "spam")
        assert ticket.state == "spam"
        assert ticket.subject not in client.get("/inbox/all/").content.decode()
        assert ticket.subject in client.get("/inbox/everything/").content.decode()
        do(client, ticket, "spam", _method="delete")
        assert ticket.state == "open"


def test_an_unknown_view_in_the_address_is_all_open(client, ines, ticket):
    response = client.post(f"/tickets/{ticket.pk}/closure/?view=//evil.example", {})
    assert response.headers["Location"] == f"/inbox/all/{ticket.pk}/"
    assert Ticket.objects.get(pk=ticket.pk).is_resolved


def test_a_form_from_elsewhere_is_refused(ines, ticket):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ines)
    assert strict.post(f"/tickets/{ticket.pk}/closure/").status_code == 403
