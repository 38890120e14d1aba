"""The pure functions: what must hold for any input."""

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning import abstention, calibration, choice, credit, features, noise, ranker, thresholds, votes
from learning.channels import CHANNELS, TABLE, weight
from learning.question import Candidate, Question
from learning.votes import Neighbours, Tally

settings.register_profile("quick", max_examples=50, deadline=None)
settings.load_profile("quick")

AT = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
probability = st.floats(0.0, 1.0)
signal = st.tuples(st.sampled_from(["reaction", "return", "agent"]), st.floats(-6, 6))
signals = st.lists(signal, max_size=8)


class TestChannels:
    def test_every_kind_is_a_noisy_channel_never_a_verdict(self):
        for channel in TABLE:
            assert 0 < channel.right < 1
            assert 0 < channel.wrong < 1

    def test_priors_are_the_documented_ones(self):
        assert (CHANNELS["confirmed"].right, CHANNELS["confirmed"].wrong) == (0.45, 0.03)
        assert (CHANNELS["assumed"].right, CHANNELS["assumed"].wrong) == (0.50, 0.25)
        assert CHANNELS["assumed"].held
        assert (CHANNELS["came_back"].right, CHANNELS["came_back"].wrong) == (0.03, 0.30)

    def test_confirmed_weighs_more_than_silence(self):
        assert CHANNELS["confirmed"].llr > CHANNELS["assumed"].llr > 0 > CHANNELS["came_back"].llr


class TestCredit:
    @given(st.floats(-500, 500))
    def test_sigmoid_is_a_probability_and_undoes_logit(self, x):
        p = credit.sigmoid(x)
        assert 0 <= p <= 1
        if abs(x) < 10:
            assert credit.logit(p) == pytest.approx(x, abs=1e-3)

    @given(probability, signals)
    def test_order_does_not_matter(self, prior, found):
        assert credit.belief(prior, found) == credit.belief(prior, found[::-1])

    @given(probability, signals)
    def test_said_twice_counts_once(self, prior, found):
        assert credit.earned(prior, found + found) == credit.earned(prior, found)

    @given(probability, signals, st.floats(0.1, 6))
    def test_a_stronger_positive_never_lowers(self, prior, found, llr):
        assert credit.belief(prior, [*found, ("agent", 6.0 + llr)]) >= credit.belief(prior, found) - 1e-9

    @given(probability, signals)
    def test_credit_is_bounded_and_never_raised_by_evidence_against(self, prior, found):
        earned = credit.earned(prior, found)
        assert -1 <= earned <= 1
        if credit.evidence(found) < 0:
            assert earned <= 0

    @given(probability)
    def test_no_evidence_is_no_credit_however_sure_the_prior(self, prior):
        assert credit.earned(prior, []) == 0
        assert credit.earned(prior, [("reaction", 0.0)]) == 0


def neighbours(*rows):
    """(source, cosine, credit, account, by_agent)"""
    return Neighbours(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], float),
        np.array([row[2] for row in rows], float),
        {},
        [row[3] for row in rows],
        np.array([row[4] for row in rows], bool),
    )


