"""What may decide, and what is taken back. Ada and others ask; a policy is made worse on purpose; Morgan takes one back."""

import datetime as dt
import re
from dataclasses import replace

import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from helpdesk.models import Event
from learning import betting, calibration, changes, choice, features, gate, policies, watch
from learning.experience import Recent
from learning.models import Decision, Policy, Signal
from tests.factories import make_admin, make_customer, make_ticket, make_user
from tests.ui.reading import complaints

NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
WEIGHTS = {
    "offset": 0.0,
    "slope": 1.0,
    "threshold": 0.9,
    "strict_threshold": 0.96,
    "episodes": 250,
    "pages": {},
    "coefficients": dict(features.SHIPPED),
}


class TestBetting:
    @given(arrays(float, 40, elements=st.floats(0, 1)), arrays(float, 40, elements=st.floats(0.05, 1)))
    def test_money_is_never_negative_and_grows_only_against_the_hypothesis(self, outcomes, expected):
        assert (betting.wealth(outcomes, expected) >= 0).all()
        assert (betting.wealth(np.minimum(outcomes, expected), expected) <= 1 + 1e-9).all()

    def test_holds_its_error_while_one_looks_after_every_outcome(self):
        """1,000 streams of 2,000 outcomes each, exactly as bad as is put up with."""
        rng = np.random.default_rng(1)
        expected = rng.uniform(0.05, 0.3, 2_000)
        alarms = sum(betting.wealth((rng.random(2_000) < expected).astype(float), expected).max() >= 20 for _ in range(1_000))
        assert alarms <= 1_000 * 0.05

    def test_sees_twice_as_many_complaints_within_two_hundred_answers(self):
        rng, seen = np.random.default_rng(2), []
        for _ in range(100):
            money = betting.wealth((rng.random(400) < 0.24).astype(float), np.full(400, 0.12))
            seen.append(int(np.argmax(money >= 20)) if money.max() >= 20 else 400)
        assert np.median(seen) < 120
        assert np.quantile(seen, 0.9) < 200

    @pytest.mark.parametrize(("mean", "expected"), [(0.24, 0.12), (0.43, 0.17), (0.9, 0.3)])
    def test_what_is_worse_is_seen_within_the_exposure_it_says(self, mean, expected):
        """500 streams, looked at after every outcome; the bound is on their mean, and no more than three times what it comes to."""
        rng, bound = np.random.default_rng(4), betting.exposure(mean, expected, 0.02)
        outcomes = (rng.random((500, 3_000)) < mean).astype(float)
        ends = [int(np.argmax(betting.wealth(each, np.full(3_000, expected)) >= 50)) + 1 for each in outcomes]
        assert np.mean(ends) <= bound <= 3 * np.mean(ends)

    def test_what_keeps_its_promise_may_be_exposed_for_ever(self):
        assert betting.exposure(0.1, 0.12, 0.02) == betting.exposure(0.12, 0.12, 0.02) == np.inf

    def test_of_two_arms_that_do_alike_neither_is_called_worse(self):
        rng = np.random.default_rng(3)
        alarms = sum(betting.difference(*(rng.random((2, 1_000)) < 0.8).astype(float)).max() >= 20 for _ in range(500))
        assert alarms <= 25
        good, bad = (rng.random(1_000) < 0.9).astype(float), (rng.random(1_000) < 0.7).astype(float)
        assert betting.difference(bad, good, margin=0.01).max() >= 20 > betting.difference(good, bad).max()


def lived(n, seed, spread=1.5):
    """n decisions on two candidates, newest first. The first is right as often as the mixture says; of half of them people have shown it."""
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-rng.normal(2.0, spread, n)))
    found = np.zeros((n, 3, len(features.NAMES)))
    place = features.PLACES["mixture"]
    found[:, :, place] = np.log(np.stack([p, (1 - p) * 0.7, (1 - p) * 0.3], axis=1))
    right = rng.random(n) < p
    shown = rng.random(n) < 0.5
    target = np.where(shown, np.where(right, 0, 1), choice.UNKNOWN)
    said = rng.random(n) < np.where(right, 0.45, 0.03)
    evidence = np.where(said, np.log(15), np.log(0.55 / 0.97))
    return Recent(
        choice.Choices(found, np.ones((n, 3), bool), target, evidence, np.ones(n)),
        spoken=np.ones(n, bool),
        answered=p > 0.8,
        reaction=np.where(said, 0, 1),
        came_back=np.zeros(n, bool),
        truth=np.where(shown, right, np.nan).astype(float),
        number=np.arange(n, 0, -1),
        propensity=np.ones(n),
        sources=np.tile(np.array([1, 2]), (n, 1)),
        headless=np.zeros(n, bool),
        renewed=found,
    )


