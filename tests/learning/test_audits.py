"""A small share of conversations, drawn by chance, that agents judge. Ada asked; Ines and Rosa judge."""

import pytest
from django.test import Client
from django.utils import timezone

from helpdesk.models import Event, SiteSettings
from learning import chance
from learning.models import Audit, Decision, Episode, Signal
from tests.factories import make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def every(db):
    """Every conversation is drawn."""
    site = SiteSettings.load()
    site.audit_share = 1.0
    site.save()


@pytest.fixture
def due(every, decided, ada, happening):
    ticket, decision = decided(ada)
    with happening():
        ticket.solved(customer=ada)
    return Audit.objects.get(decision=decision)


def signed_in(person):
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


class TestDrawing:
    def test_only_a_conversation_that_has_ended_and_only_its_first_decision(self, every, decided, ada, happening):
        ticket, decision = decided(ada)
        assert not Audit.objects.exists()
        with happening():
            ticket.solved(customer=ada)
            ticket.reopen(customer=ada)
            ticket.solved(customer=ada)
        assert list(Audit.objects.values_list("decision", "verdict")) == [(decision.pk, "")]

    def test_chance_and_nothing_else_decides_and_a_larger_share_keeps_the_smaller(self):
        few = {pk for pk in range(20_000) if chance.is_in(0.015, "audit", pk)}
        many = {pk for pk in range(20_000) if chance.is_in(0.05, "audit", pk)}
        assert few < many
        assert 240 < len(few) < 360
        assert not any(chance.is_in(0.0, "audit", pk) for pk in range(1_000))


class TestTwoAgents:
    def test_the_second_is_told_that_the_first_word_stands(self, due, ines):
        rosa = make_user("Rosa Weber")
        first, second = signed_in(ines), signed_in(rosa)
        assert first.post(f"/audits/{due.pk}/", {"verdict": "right"}, follow=True).status_code == 200
        page = second.post(f"/audits/{due.pk}/", {"verdict": "wrong"}, follow=True).content.decode()
        assert f"{ines.name} was faster and said “Right”. That stands, and yours was not counted." in page
        part = second.post(f"/audits/{due.pk}/", {"verdict": "wrong"}, headers={"HX-Request": "true"}).content.decode()
        assert f"{ines.name} was faster" in part and "Thank you" not in part
        assert "You had judged it already" in first.post(f"/audits/{due.pk}/", {"verdict": "right"}, follow=True).content.decode()
        due.refresh_from_db()
        assert (due.verdict, due.by) == ("right", ines)


class TestJudging:
    def test_right_counts_for_what_was_answered(self, due, ines, happening):
        with happening():
            assert due.judge("right", by=ines, at=timezone.now())
        assert Signal.objects.filter(decision=due.decision, kind="audited_right").count() == 1
        assert Episode.objects.get(decision=due.decision).by_agent

    def test_wrong_names_what_would_have_been_right(self, due, ines, articles, happening):
        with happening():
            due.judge("wrong", by=ines, source=articles[1].source, at=timezone.now())
        assert Episode.objects.get(decision=due.decision, source=due.decision.source).credit < 0
        assert Episode.objects.get(decision=due.decision, source=articles[1].source).credit > 0

    def test_whoever_cannot_tell_teaches_nothing(self, due, ines, happening):
        before = Signal.objects.count()
        with happening():
            due.judge("unclear", by=ines, at=timezone.now())
        assert Signal.objects.count() == before and not Audit.objects.due().exists()

    def test_the_first_verdict_stands(self, due, ines, happening):
        with happening():
            assert due.judge("right", by=ines, at=timezone.now())
            assert not due.judge("wrong", by=make_user("Rosa Weber"), at=timezone.now())
        due.refresh_from_db()
        assert (due.verdict, due.by) == ("right", ines)
        assert Event.objects.filter(verb="answer.verdict").count() == 1


class TestPage:
    def test_one_click_judges_and_shows_the_next(self, due, ines, articles):
        client = signed_in(ines)
        page = client.get("/audits/").content.decode()
        assert due.decision.source.title in page and "1 to judge" in page
        assert client.post(f"/audits/{due.pk}/", {"verdict": "wrong", "source": articles[1].source.pk}).status_code == 302
        due.refresh_from_db()
        assert due.verdict == "wrong" and due.source in {articles[1].source, None}
        assert "Nothing to judge" in client.get("/audits/").content.decode()

    @pytest.mark.parametrize("data", [{}, {"verdict": "maybe"}, {"verdict": "right\x00"}])
    def test_what_is_no_verdict_is_refused(self, due, ines, data):
        response = signed_in(ines).post(f"/audits/{due.pk}/", data)
        assert response.status_code == 422 and "Choose" in response.content.decode()
        assert Audit.objects.due().count() == 1

    def test_a_source_that_was_not_offered_is_not_taken(self, due, ines):
        signed_in(ines).post(f"/audits/{due.pk}/", {"verdict": "wrong", "source": "999999"})
        due.refresh_from_db()
        assert (due.verdict, due.source) == ("wrong", None)

    def test_private_conversations_are_judged_by_their_team(self, due):
        due.decision.ticket.assign(team=make_team("Legal", is_private=True), by=make_user())
        outsider = signed_in(make_user("Rosa Weber"))
        assert "Nothing to judge" in outsider.get("/audits/").content.decode()
        assert outsider.post(f"/audits/{due.pk}/", {"verdict": "right"}).status_code == 404

    def test_as_many_queries_with_twenty_waiting_as_with_one(self, due, ines, django_assert_num_queries):
        for _ in range(20):
            Audit.objects.create(decision=Decision.objects.create(**copied(due.decision)), drawn_at=timezone.now())
        client = signed_in(ines)
        client.get("/audits/")
        with django_assert_num_queries(
            10
        ):  # session, agent, closed teams, settings, the audit, how many wait and are done, other sources, open incidents, what they have not seen
            client.get("/audits/")


def copied(decision):
    kept = ("ticket", "message", "customer", "source", "kind", "confidence", "threshold", "policy", "candidates", "at")
    return {name: getattr(decision, name) for name in kept}