class TestVotes:
    def test_the_more_similar_counts_for_more(self):
        tally = votes.tally(neighbours((1, 0.95, 1.0, "a", False), (2, 0.80, 1.0, "b", False)))
        assert tally.positive[1] > 5 * tally.positive[2]

    def test_one_account_has_one_vote_however_often_it_speaks(self):
        once = votes.tally(neighbours((1, 0.9, 0.8, "mallory", False)))
        often = votes.tally(neighbours(*[(1, 0.9, 0.8, "mallory", False)] * 20))
        assert often.positive == pytest.approx(once.positive)

    def test_one_account_alone_does_not_stop_an_answer_but_two_or_an_agent_do(self):
        proved = [(1, 0.9, 0.9, account, False) for account in ("a", "b", "c")]

        def left(*denials):
            tally = votes.tally(neighbours(*proved, *denials))
            return tally.positive[1] / (tally.positive[1] + tally.negative[1])

        mallory, oscar = (1, 1.0, -0.9, "mallory", False), (1, 1.0, -0.9, "oscar", False)
        taught_otherwise = (1, 1.0, -0.9, "ines", True)
        assert left(mallory) == pytest.approx(left(mallory, mallory))
        assert left(mallory) > 1.5 * left(mallory, oscar)
        assert left(taught_otherwise) < left(mallory) / 1.5

    def test_agents_are_not_capped(self):
        twice = votes.tally(neighbours((1, 0.9, 0.9, "a", True), (1, 0.9, 0.9, "a", True)))
        assert twice.positive[1] == pytest.approx(2 * votes.tally(neighbours((1, 0.9, 0.9, "a", True))).positive[1])

    @given(st.lists(st.tuples(st.integers(1, 4), st.floats(-1, 1), st.floats(-1, 1), st.sampled_from("abc"), st.booleans()), max_size=30))
    def test_weights_are_never_negative_and_no_vote_is_lost_to_order(self, rows):
        tally = votes.tally(neighbours(*rows))
        assert all(weight >= 0 for weight in [*tally.positive.values(), *tally.negative.values()])
        turned = votes.tally(neighbours(*rows[::-1]))
        assert turned.total == pytest.approx(tally.total)

    def test_another_page_or_plan_counts_for_less(self):
        rows = neighbours((1, 0.9, 1.0, "a", False), (1, 0.9, 1.0, "b", False))
        for key, discount in votes.CONTEXT.items():
            here, there = votes.weights(Neighbours(**{**vars(rows), "same": {key: np.array([1.0, 0.0])}}))
            assert there == pytest.approx(here * discount)

    def test_what_is_not_known_neither_agrees_nor_differs(self):
        assert [votes.agreement("team", theirs) for theirs in ("team", "free", "", None)] == [1, 0, 0.5, 0.5]

    @given(st.lists(st.tuples(st.integers(1, 4), st.floats(-1, 1), st.floats(-1, 1), st.sampled_from("abc"), st.booleans()), max_size=30))
    def test_what_agrees_is_a_part_of_all(self, rows):
        same = np.array([place % 2 for place in range(len(rows))], float)
        tally = votes.tally(Neighbours(**{**vars(neighbours(*rows)), "same": {"page": same}}))
        for source, agreeing in tally.agreeing["page"].positive.items():
            assert 0 <= agreeing <= tally.positive[source] + 1e-9


candidates = st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1), st.booleans()).map(lambda row: row), min_size=1, max_size=8).map(
    lambda rows: [Candidate(n, dense, text, pages=["/p"] if own else []) for n, (dense, text, own) in enumerate(rows, start=1)]
)
tallies = st.dictionaries(st.integers(1, 10), st.floats(0, 50), max_size=8)


class TestRanker:
    @given(candidates, tallies, tallies, st.floats(0, 1))
    def test_mixtures_are_a_sub_probability(self, found, positive, negative, share):
        heads = {each.source_id: 1 / len(found) for each in found}
        result = ranker.opinions(found, ranker.ground(found, "/p"), Tally(positive, negative), heads, share)
        assert all(opinion.mixture >= 0 for opinion in result)
        assert sum(opinion.mixture for opinion in result) <= 1 + 1e-9

    @given(candidates)
    def test_without_experience_it_is_search_alone(self, found):
        result = ranker.opinions(found, ranker.ground(found, ""))
        assert [opinion.mixture for opinion in result] == pytest.approx(ranker.search_prior(found, ""))

    @given(candidates, st.floats(0.5, 20))
    def test_a_vote_for_a_source_raises_it(self, found, weight):
        before = ranker.opinions(found, ranker.ground(found, ""))[0].mixture
        after = ranker.opinions(found, ranker.ground(found, ""), Tally({1: weight}, {}))[0].mixture
        assert after >= before - 1e-9

    @given(candidates, st.floats(0.5, 20))
    def test_a_vote_against_a_source_lowers_it(self, found, weight):
        before = ranker.opinions(found, ranker.ground(found, ""))[0].mixture
        after = ranker.opinions(found, ranker.ground(found, ""), Tally({}, {1: weight}))[0].mixture
        assert after < before or before == 0

    def test_what_was_just_taught_is_not_voted_down_by_an_old_head(self):
        found = [Candidate(1, 0.6), Candidate(2, 0.6)]
        result = ranker.opinions(found, ranker.ground(found, ""), Tally({2: 8.0}, {}), {1: 1.0}, 0.6)
        assert result[1].mixture > 0.9

    def test_of_equal_sources_the_page_decides(self):
        statistics = ranker.PageStatistics({1: {"/a": 9.0, "/b": 1.0}, 2: {"/a": 1.0, "/b": 9.0}}, 2)
        found = [Candidate(1, 0.6), Candidate(2, 0.6)]
        first, second = ranker.opinions(found, ranker.ground(found, "/b", statistics))
        assert second.mixture > first.mixture

    def test_statistics_survive_storage(self):
        statistics = ranker.PageStatistics({1: {"/a": 2.5}}, 3)
        assert ranker.PageStatistics.from_json(statistics.as_json()) == statistics


