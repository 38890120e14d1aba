"""The list: what each view holds, in which order, page by page, and at what cost."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk import inbox
from helpdesk.models import Ticket
from tests.factories import make_admin, make_customer, make_organisation, make_team, make_ticket, make_user

pytestmark = pytest.mark.django_db
MINUTE = timezone.timedelta(minutes=1)


@pytest.fixture
def ines(client):
    agent = make_user()
    client.force_login(agent)
    return agent


def with_team(**fields):
    ticket = make_ticket(**fields)
    ticket.hand_off(reason="unsure", at=fields.get("at"))
    return ticket


def numbers(response):
    return [int(number) for number in re.findall(r'id="row-(\d+)"', response.content.decode())]


class TestViews:
    def test_each_view_holds_what_its_name_says(self, ines):
        tom, ada = make_user("Tom Aldridge"), make_customer()
        tickets = {name: with_team(customer=ada) for name in ["mine", "toms", "person", "drafts", "waiting", "snoozed", "resolved", "spam"]}
        tickets["assistant"] = make_ticket(ada)
        tickets["mine"].assign(to=ines, by=ines)
        tickets["toms"].assign(to=tom, by=ines)
        Ticket.objects.filter(pk=tickets["person"].pk).update(asked_for_person=True)
        Ticket.objects.filter(pk=tickets["drafts"].pk).update(has_draft=True)
        tickets["waiting"].wait(by=ines)
        tickets["snoozed"].snooze(until=timezone.now(), by=ines)
        tickets["resolved"].resolve(by=ines)
        tickets["spam"].mark_spam(by=ines)

        ines.teams.add(make_team("Reports"))
        tickets["mine"].assign(to=ines, team=ines.teams.get(), by=ines)
        held = {slug: set(view.tickets(ines)) for slug, view in inbox.VIEWS.items()}
        own = {slug: {tickets[slug]} for slug in ["mine", "person", "drafts", "assistant", "waiting", "snoozed", "resolved"]}
        everything = set(tickets.values())
        assert held == own | {
            "team": {tickets["mine"]},
            "all": {tickets[name] for name in ["mine", "toms", "person", "drafts"]},
            "unassigned": {tickets["person"], tickets["drafts"]},
            "everything": everything,
        }
        assert {slug: count.number for slug, count in inbox.counts(ines).items()} == {
            slug: len(rows) for slug, rows in held.items() if slug != "everything"
        }

    def test_counts_are_one_query_and_stop_at_the_limit(self, ines, monkeypatch, django_assert_num_queries):
        monkeypatch.setattr(inbox, "COUNT_LIMIT", 2)
        for _ in range(4):
            with_team()
        assert ines.closed_team_ids == []  # the agent's private teams are asked for once a request
        with django_assert_num_queries(1):
            found = inbox.counts(ines)
        assert (str(found["all"]), str(found["mine"])) == ("2+", "0")

    def test_a_private_team_counts_for_nobody_else(self, ines):
        with_team(team=make_team("Legal", is_private=True))
        assert inbox.counts(ines)["all"].number == 0
        assert inbox.counts(make_admin())["all"].number == 1

    def test_the_first_view_is_all_open(self, client, ines):
        assert client.get("/inbox/").headers["Location"] == "/inbox/all/"

    def test_there_is_no_other_view(self, client, ines):
        assert client.get("/inbox/secret/").status_code == 404


class TestRows:
    def test_a_row_says_who_what_and_whose(self, client, ines):
        ticket = with_team(customer=make_customer(organisation=make_organisation()), body="Photos are sideways", tags=["reports", "ios"])
        ticket.assign(to=ines, by=ines)
        Ticket.objects.filter(pk=ticket.pk).update(has_draft=True)
        page = client.get("/inbox/all/").content.decode()
        for words in ["Ada Okonkwo", "Brightwater Utilities", "Photos are sideways", "reports", "Draft", "Ines Carvalho"]:
            assert words in page

    def test_a_row_shows_the_question_and_not_that_it_was_passed_on(self, client, ines):
        ticket = make_ticket(body="Photos are sideways")
        ticket.hand_off(reason="unsure", body="I have passed this on to a colleague.")
        assert (ticket.last_preview, ticket.last_author) == ("Photos are sideways", "customer")

    def test_unread_is_what_the_customer_wrote_since_this_agent_looked(self, client, ines):
        ticket, tom = with_team(), make_user("Tom Aldridge")

        def unread(agent):
            return inbox.with_unread(Ticket.objects.filter(pk=ticket.pk), agent).get().unread

        assert unread(ines)
        client.get(f"/inbox/all/{ticket.pk}/")
        assert (unread(ines), unread(tom)) == (False, True)
        ticket.reply("Try again.", by=tom)
        assert not unread(ines)
        ticket.say("Still sideways.", customer=ticket.customer)
        assert unread(ines)
        assert unread(tom)

    def test_what_the_assistant_looks_after_and_what_is_done_calls_for_nobody(self, ines):
        make_ticket()
        with_team().resolve(by=None)
        assert not any(ticket.unread for ticket in inbox.with_unread(Ticket.objects.all(), ines))

    def test_twenty_rows_cost_as_many_queries_as_two_hundred(self, client, ines):
        brightwater = make_organisation()

        def cost(rows):
            while Ticket.objects.count() < rows:
                ticket = with_team(customer=make_customer(organisation=brightwater), team=None, tags=["sso"])
                ticket.assign(to=ines, by=ines)
            with CaptureQueriesContext(connection) as queries:
                response = client.get("/inbox/all/", {"shown": rows})
            assert len(numbers(response)) == rows
            return len(queries)

        client.get("/inbox/all/")  # makes the settings row
        # session, agent, their closed teams, their settings, their views, the counts, the rows, the site's settings, what is new to them, how many incidents are open
        assert [cost(20), cost(200)] == [10, 10]


class TestOrder:
    def test_newest_activity_first(self, client, ines):
        now = timezone.now()
        old, new = with_team(at=now - 60 * MINUTE), with_team(at=now - 30 * MINUTE)
        assert numbers(client.get("/inbox/all/")) == [new.pk, old.pk]
        old.say("Any news?", customer=old.customer)
        assert numbers(client.get("/inbox/all/")) == [old.pk, new.pk]

    def test_who_waits_longest_first_and_who_does_not_wait_last(self, client, ines):
        now = timezone.now()
        done, short, long = (with_team(at=now - minutes * MINUTE) for minutes in (90, 10, 60))
        Ticket.objects.filter(pk=done.pk).update(waiting_since=None)
        assert numbers(client.get("/inbox/all/", {"sort": "waiting"})) == [long.pk, short.pk, done.pk]

    def test_where_nobody_waits_there_is_one_order(self, client, ines):
        with_team().resolve(by=ines)
        page = client.get("/inbox/resolved/", {"sort": "waiting"}).content.decode()
        assert "Waiting longest" not in page
        assert "sort=waiting" not in page.split('id="rows"')[0].split('id="list"')[1]

    def test_an_unknown_order_is_the_usual_one(self, client, ines):
        with_team()
        assert client.get("/inbox/all/", {"sort": "id; drop table"}).status_code == 200


class TestPages:
    @pytest.mark.parametrize("sort", ["newest", "waiting"])
    def test_they_hold_every_row_once(self, client, ines, monkeypatch, sort):
        monkeypatch.setattr(inbox, "PAGE", 7)
        now = timezone.now()
        tickets = [with_team(at=now - (n // 4) * MINUTE) for n in range(30)]  # four share each moment
        Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets[:9]]).update(waiting_since=None)
        url, seen = f"/inbox/all/?sort={sort}", []
        while url:
            page = client.get(url).content.decode()
            seen += [int(number) for number in re.findall(r'id="row-(\d+)"', page)]
            more = re.search(r'href="([^"]*after=[^"]*)"', page)
            url = more and more[1].replace("&amp;", "&")
        assert len(seen) == 30
        assert set(seen) == {ticket.pk for ticket in tickets}

    def test_htmx_gets_only_the_rows_and_the_next_link(self, client, ines, monkeypatch):
        monkeypatch.setattr(inbox, "PAGE", 1)
        [with_team() for _ in range(3)]
        link = re.search(r'hx-get="([^"]*after=[^"]*)"', client.get("/inbox/all/").content.decode())[1].replace("&amp;", "&")
        part = client.get(link, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="more")
        assert part.content.decode().strip().startswith("<li")
        assert len(numbers(part)) == 1
        assert "HX-Target" in part.headers["Vary"]

    @pytest.mark.parametrize("cursor", ["x", "%00", "'; --", "eyJ4IjoxfQ:1abc:zzz", "1", "../../etc"])
    def test_a_cursor_we_never_gave_is_refused_in_words(self, client, ines, cursor):
        response = client.get(f"/inbox/all/?after={cursor}")
        assert response.status_code == 400
        assert "This link is out of date" in response.content.decode()

    def test_a_cursor_of_the_other_order_is_refused(self, client, ines):
        cursor = inbox.Cursor("waiting", timezone.now(), 1)
        assert client.get("/inbox/all/", {"after": str(cursor)}).status_code == 400

    def test_a_refresh_asks_for_as_many_rows_as_are_shown_up_to_a_limit(self, client, ines, monkeypatch):
        monkeypatch.setattr(inbox, "PAGE", 2)
        monkeypatch.setattr(inbox, "MOST_SHOWN", 4)
        [with_team() for _ in range(6)]
        assert [len(numbers(client.get("/inbox/all/", {"shown": shown}))) for shown in ["0", "3", "99999", "-1", "x"]] == [2, 3, 4, 2, 2]


class TestSearch:
    @pytest.mark.parametrize("words", ["{number}", "#{number}", "SIDEWAYS", "okonkwo", "{email}"])
    def test_finds_by_number_subject_and_customer(self, client, ines, words):
        ticket, other = with_team(body="Photos are sideways"), with_team(customer=make_customer("Bo Lind"), body="Invoice")
        found = numbers(client.get("/inbox/all/", {"q": words.format(number=ticket.pk, email=ticket.customer.email)}))
        assert ticket.pk in found
        assert other.pk not in found

    def test_it_keeps_to_the_view_and_to_what_the_agent_may_see(self, client, ines):
        closed, solved = with_team(team=make_team("Legal", is_private=True)), with_team()
        solved.resolve(by=ines)
        for words in ["Okonkwo", "subcontractor", closed.pk, solved.pk]:
            assert numbers(client.get("/inbox/all/", {"q": words})) == []
            assert closed.pk not in numbers(client.get("/inbox/everything/", {"q": words}))

    def test_its_pages_hold_every_row_once(self, client, ines, monkeypatch):
        monkeypatch.setattr(inbox, "PAGE", 2)
        tickets = [with_team(body=f"Found {n}") for n in range(5)]
        first = client.get("/inbox/all/?q=found")
        second = client.get(re.search(r'href="([^"]*after=[^"]*)"', first.content.decode())[1].replace("&amp;", "&"))
        assert numbers(first) + numbers(second) == [ticket.pk for ticket in tickets[:0:-1]]

    @pytest.mark.parametrize("words", ["' OR 1=1 --", "9" * 40, "5²", "<script>", "x" * 3000])
    def test_odd_words_find_nothing_and_break_nothing(self, client, ines, words):
        with_team(body="Plain question")
        response = client.get("/inbox/all/", {"q": words})
        assert response.status_code == 200
        assert numbers(response) == []
        assert "<script>" not in response.content.decode().split("<main")[1].split("</main>")[0]

    @pytest.mark.parametrize("words", ["%", "_", "'", '""', "\\"])
    def test_what_is_no_word_narrows_nothing_and_is_said(self, client, ines, words):
        ticket = with_team(body="Plain question")
        response = client.get("/inbox/all/", {"q": words})
        assert numbers(response) == [ticket.pk]
        assert "is no word, number or filter." in response.content.decode()

    def test_a_search_that_finds_nothing_offers_all_tickets(self, client, ines):
        with_team().resolve(by=ines)
        page = client.get("/inbox/all/", {"q": "subcontractor"}).content.decode()
        assert "Nothing found for “subcontractor”" in page
        assert "/inbox/everything/?q=subcontractor" in page
        assert len(numbers(client.get("/inbox/everything/?q=subcontractor"))) == 1


class TestEmpty:
    @pytest.mark.parametrize("slug", list(inbox.VIEWS))
    def test_every_view_says_why_it_is_empty(self, client, ines, slug):
        page = client.get(f"/inbox/{slug}/").content.decode()
        assert inbox.VIEWS[slug].empty in page
        assert "Pick a ticket" in page

    def test_nobody_is_waiting_while_the_assistant_answers(self, client, ines):
        make_ticket()
        page = client.get("/inbox/all/").content.decode()
        assert "Nobody is waiting" in page
        assert "1 ticket is with the assistant." in page