SHIPPED = gate.Rules(features.shipped(), calibration.DAY_ONE, 0.85)


class TestGate:
    def judged(self, candidate, n=2_000):
        found = lived(n, seed=1)
        return gate.judge(found, found.number > n // 2, 0.95, SHIPPED, candidate, lambda some: candidate)

    def test_the_same_again_is_admitted(self):
        verdict = self.judged(SHIPPED)
        assert verdict.admitted
        assert verdict.figures["resolved"] == pytest.approx(verdict.figures["resolved_before"])

    def test_one_that_puts_the_wrong_source_first_is_not(self):
        turned = features.shipped()
        turned[features.PLACES["mixture"]] = -1.0
        verdict = self.judged(gate.Rules(turned, calibration.DAY_ONE, 0.85))
        assert not verdict.admitted
        assert verdict.reasons[0] == "It would lose answers that helped." and "puts 0.0% first again" in verdict.reasons[1]

    def test_one_that_boasts_is_not(self):
        verdict = self.judged(gate.Rules(features.shipped(), calibration.Line(4.0, 1.0), 0.85))
        assert not verdict.admitted
        assert verdict.figures["precision"] < 0.9
        assert verdict.reasons[0] == "It would be wrong too often.", "what decided is said first"

    def test_one_that_is_needlessly_shy_is_not(self):
        careful = gate.Rules(features.shipped(), calibration.DAY_ONE, 0.93)
        shy = gate.Rules(features.shipped(), calibration.DAY_ONE, 0.995)
        found = lived(2_000, seed=1)
        assert not gate.judge(found, found.number > 1_000, 0.95, careful, shy, lambda some: shy).admitted

    def tried(self, right, n=10_000):
        """A candidate that prefers the second of two; a tenth of the answers tried that, and it was right as often as given. Nobody was shown anything."""
        rng = np.random.default_rng(9)
        found = lived(n, seed=1)
        chosen = rng.random(n) < 0.1
        odds = found.choices.features.copy()
        odds[chosen, :2] = odds[chosen, 1::-1]  # what was done comes first
        sources = np.where(chosen[:, None], [2, 1], [1, 2])
        helped = rng.random(n) < np.where(chosen, right, 0.5)
        evidence = np.where(helped, 30.0, -30.0)  # as good as sure
        choices = replace(found.choices, features=odds, target=np.full(n, choice.UNKNOWN), evidence=evidence)
        return replace(
            found,
            choices=choices,
            sources=sources,
            answered=np.ones(n, bool),
            propensity=np.where(chosen, 0.1, 0.9),
            truth=np.full(n, np.nan),
        )

    @pytest.mark.parametrize(("right", "admitted"), [(0.9, True), (0.1, False)])
    def test_what_was_tried_on_purpose_tells_what_it_would_come_to(self, right, admitted):
        """The one in use is right half of the time. The candidate would always do what was tried."""
        second_first = features.shipped()
        second_first[features.PLACES["mixture"]] = -1.0
        found = self.tried(right)
        verdict = gate._holds_where_tried([(found, gate.Rules(second_first, calibration.DAY_ONE, 0.0))], SHIPPED)
        assert verdict.admitted == admitted
        assert verdict.figures["tried"] > 100
        assert verdict.figures["gain"] == pytest.approx(0.84 * (right - 0.5), abs=0.06)  # where they differ and it was not tried anyway
        assert verdict.figures["gain_lower"] < verdict.figures["gain"]

    def test_too_few_tries_are_said(self):
        second_first = features.shipped()
        second_first[features.PLACES["mixture"]] = -1.0
        verdict = gate._holds_where_tried([(self.tried(0.1, n=100), gate.Rules(second_first, calibration.DAY_ONE, 0.0))], SHIPPED)
        assert verdict.admitted
        assert "not enough evidence" in verdict.reasons[0]

    def test_too_little_to_compare_is_said(self):
        verdict = self.judged(SHIPPED, n=60)
        assert verdict.admitted
        assert all("too few to compare" in reason for reason in verdict.reasons)


@pytest.fixture
def policy(db):
    policies.forget()
    return Policy.objects.create(version="v1.1", weights=WEIGHTS, at=NOW, reasons=["Too little to compare."])


@pytest.fixture
def answered(articles):
    """`answered(policy, n, complaints)`: n customers were answered by it, surely as it thought; every few of them asked for a person."""

    def make(policy, n, complaints):
        asked = [
            Decision(kind="answer", confidence=0.96, threshold=0.9, policy=policy.version, source=articles[0].source, shown=True, at=NOW)
            for _ in range(n)
        ]
        for decision in asked:
            decision.ticket = make_ticket(make_customer())
            decision.message = decision.ticket.messages.get()
        Decision.objects.bulk_create(asked)
        loud = asked[:: n // complaints] if complaints else []
        Signal.objects.bulk_create([Signal(decision=each, kind="asked_person", llr=-1.9, at=NOW) for each in loud])

    return make


class TestWatch:
    def test_one_that_draws_many_more_complaints_than_promised_is_taken_back_by_itself(self, policy, answered):
        before = policies.current().version
        assert before == "v1.1"
        answered(policy, 40, complaints=20)
        seen = watch.take_back_if_harmful(NOW)
        assert (seen.answers, seen.complaints) == (40, 20)
        assert 20 < seen.exposure < 50, "what is right only half as often as it promises is not served for longer"
        policy.refresh_from_db()
        assert (policy.state, policy.retired_at) == ("retired", NOW)
        assert "after 40 answers: 20 customers complained" in policy.reasons[-1]
        assert policies.current().version == policies.SHIPPED_VERSION
        assert Event.objects.get(verb="policy.taken_back").data["policy"] == policy.pk
        assert watch.take_back_if_harmful(NOW) is None

    def test_one_that_keeps_its_promise_stays(self, policy, answered):
        answered(policy, 40, complaints=4)
        assert watch.take_back_if_harmful(NOW) is None
        assert policies.current().version == "v1.1"

    def test_it_goes_back_to_the_one_before_and_not_to_one_that_was_not_admitted(self, policy, answered):
        Policy.objects.create(version="v1.2", state="rejected", weights=WEIGHTS, at=NOW)
        newest = Policy.objects.create(version="v1.3", weights=WEIGHTS, at=NOW, before=policy)
        assert policies.current().version == "v1.3"
        answered(newest, 40, complaints=20)
        watch.take_back_if_harmful(NOW)
        assert policies.current().version == "v1.1"


class TestRefit:
    def test_what_the_gate_turns_away_does_not_decide_and_says_why(self, policy, monkeypatch, articles):
        monkeypatch.setattr(gate, "judge", lambda *_: gate.Verdict(False, ["It would have been wrong too often."]))
        refitted = policies.refit(NOW)
        assert (refitted.state, refitted.before, refitted.reasons) == ("rejected", policy, ["It would have been wrong too often."])
        assert policies.current().version == "v1.1"

    def test_after_something_had_to_be_forgotten_there_is_no_way_back(self, policy, articles):
        refitted = policies.refit(NOW, afresh=True)
        assert policies.current().version == refitted.version
        refitted.take_back(because="A test", at=NOW)
        assert policies.current().version == policies.SHIPPED_VERSION


class TestPage:
    def test_says_what_each_does_otherwise_and_why(self, policy, client):
        weights = {**WEIGHTS, "threshold": 0.84, "episodes": 600, "coefficients": {**features.SHIPPED, "page_nearby": 1.1}}
        Policy.objects.create(version="v1.2", weights=weights, at=NOW, before=policy, reasons=["It solves more."])
        client.force_login(make_user(), backend="django.contrib.auth.backends.ModelBackend")
        page = client.get(reverse("learning:policies")).content.decode()
        for words in (
            "It answers from 84% certainty on, not from 90%.",
            "350 more outcomes went into it, 600 in all.",
            "The page, among similar questions counts for it more: +1.10, was +0.50.",
            "It solves more.",
        ):
            assert words in page
        assert "Take it back" not in page

    def test_each_number_leads_to_as_many_tickets_a_page_at_a_time(self, policy, answered, client):
        answered(policy, 40, complaints=8)
        client.force_login(make_user(), backend="django.contrib.auth.backends.ModelBackend")
        address = reverse("learning:policy_tickets", args=[policy.pk])
        assert f'href="{address}?what=complaints">8</a>' in client.get(reverse("learning:policies")).content.decode()
        assert client.get(address, {"what": "complaints"}).content.decode().count('scope="row"') == 8
        first = client.get(address, {"what": "answers"}).content.decode()
        older = client.get(address, {"what": "answers", "before": Decision.objects.order_by("-pk")[29].pk}).content.decode()
        assert (first.count('scope="row"'), older.count('scope="row"')) == (30, 10)
        assert client.get(address, {"what": "nonsense"}).status_code == 404

    def test_an_admin_is_asked_takes_it_back_and_can_put_it_in_use_again(self, policy, client):
        client.force_login(make_admin(), backend="django.contrib.auth.backends.ModelBackend")
        page = client.get(reverse("learning:policies")).content.decode()
        assert "Take it back" in page and "Take v1.1 back? The shipped one would decide" in page and complaints(page) == []
        for _ in range(2):
            assert client.post(reverse("learning:policy_take_back", args=[policy.pk])).status_code == 302
        assert policies.current().version == policies.SHIPPED_VERSION
        assert Event.objects.filter(verb="policy.taken_back").count() == 1
        page = client.get(reverse("learning:policies")).content.decode()
        assert re.search(r"<h3>Why it was taken back</h3><ul[^>]*><li>Taken back by Morgan Ellery.</li></ul>", page)
        assert "Put it in use again" in page and complaints(page) == []
        for _ in range(2):
            assert client.post(reverse("learning:policy_restoring", args=[policy.pk])).status_code == 302
        assert policies.current().version == "v1.1"
        assert Event.objects.filter(verb="policy.restored").count() == 1

    def test_what_harmed_what_is_older_and_what_was_forgotten_stays_away(self, policy, articles, client):
        admin = make_admin()
        newer = Policy.objects.create(version="v1.2", weights=WEIGHTS, at=NOW, before=policy)
        newer.take_back(because="Taken back by itself after 80 answers.", at=NOW)
        assert not newer.restore(by=admin, at=NOW), "it would be taken back again at once"
        policy.take_back(because="Taken back by Morgan Ellery.", at=NOW, by=admin)
        assert not policy.restore(by=admin, at=NOW) and policies.current().version == policies.SHIPPED_VERSION
        Policy.objects.create(version="v1.3", weights=WEIGHTS, at=NOW, reasons=["It solves more."])
        policies.refit(NOW, afresh=True).take_back(because="Taken back by Morgan Ellery.", at=NOW, by=admin)
        gone = Policy.objects.get(version="v1.3")
        assert not gone.restore(by=admin, at=NOW) and gone.is_forgotten
        client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
        page = client.get(reverse("learning:policies")).content.decode()
        assert page.count("state--bad") == 3 and page.count("Replaced because something had to be forgotten</span>") == 1
        assert page.count("Put it in use again") == 1 and "Why it was replaced" in page and "Why it had been let through" in page

    def test_a_page_is_a_few_queries_however_many_there_are(self, policy, client, django_assert_max_num_queries):
        Policy.objects.bulk_create([Policy(version=f"v1.{n}", weights=WEIGHTS, at=NOW, before=policy) for n in range(2, 32)])
        client.force_login(make_user(), backend="django.contrib.auth.backends.ModelBackend")
        client.get(reverse("learning:policies"))
        with django_assert_max_num_queries(10):
            page = client.get(reverse("learning:policies")).content.decode()
        assert page.count('<article class="card policy"') == 20
        assert "Older" in page


def test_a_signal_that_turned_out_to_say_less_is_told(policy):
    noisier = Policy(version="v1.2", weights={**WEIGHTS, "rates": {"confirmed": (0.2, 0.05)}}, at=timezone.now())
    assert "“The customer said that it solved it” says less: +1.4, was +2.7." in changes.told(noisier, policy)