class TestCalibration:
    def test_with_nothing_to_learn_from_it_is_the_shipped_line(self):
        empty = np.array([])
        assert calibration.fit(empty, empty, empty) == calibration.DAY_ONE

    @settings(max_examples=20)
    @given(st.floats(-1.5, 1.5), st.floats(0.4, 2.0), st.integers(0, 10_000))
    def test_finds_the_line_that_made_the_data(self, offset, slope, seed):
        rng = np.random.default_rng(seed)
        scores = rng.normal(0, 2, 6_000)
        right = rng.random(6_000) < 1 / (1 + np.exp(-(offset + slope * scores)))
        line = calibration.fit(scores, np.where(right, np.inf, -np.inf), np.ones(6_000))
        assert line.offset == pytest.approx(offset, abs=0.25)
        assert line.slope == pytest.approx(slope, abs=0.25)

    @settings(max_examples=20)
    @given(st.floats(-1.0, 1.0), st.floats(0.5, 1.8), st.integers(0, 10_000))
    def test_finds_it_through_noisy_signals_whatever_it_believed_before(self, offset, slope, seed):
        rng = np.random.default_rng(seed)
        scores = rng.normal(1, 2, 8_000)
        right = rng.random(8_000) < 1 / (1 + np.exp(-(offset + slope * scores)))
        confirmed = rng.random(8_000) < np.where(right, 0.45, 0.03)
        evidence = np.where(confirmed, np.log(0.45 / 0.03), np.log(0.55 / 0.97))
        for prior in (calibration.DAY_ONE, calibration.Line(2.0, 0.5)):
            line = calibration.fit(scores, evidence, np.ones(8_000), prior)
            assert line.offset == pytest.approx(offset, abs=0.4)
            assert line.slope == pytest.approx(slope, abs=0.4)

    def test_calibration_error_of_honest_and_of_boastful_confidence(self):
        rng = np.random.default_rng(1)
        honest = rng.random(20_000)
        right = (rng.random(20_000) < honest).astype(float)
        assert calibration.expected_calibration_error(honest, right) < 0.02
        assert calibration.expected_calibration_error(np.ones(20_000), right) == pytest.approx(0.5, abs=0.02)
        assert math.isnan(calibration.expected_calibration_error(np.array([]), np.array([])))


class TestAbstention:
    def judged(self, n, seed=3):
        rng = np.random.default_rng(seed)
        confidence = rng.beta(4, 1, n)
        return confidence, (rng.random(n) < confidence).astype(float)

    def test_says_nothing_before_enough_were_judged(self):
        confidence, labels = self.judged(abstention.VALID_FROM - 1)
        assert abstention.lower_bound(confidence, confidence, labels, np.ones(len(labels))) == 0
        assert abstention.threshold(confidence, confidence, labels, np.ones(len(labels)), 0.9) == abstention.CAUTIOUS

    def test_the_bound_holds_in_nineteen_of_twenty_worlds(self):
        """One-sided 95 %: of 400 simulated sets the true precision may lie under it in about 20."""
        missed = 0
        for seed in range(400):
            rng = np.random.default_rng(seed)
            confidence = np.clip(rng.beta(9, 1, 400) - 0.05, 0, 1)  # shy by five points
            truth = np.clip(confidence + 0.05, 0, 1)
            labels = (rng.random(400) < truth).astype(float)
            missed += abstention.lower_bound(confidence, confidence, labels, np.ones(400)) > truth.mean()
        assert missed / 400 < 0.09

    def test_answers_hold_the_target(self):
        confidence, labels = self.judged(3_000)
        level = abstention.threshold(confidence, confidence, labels, np.ones(3_000), 0.95)
        fresh, right = self.judged(20_000, seed=4)
        assert right[fresh >= level].mean() >= 0.945
        assert (fresh >= level).mean() > 0.2

    def test_a_stricter_target_never_answers_more(self):
        confidence, labels = self.judged(3_000)
        levels = [abstention.threshold(confidence, confidence, labels, np.ones(3_000), target) for target in (0.85, 0.9, 0.95)]
        assert levels == sorted(levels)

    def test_when_nothing_holds_the_target_it_is_cautious(self):
        confidence = np.linspace(0.5, 0.9, 1_000)
        assert abstention.threshold(confidence, confidence, np.zeros(1_000), np.ones(1_000), 0.95) == abstention.CAUTIOUS

    @pytest.mark.parametrize(("offset", "slope", "right", "expected"), [
        (0.0, 0.7, 0.99, "moved"),  # the line calls the score by a smaller number, and its answers are right
        (0.0, 0.7, 0.60, "shipped"),  # they are not
        (1.0, 1.0, 0.99, "shipped"),  # a larger number: it stays where it was shipped
    ])  # fmt: skip
    def test_before_it_can_be_shown_the_threshold_stays_at_the_shipped_score(self, offset, slope, right, expected):
        line, scores = calibration.Line(offset, slope), np.linspace(-2, 6, 120)
        labels = (np.random.default_rng(5).random(120) < right).astype(float)
        level = thresholds.cautious(line, line(scores), line(scores), labels, np.ones(120), 0.95)
        at_shipped = line.one(credit.logit(thresholds.CAUTIOUS))
        assert level == pytest.approx(at_shipped if expected == "moved" else thresholds.CAUTIOUS)

    def test_without_any_scores_it_is_the_shipped_threshold(self):
        nothing = np.array([])
        assert thresholds.cautious(calibration.Line(0.0, 0.7), nothing, nothing, nothing, nothing, 0.95) == thresholds.CAUTIOUS


