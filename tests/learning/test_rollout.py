"""A policy of another kind on its way to all customers. Customers ask; the target was raised, and what comes of it is seen step by step."""

import datetime as dt

import numpy as np
import pytest
from django.urls import reverse

from helpdesk.models import Event, SiteSettings
from learning import betting, features, policies, rollout
from learning.models import Decision, Policy, Signal
from tests.factories import make_admin, make_customer, make_ticket
from tests.learning.conftest import GUEST

NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=30)
WEIGHTS = {
    "offset": 0.0,
    "slope": 1.0,
    "threshold": 0.9,
    "strict_threshold": 0.96,
    "episodes": 250,
    "pages": {},
    "coefficients": dict(features.SHIPPED),
}


@pytest.fixture
def in_use(db):
    return Policy.objects.create(version="v1.1", weights=WEIGHTS, evidence={"target": 0.95}, at=NOW)


@pytest.fixture
def trial(in_use):
    eager = {**WEIGHTS, "threshold": 0.05, "strict_threshold": 0.05}
    return Policy.objects.create(version="v1.2", state="shadow", share=0.0, weights=eager, before=in_use, at=NOW)


@pytest.fixture
def lived(articles):
    """n first questions, each answered under one policy and set beside what the other would have done; `complain`: how many are not helped."""

    def make(n, complain, policy, other, source=None, instead="answer"):
        customer, mine = make_customer(), (source or articles[0].source).pk
        asked = []
        for number in range(n):
            ticket = make_ticket(customer, f"Question {number}")
            kept = {"policy": other.version, "kind": instead, "source": mine, "score": 0.9}
            message = ticket.messages.get()
            asked.append(
                Decision(
                    ticket=ticket,
                    message=message,
                    customer=customer,
                    source_id=mine,
                    kind="answer",
                    confidence=0.9,
                    threshold=0.9,
                    policy=policy.version,
                    at=NOW,
                    instead=kept,
                )
            )
        Decision.objects.bulk_create(asked)
        loud = list(asked[:: max(n // complain, 1)][:complain]) if complain else []
        Signal.objects.bulk_create([Signal(decision=each, kind="asked_person", llr=-1.9, at=NOW) for each in loud])
        return asked

    return make


class TestBeginning:
    def test_another_target_or_other_features_are_another_kind(self, in_use):
        assert not policies.is_another_kind(in_use, 0.95)
        assert policies.is_another_kind(in_use, 0.97)
        assert not policies.is_another_kind(None, 0.97)
        in_use.weights["coefficients"].pop("suspect")
        assert policies.is_another_kind(in_use, 0.95)

    def test_a_raised_target_goes_into_the_shadow_and_nothing_is_fitted_meanwhile(self, in_use, articles):
        SiteSettings.objects.update_or_create(pk=1, defaults={"answer_target": 0.97})
        tried = policies.refit(NOW)
        assert (tried.state, tried.share) == ("shadow", 0.0)
        assert policies.current().version == "v1.1"
        assert policies.in_force()[1].policy.version == tried.version
        assert policies.refit_if_due(NOW) is None

    def test_in_the_shadow_it_serves_nobody_and_what_it_would_do_is_kept(self, trial, articles, ada, happening):
        with happening():
            ticket = make_ticket(ada, "Who is the person that permits it?")
        decision = Decision.objects.filter(ticket=ticket).first()
        assert decision.policy == "v1.1"
        assert (decision.instead["policy"], decision.instead["kind"]) == ("v1.2", "answer")
        assert decision.propensity == 1.0

    def test_on_trial_the_same_customers_get_it_while_it_grows(self, trial, articles, happening):
        served = {}
        customers = [make_customer() for _ in range(30)]
        for share in (0.25, 0.6):
            Policy.objects.filter(pk=trial.pk).update(state="canary", share=share)
            for customer in customers:
                with happening():
                    ticket = make_ticket(customer, GUEST)
                decision = Decision.objects.filter(ticket=ticket).first()
                served.setdefault(share, set()).update({customer.pk} if decision.policy == "v1.2" else ())
                assert decision.propensity == pytest.approx(share if decision.policy == "v1.2" else 1 - share)
        assert served[0.25] < served[0.6]


class TestSteps:
    def test_without_a_trial_there_is_nothing_to_do(self, in_use):
        assert rollout.step(NOW) is None

    def test_from_the_shadow_to_all(self, in_use, trial, lived):
        lived(99, 5, in_use, trial)
        assert rollout.step(LATER).state == "shadow"
        lived(1, 0, in_use, trial)
        assert (rollout.step(LATER).state, Policy.objects.get(pk=trial.pk).share) == ("canary", rollout.FIRST_SHARE)
        lived(20, 1, trial, in_use)
        assert rollout.step(LATER).share == rollout.SECOND_SHARE
        assert rollout.step(LATER).share == rollout.SECOND_SHARE
        lived(380, 20, trial, in_use)
        lived(300, 15, in_use, trial)
        done = rollout.step(LATER)
        assert (done.state, done.share) == ("live", 1.0)
        assert policies.current().version == "v1.2"
        assert policies.in_force()[1] is None
        assert [event.data["share"] for event in Event.objects.filter(verb="policy.widened").order_by("pk")] == [0.05, 0.25, 1.0]
        assert len(done.reasons) == 3

    def test_harm_ends_it_early(self, in_use, trial, lived):
        Policy.objects.filter(pk=trial.pk).update(state="canary", share=0.25)
        lived(60, 3, in_use, trial)
        lived(60, 40, trial, in_use)
        ended = rollout.step(LATER)
        assert (ended.state, ended.share) == ("rejected", 0.0)
        assert "Turned away by itself: of 60 questions it solved 20, the one in use 57 of as many." in ended.reasons
        assert policies.in_force()[1] is None
        assert Event.objects.get(verb="policy.turned_away").data["version"] == "v1.2"
        assert rollout.step(LATER) is None

    def test_what_would_hand_off_what_was_answered_well_is_harm_in_the_shadow(self, in_use, trial, lived):
        for decision in lived(100, 0, in_use, trial, instead="hand_off"):
            Decision.objects.filter(pk=decision.pk).update(belief=0.97)
        assert rollout.step(LATER).state == "rejected"

    def test_answers_younger_than_the_window_say_nothing_yet(self, in_use, trial, lived):
        Policy.objects.filter(pk=trial.pk).update(state="canary", share=0.05)
        lived(30, 0, trial, in_use)
        lived(30, 0, in_use, trial)
        assert len(rollout.look(Policy.objects.get(pk=trial.pk), NOW).tried) == 0
        assert len(rollout.look(Policy.objects.get(pk=trial.pk), LATER).tried) == 30

    def test_one_that_does_as_well_is_seldom_turned_away_however_often_one_looks(self):
        rng = np.random.default_rng(8)
        turned = sum(
            betting.difference(*(rng.random((2, 400)) < 0.8).astype(float), rollout.HARM).max() >= 1 / rollout.ALPHA for _ in range(500)
        )
        assert turned <= 500 * rollout.ALPHA

    def test_one_that_is_worse_by_the_margin_is_seldom_called_no_worse(self):
        rng = np.random.default_rng(9)
        called = 0
        for _ in range(500):
            usual, tried = rng.random(400) < 0.8, rng.random(400) < 0.8 - rollout.MARGIN
            called += rollout.Trial(tried=tried.astype(float), usual=usual.astype(float)).proof >= 1 / rollout.ALPHA
        assert called <= 500 * rollout.ALPHA


class TestPage:
    def test_an_admin_turns_it_away_with_one_click(self, trial, client):
        client.force_login(make_admin(), backend="django.contrib.auth.backends.ModelBackend")
        page = client.get(reverse("learning:policies")).content.decode()
        assert "In the shadow: v1.2" in page
        for _ in range(2):
            assert client.post(reverse("learning:policy_take_back", args=[trial.pk])).status_code == 302
        assert Policy.objects.get(pk=trial.pk).state == "rejected"
        assert Event.objects.filter(verb="policy.turned_away").count() == 1
        assert policies.current().version == "v1.1"

    def test_each_of_its_numbers_leads_to_as_many_tickets(self, in_use, trial, lived, client):
        lived(20, 3, in_use, trial)
        found = rollout.look(trial, LATER)
        client.force_login(make_admin(), backend="django.contrib.auth.backends.ModelBackend")
        for what, count in (("asked", 20), ("differing", len(found.differing)), ("compared", len(found.tried))):
            page = client.get(reverse("learning:policy_tickets", args=[trial.pk]), {"what": what}).content.decode()
            assert page.count('scope="row"') == count, what
