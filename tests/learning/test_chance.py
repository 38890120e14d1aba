"""What chance decides: who is held out, what is tried on purpose, and what follows from it. Ada and 200 others ask."""

import datetime as dt

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from assistant.why import why
from helpdesk.models import Event, SiteSettings
from learning import chance, exploration, measures, measuring, offpolicy
from learning.models import Decision, Metric
from learning.models.decision import CONTROL
from learning.question import Candidate, Scored
from learning.serving import is_held_out
from tests.factories import make_customer, make_ticket
from tests.learning.conftest import GUEST

probabilities = st.floats(0.001, 0.999)


def candidate(number, *, strict=False):
    return Candidate(source_id=number, dense=0.5, is_strict=strict)


def ranked(*shares, strict=()):
    """Candidates as likely to help as given, the likeliest first."""
    return [Scored(candidate(place, strict=place in strict), p, 0.0, {}, {}) for place, p in enumerate(sorted(shares, reverse=True))]


class TestDrawing:
    def test_uniform_and_independent_of_other_purposes(self):
        first, second = (np.array([chance.drawn(purpose, number) for number in range(20_000)]) for purpose in ("one", "another"))
        assert np.abs(np.sort(first) - np.linspace(0, 1, 20_000)).max() < 0.015  # Kolmogorov-Smirnov at one in ten thousand
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.03
        assert first[7] == chance.drawn("one", 7)

    def test_whoever_is_held_out_stays_so_when_more_are(self):
        few, many = ({pk for pk in range(5_000) if is_held_out(pk, share)} for share in (0.05, 0.2))
        assert few < many
        assert 200 < len(few) < 300


class TestExploration:
    @given(st.lists(st.floats(0, 0.33), min_size=1, max_size=3), st.floats(0.001, 0.5), st.floats(0, 0.9999))
    def test_only_what_is_plausible_and_with_the_probability_it_says(self, chances, share, draw):
        scored = ranked(*[0.6] * 8)
        others = exploration.plausible(scored, chances)
        chosen = exploration.choose(scored, chances, share, draw)
        assert 0 < chosen.propensity <= 1
        assert chosen.place is None or chosen.place in others
        assert all(chances[place] >= exploration.LEAST_CHANCE for place in others)
        assert (chosen.place is None) == (draw >= share * sum(chances[place] for place in others) - 1e-12)

    @given(st.lists(st.floats(0.1, 0.33), min_size=3, max_size=3))
    def test_the_probabilities_of_all_that_may_be_done_make_one(self, chances):
        found = {}
        for draw in np.linspace(0, 1, 2_000, endpoint=False):
            chosen = exploration.choose(ranked(0.3, 0.3, 0.3), chances, 0.2, float(draw))
            found[chosen.place] = chosen.propensity
        assert len(found) == 4
        assert sum(found.values()) == pytest.approx(1.0)

    def test_never_where_a_strict_category_is_near_nor_where_hardly_a_draw_would(self):
        assert exploration.plausible(ranked(0.8, 0.6, 0.5, strict={2}), [0.0, 0.4, 0.3]) == []
        assert exploration.plausible(ranked(0.8, 0.6), [0.0, 0.4]) == [1]
        assert exploration.plausible(ranked(0.8, 0.6), [0.0, 0.04]) == []
        assert exploration.plausible(ranked(0.45, 0.4), []) == []

    @given(st.floats(0.0, 4.0), st.integers(0, 1_000))
    def test_the_chance_is_how_often_drawn_weights_would(self, gap, seed):
        rng = np.random.default_rng(seed)
        half, toward = rng.normal(size=(3, 3)), rng.normal(size=3)
        drawn = rng.multivariate_normal(np.zeros(3), half @ half.T, size=4_000) @ toward
        assert exploration.chance(gap, toward, half @ half.T) == pytest.approx(float((drawn > gap).mean()), abs=0.04)

    def test_what_is_known_for_sure_is_not_tried(self):
        assert exploration.chance(0.1, np.ones(2), np.zeros((2, 2))) == 0