def simulated(n, truth, seed, noisy=0.0):
    """Choices among four candidates and none, drawn from the weights in `truth`; a share is known only by noisy signals on the first."""
    rng = np.random.default_rng(seed)
    found = np.zeros((n, 5, len(features.NAMES)))
    for name in ("mixture", "dense", "page_nearby"):
        found[:, :4, features.PLACES[name]] = rng.normal(size=(n, 4))
    found[:, 4, features.PLACES["none"]] = 1.0
    odds = np.exp(choice.log_probabilities(found, truth))
    target = np.array([rng.choice(5, p=row / row.sum()) for row in odds])
    hidden = rng.random(n) < noisy
    said = rng.random(n) < np.where(target == 0, 0.45, 0.03)
    evidence = np.where(hidden, np.where(said, np.log(0.45 / 0.03), np.log(0.55 / 0.97)), 0.0)
    return choice.Choices(found, np.ones((n, 5), bool), np.where(hidden, choice.UNKNOWN, target), evidence, np.ones(n))


class TestChoice:
    def truth(self, **weights):
        return np.array([weights.get(name, 0.0) for name in features.NAMES])

    def test_without_data_it_is_as_shipped_and_as_the_mixture(self):
        nothing = choice.Choices(np.zeros((0, 9, len(features.NAMES))), np.zeros((0, 9), bool), np.zeros(0, int), np.zeros(0), np.zeros(0))
        assert choice.fit(nothing, features.shipped()) == pytest.approx(features.shipped())
        rows = features.matrix([{"mixture": math.log(0.6)}, {"mixture": math.log(0.1)}, {"mixture": math.log(0.3), "none": 1.0}])
        assert np.exp(choice.log_probabilities(rows, features.shipped())) == pytest.approx([0.6, 0.1, 0.3])

    @pytest.mark.parametrize("noisy", [0.0, 0.7])
    def test_finds_the_weights_that_made_the_data(self, noisy):
        truth = self.truth(mixture=1.4, dense=0.8, page_nearby=1.5, none=0.5)
        found = choice.fit(simulated(6_000, truth, seed=1, noisy=noisy), features.shipped())
        for name in ("mixture", "dense", "page_nearby", "none"):
            assert found[features.PLACES[name]] == pytest.approx(truth[features.PLACES[name]], abs=0.25)

    @settings(max_examples=15)
    @given(st.integers(0, 1_000), st.floats(0, 1))
    def test_its_gradient_is_that_of_its_loss(self, seed, noisy):
        data, rng = simulated(40, self.truth(mixture=1.0), seed, noisy), np.random.default_rng(seed)
        seen = {}

        def look(objective, start, **rest):
            seen["objective"] = objective
            return type("Found", (), {"x": start})

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(choice, "minimize", look)
            choice.fit(data, features.shipped())
        at = rng.normal(size=len(features.NAMES)) * 0.3
        place, step = features.PLACES["mixture"], 1e-5
        up, down = at.copy(), at.copy()
        up[place] += step
        down[place] -= step
        numeric = (seen["objective"](up)[0] - seen["objective"](down)[0]) / (2 * step)
        assert seen["objective"](at)[1][place] == pytest.approx(numeric, rel=1e-3, abs=1e-3)

    @pytest.mark.parametrize("noisy", [0.0, 0.7])
    def test_knows_how_unsure_it_is_of_them(self, noisy):
        """Fitted to forty samples of one truth, nineteen in twenty of what it says of a weight hold."""
        truth, place = self.truth(mixture=1.0), features.PLACES["page_nearby"]
        off = []
        for seed in range(40):
            data = simulated(800, truth, seed, noisy)
            found = choice.fit(data, truth)
            off.append((found[place] - truth[place]) / np.sqrt(choice.covariance(data, found)[place, place]))
        assert np.mean(np.abs(off) < 2) >= 0.85
        assert 0.5 < np.std(off) < 1.3

    def test_without_data_it_is_as_unsure_as_the_prior_and_with_hidden_outcomes_less_sure(self):
        place = features.PLACES["mixture"]
        seen, hidden = (
            choice.covariance(simulated(500, self.truth(mixture=1.0), 3, noisy), features.shipped())[place, place] for noisy in (0.0, 1.0)
        )
        assert seen < hidden < 1 / choice.PRIOR_STRENGTH
        nothing = simulated(1, self.truth(), 1).only(np.zeros(0, int))
        assert choice.covariance(nothing, features.shipped()) == pytest.approx(features.unsure())

    def test_names_that_are_gone_do_not_hurt(self):
        assert features.matrix([{"dense": 0.5, "of_an_older_version": 3.0}])[0].sum() == 0.5

    def test_where_it_was_solved_before_counts_beyond_what_holds_everywhere(self):
        tally = Tally({1: 50.0, 2: 50.0}, {}, {"plan": Tally({1: 50.0}, {})})
        asked = Question("How do we get it?", None, AT, segment={"plan": "team"})
        found = [Candidate(1, 0.6), Candidate(2, 0.6)]
        opinions = ranker.opinions(found, ranker.ground(found, ""), tally)
        mine, other = (features.of_candidate(asked, *pair, tally) for pair in zip(found, opinions, strict=True))
        assert mine["plan_nearby"] > 0 > other["plan_nearby"]
        assert "page_nearby" not in mine


