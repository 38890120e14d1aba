"""A source that has stopped being right: noticed from what people do, trusted less, shown to agents, and cleared. Ada and others ask; Ines answers."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from helpdesk.models import Event, SiteSettings, Source, Ticket
from learning import doubts, forgetting, rebuild, staleness
from learning.models import Decision, Episode, LearnedResolution, Signal, Suspicion
from tests.factories import make_article, make_customer, make_organisation, make_team

pytestmark = pytest.mark.django_db
START = timezone.now() - dt.timedelta(days=40)
ASKED = "How can a subcontractor sign a permit without an account of their own?"
NOW = "A subcontractor signs from the **Visitors** screen. Open Visitors, choose the permit and hand over the phone to sign it."


@pytest.fixture
def asked(decided, happening, ines):
    """`asked(day, "solved")`: another customer each time asks, is answered from the article, and it ends like that."""
    Source.objects.update(updated_at=START - dt.timedelta(days=1))

    def ask(day, how, customer=None, confidence=0.9, reply=NOW):
        at = START + dt.timedelta(days=day)
        customer = customer or make_customer(organisation=make_organisation())
        ticket, decision = decided(customer, at=at)
        Decision.objects.filter(pk=decision.pk).update(confidence=confidence, at=at)
        ticket = Ticket.objects.select_related("customer").get(pk=ticket.pk)  # without the decision it was just given
        later = at + dt.timedelta(minutes=5)
        with happening():
            if how == "solved":
                ticket.solved(customer=customer, at=later)
            else:
                ticket.not_quite(customer=customer, at=later)
        if how == "overruled":
            with happening():
                ticket.reply(reply, by=ines, teach=False, at=later + dt.timedelta(minutes=10))
                ticket.resolve(by=ines, at=later + dt.timedelta(minutes=10))
        return ticket

    return ask


@pytest.fixture
def gone_stale(asked, articles):
    """Ten it solved, then it missed until it was suspect."""
    for day in range(10):
        asked(day, "solved")
    count = 0
    while not Suspicion.objects.exists():
        assert count < 12
        asked(10 + count, "overruled")
        count += 1
    return Suspicion.objects.get()


def relearned():
    for _ in rebuild.relearn():
        pass
    return rebuild.state_hash()


class TestNoticing:
    def test_a_source_that_misses_again_and_again_is_suspect_and_the_event_says_so(self, gone_stale, articles):
        source = articles[0].source
        source.refresh_from_db()
        assert gone_stale.source == source and gone_stale.state == "open"
        assert source.suspect_since == gone_stale.since
        assert gone_stale.since == START + dt.timedelta(days=10)
        assert gone_stale.questions <= 8 and gone_stale.expected == 90 and gone_stale.came_to < 20
        event = Event.objects.get(verb="source.suspected")
        assert event.data == {"suspicion": gone_stale.pk, "source": source.pk}

    def test_solving_most_is_not_suspicious(self, asked):
        for day in range(12):
            asked(day, "overruled" if day % 6 == 5 else "solved")
        assert not Suspicion.objects.exists()

    def test_one_account_that_complains_every_day_is_one_voice(self, asked, ada):
        for day in range(15):
            asked(day, "missed", ada)
        assert not Suspicion.objects.exists()

    def test_what_nobody_was_sure_of_says_nothing(self, asked):
        for day in range(10):
            asked(day, "overruled", confidence=0.2)
        assert not Suspicion.objects.exists()

    def test_looking_costs_two_queries(self, asked, articles, django_assert_num_queries):
        for day in range(5):
            asked(day, "solved")
        with django_assert_num_queries(2):  # what was said of it before by agents, and all its signals
            staleness.judge(articles[0].source.pk)

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [("There is no such button on my screen.", "differs"), ("How does a subcontractor sign a permit on paper then?", "rephrased")],
    )
    def test_that_something_is_not_there_weighs_more_than_asking_again(self, decided, ada, happening, reply, kind):
        ticket, decision = decided(ada)
        with happening():
            ticket.say(reply, customer=ada)
        assert Signal.objects.get(decision=decision, kind__in=["differs", "rephrased"]).kind == kind


class TestEffect:
    def test_what_spoke_for_it_before_counts_for_little_and_the_feature_is_set(self, gone_stale, articles, ada, happening):
        before = Episode.objects.filter(source=articles[0].source, at__lt=gone_stale.since, credit__gt=0)
        assert before and set(before.values_list("trust", flat=True)) == {0.15}
        from tests.factories import make_ticket

        with happening():
            ticket = make_ticket(ada, ASKED)
        candidates = Decision.objects.filter(ticket=ticket).order_by("pk").first().candidates
        features = {each["source"]: each["features"] for each in candidates}
        assert features[articles[0].source.pk]["suspect"] == 1
        assert "suspect" not in features[articles[1].source.pk]

    def test_a_turn_takes_no_query_more_for_it(self, gone_stale, ada, django_assert_num_queries):
        from assistant.reading import read
        from tests.factories import make_ticket

        message = make_ticket(ada, ASKED).messages.get(seq=1)
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as queries:
            read(message, at=timezone.now())
        assert not [each for each in queries.captured_queries if "suspicion" in each["sql"]]


class TestEnding:
    def test_an_agent_says_it_is_still_right(self, gone_stale, ines, asked, articles):
        assert gone_stale.still_right(by=ines, at=START + dt.timedelta(days=30))
        assert not gone_stale.still_right(by=ines, at=START + dt.timedelta(days=30))
        source = Source.objects.get(pk=gone_stale.source_id)
        assert source.suspect_since is None
        assert set(Episode.objects.filter(source=source).values_list("trust", flat=True)) == {1.0}
        asked(31, "overruled")  # what was said before is not held against it again
        assert not Suspicion.objects.standing().exists()

    def test_a_new_text_is_tested_and_cleared_by_what_comes_of_it(self, gone_stale, articles, asked, happening):
        with happening():
            articles[0].revise(body=NOW, at=START + dt.timedelta(days=25))
        gone_stale.refresh_from_db()
        assert gone_stale.state == "testing"
        assert Source.objects.get(pk=gone_stale.source_id).suspect_since is None
        for day in range(26, 32):
            asked(day, "solved")
        gone_stale.refresh_from_db()
        assert (gone_stale.state, gone_stale.how) == ("cleared", "evidence")

    def test_a_new_text_that_misses_too_is_suspect_sooner(self, gone_stale, articles, asked, happening):
        needed = gone_stale.questions
        with happening():
            articles[0].revise(body="A subcontractor can sign a permit as a guest, from the menu.", at=START + dt.timedelta(days=25))
        for number in range(needed):
            asked(26 + number / 4, "overruled")
        gone_stale.refresh_from_db()
        assert gone_stale.state == "open" and gone_stale.questions <= needed

    def test_an_archived_article_is_not_suspect(self, gone_stale, articles, happening):
        with happening():
            articles[0].archive()
        gone_stale.refresh_from_db()
        assert gone_stale.how == "gone"

    def test_when_what_spoke_against_it_is_taken_back_so_is_the_suspicion(self, gone_stale):
        for customer in {each.customer for each in Decision.objects.filter(at__gte=gone_stale.since)}:
            forgetting.unlearn(customer, at=timezone.now())
        gone_stale.refresh_from_db()
        assert (gone_stale.state, gone_stale.how) == ("cleared", "withdrawn")


class TestReplay:
    def test_worked_through_again_the_state_is_the_same_to_the_bit(self, gone_stale, asked):
        asked(30, "solved")
        before = rebuild.state_hash()
        assert relearned() == before
        assert relearned() == before

    def test_a_suspicion_that_is_missing_is_found_again(self, gone_stale):
        before = rebuild.state_hash()
        gone_stale.delete()
        Source.objects.update(suspect_since=None)
        assert rebuild.state_hash() != before
        assert relearned() == before


class TestPages:
    @pytest.fixture
    def desk(self, client, ines):
        client.force_login(ines)
        return client

    def test_the_page_says_what_was_expected_what_happened_and_drafts_a_fix(self, gone_stale, desk):
        page = desk.get(gone_stale.get_absolute_url()).content.decode()
        assert "10 of 10" in page and f"0 of {gone_stale.questions}" in page
        assert "An agent solved it with something else" in page
        assert "<ins>" in page and "Visitors" in page and "Ines" not in page.split("fix-title")[1].split("tickets-title")[0]

    def test_the_draft_is_made_of_what_agents_wrote_without_the_people(self, gone_stale, asked, ines):
        asked(
            30,
            "overruled",
            reply="Hi Ada, call me on +44 20 7946 0018 or open Visitors, choose the permit and hand over the phone to sign it.",
        )
        found = doubts.doubt(gone_stale, ines)
        assert found.changes and "Ada" not in found.text and "7946" not in found.text

    def test_tickets_of_another_private_team_are_not_shown(self, gone_stale, desk, ines):
        Ticket.objects.update(team=make_team("Legal", is_private=True), assignee=None)
        for learned in LearnedResolution.objects.all():  # by then it had gone live, and what is live is everybody's
            learned.retire("", at=timezone.now())
        page = desk.get(gone_stale.get_absolute_url()).content.decode()
        assert ASKED[:30] not in page.split("tickets-title")[1]
        assert "Visitors" not in page

    def test_still_right_by_a_button(self, gone_stale, desk, ines):
        assert desk.get(reverse("learning:suspicion_still_right", args=[gone_stale.pk])).status_code == 405
        page = desk.post(reverse("learning:suspicion_still_right", args=[gone_stale.pk]), follow=True).content.decode()
        gone_stale.refresh_from_db()
        assert gone_stale.closed_by == ines and "Cleared" in page

    def test_an_empty_list_says_so(self, desk):
        assert "Everything holds" in desk.get(reverse("learning:suspicions")).content.decode()

    def test_the_list_takes_as_many_queries_for_twenty_as_for_one(self, desk, django_assert_num_queries):
        now = timezone.now()
        for number in range(45):
            article = make_article(f"Guide {number}")
            state = {"state": "cleared", "how": "evidence", "closed_at": now} if number >= 22 else {}
            Suspicion.objects.create(source=article.source, since=now, raised_at=now, evidence=5, **state)
        SiteSettings.load()
        with django_assert_num_queries(
            9
        ):  # session, agent, closed teams, what they have not seen, site settings, standing, cleared, how many stand, open incidents
            page = desk.get(reverse("learning:suspicions")).content.decode()
        assert page.count('<th scope="row">') == 40 and "2 more wait" in page
        older = desk.get(reverse("learning:suspicions"), {"before": str(Suspicion.objects.cleared().order_by("-pk")[19].pk)})
        assert older.content.decode().count('<th scope="row">') == 3