class TestOffPolicy:
    """Logged with exploration: action 0 is taken, and with `share` action 1; each helps as often as is known here."""

    def logged(self, seed, n=20_000, share=0.1, helps=(0.6, 0.75)):
        rng = np.random.default_rng(seed)
        action = (rng.random(n) < share).astype(int)
        outcome = (rng.random(n) < np.array(helps)[action]).astype(float)
        return action, outcome, np.where(action == 1, share, 1 - share)

    @pytest.mark.parametrize("model", [(0.6, 0.75), (0.2, 0.2), (0.9, 0.1)])
    def test_finds_what_the_other_policy_is_worth_even_where_the_model_is_wrong(self, model):
        action, outcome, propensity = self.logged(seed=4)
        expected = np.array(model)
        ones = np.full(len(action), expected[1])
        found = offpolicy.doubly_robust(outcome, propensity, action == 1, expected[action], ones)
        assert found.value == pytest.approx(0.75, abs=0.035)
        assert found.lower < 0.75
        assert found.effective == pytest.approx((action == 1).sum(), rel=0.01)

    def test_its_lower_bound_holds_in_nineteen_of_twenty(self):
        held = 0
        for seed in range(300):
            action, outcome, propensity = self.logged(seed, n=2_000)
            worth = np.full(2_000, 0.5)
            held += offpolicy.doubly_robust(outcome, propensity, action == 1, worth, worth).lower <= 0.75
        assert held / 300 >= 0.92

    def test_a_better_model_makes_it_surer(self):
        action, outcome, propensity = self.logged(seed=5, helps=(0.1, 0.9))
        good, none = np.array([0.1, 0.9]), np.array([0.0, 0.0])
        errors = [
            offpolicy.doubly_robust(outcome, propensity, action == 1, model[action], np.full(len(action), model[1])).error
            for model in (good, none)
        ]
        assert errors[0] < errors[1]

    def test_the_gain_is_the_difference_and_bounded_more_sharply(self):
        rng = np.random.default_rng(6)
        outcome, same = (rng.random(4_000) < 0.7).astype(float), np.full(4_000, 0.7)
        always = np.ones(4_000, bool)
        assert offpolicy.gain(outcome, np.ones(4_000), always, same, same).value == 0
        assert offpolicy.gain(outcome, np.ones(4_000), always, same, same).error == 0

    @pytest.mark.parametrize("propensity", [[], [0.0], [1.2]])
    def test_nothing_follows_from_nothing(self, propensity):
        n = len(propensity)
        with pytest.raises(ValueError, match="propensity in"):
            offpolicy.doubly_robust(np.ones(n), np.array(propensity), np.ones(n, bool), np.ones(n), np.ones(n))


def ask(happening, customer, question=GUEST):
    with happening():
        ticket = make_ticket(customer, question)
    return Decision.objects.filter(ticket=ticket).order_by("pk").first()


def site(**shares):
    settings = SiteSettings.load()
    for name, share in shares.items():
        setattr(settings, name, share)
    settings.save()


@pytest.mark.django_db
class TestHeldOut:
    def test_day_one_serves_them_and_what_learning_would_have_done_is_kept(self, articles, ada, happening):
        site(holdout_share=1.0)
        decision = ask(happening, ada)
        assert decision.policy == CONTROL
        assert (decision.kind, decision.source_id) == (decision.control["kind"], decision.control["source"])
        assert decision.instead["policy"] == "v1"
        assert decision.features == {}
        told = why(decision)
        assert "frozen control serves" in told.chance and "not calibrated" in told.chance
        assert "%" not in " ".join(told.sentences) and told.sentences

    def test_nobody_is_without_a_share(self, articles, ada, happening):
        assert ask(happening, ada).policy == "v1"

    def test_they_are_counted_apart(self, articles, ines, happening):
        site(holdout_share=0.3)
        for _ in range(20):
            ask(happening, make_customer())
        measuring.measure(timezone.now())
        held = Metric.objects.get(name="held_out").total
        assert held == Decision.objects.filter(policy=CONTROL).count() == measures.held_out().count() > 0
        assert Metric.objects.get(name="questions").count == 20 - held
        client = Client()
        client.force_login(ines)
        page = client.get(reverse("learning:questions"), {"what": "held_out"})
        assert len(page.context["rows"]) == held == page.content.decode().count("not calibrated")

    def test_a_share_is_a_share(self):
        settings = SiteSettings.load()
        settings.holdout_share = 0.6
        with pytest.raises(ValidationError, match="0.5"):
            settings.full_clean()


@pytest.mark.django_db
class TestTrying:
    def test_what_was_tried_is_logged_with_how_likely_that_was(self, articles, ada, happening, monkeypatch):
        monkeypatch.setattr(exploration, "LEAST_CHANCE", 0.0)
        site(exploration_share=0.2)
        monkeypatch.setattr(chance, "drawn", lambda purpose, number: 0.0 if purpose == "exploration" else 0.99)
        decision = ask(happening, ada)
        assert (decision.kind, decision.instead["kind"]) == ("answer", "answer")
        assert decision.source_id != decision.instead["source"] == articles[0].source.pk
        assert 0 < decision.propensity <= 0.2
        assert "Tried on purpose" in why(decision).chance
        assert Event.objects.filter(verb="assistant.answered").count() == 1

    def test_nothing_is_tried_on_somebody_who_asks_again(self, articles, ada, happening, monkeypatch):
        monkeypatch.setattr(exploration, "LEAST_CHANCE", 0.0)
        site(exploration_share=0.2)
        monkeypatch.setattr(chance, "drawn", lambda purpose, number: 0.99)
        ticket = ask(happening, ada).ticket
        type(ticket).objects.filter(pk=ticket.pk).update(handler="assistant", state="open")
        monkeypatch.setattr(chance, "drawn", lambda purpose, number: 0.0)
        ticket.refresh_from_db()
        with happening():
            ticket.say("And for two subcontractors at once?", customer=ada, at=timezone.now() + dt.timedelta(minutes=1))
        again = Decision.objects.filter(ticket=ticket).order_by("-pk").first()
        assert again.instead == {}
        assert again.propensity == 1.0