class TestNoise:
    """Ada's customers are silent; those the rates were shipped for confirm."""

    SHIPPED = np.array([[0.45, 0.47, 0.04, 0.04], [0.03, 0.25, 0.34, 0.38]])
    THERE = np.array([[0.20, 0.72, 0.05, 0.03], [0.05, 0.55, 0.15, 0.25]])

    def lived(self, n, seed, audited=0.0):
        rng = np.random.default_rng(seed)
        confidence = rng.beta(6, 1.2, n)
        right = rng.random(n) < confidence
        outcome = np.array([rng.choice(4, p=self.THERE[0 if each else 1]) for each in right], np.int64)
        truth = np.where((rng.random(n) < audited) | ((outcome >= 2) & (rng.random(n) < 0.6)), right, np.nan)
        return confidence, outcome, np.zeros(n), truth, np.ones(n)

    def test_without_outcomes_they_are_as_shipped(self):
        nothing = np.zeros(0)
        assert noise.rates(nothing, np.zeros(0, int), nothing, nothing, nothing, self.SHIPPED) == pytest.approx(self.SHIPPED)

    def test_finds_how_customers_here_are(self):
        found = noise.rates(*self.lived(4_000, seed=1, audited=0.015), self.SHIPPED)
        assert np.abs(found - self.THERE).max() < 0.06
        assert np.abs(found - self.THERE).max() < np.abs(self.SHIPPED - self.THERE).max() / 3

    @given(st.integers(0, 40), st.integers(0, 5))
    def test_rows_sum_to_one_and_few_outcomes_change_little(self, n, seed):
        found = noise.rates(*self.lived(n, seed), self.SHIPPED)
        assert found.sum(axis=1) == pytest.approx([1, 1])
        assert (found > 0).all()
        assert np.abs(found - self.SHIPPED).max() <= n / (n + noise.PSEUDO_COUNT) + 1e-9

    @given(st.sampled_from([each.kind for each in TABLE]), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
    def test_good_news_never_becomes_bad_nor_the_reverse(self, kind, right, wrong):
        assert weight(kind, {}) == CHANNELS[kind].llr
        assert weight(kind, {kind: (right, wrong)}) * CHANNELS[kind].llr >= 0
