"""The dashboard's estimators: what must hold for any input, and that their intervals hold what they promise where the answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning import estimates
from learning.channels import CHANNELS
from learning.estimates import Group, Share, Stratum

settings.register_profile("quick", max_examples=50, deadline=None)
settings.load_profile("quick")

counts = st.tuples(st.integers(0, 400), st.integers(0, 400)).map(lambda pair: (min(pair), max(pair)))
histograms = st.lists(st.tuples(st.floats(-6, 6), st.integers(0, 60)), min_size=1, max_size=8)


def floats(*values):
    return np.array(values, np.float64)


def right_of(pairs):
    return estimates.right_share(floats(*(nats for nats, _ in pairs)), floats(*(number for _, number in pairs))[None, :])


def is_ordered(share, low=0.0, high=1.0):
    return bool(
        (low <= share.low).all() and (share.low <= share.value).all() and (share.value <= share.high).all() and (share.high <= high).all()
    )


class TestCounting:
    @given(counts)
    def test_the_interval_holds_the_share(self, pair):
        share = estimates.wilson(floats(pair[0]), floats(pair[1]))
        assert is_ordered(share)
        if pair[1]:
            assert share.value[0] == pytest.approx(pair[0] / pair[1])

    def test_as_in_the_tables(self):
        share = estimates.wilson(floats(8), floats(10))
        assert (share.low[0], share.high[0]) == (pytest.approx(0.490, abs=0.001), pytest.approx(0.943, abs=0.001))

    def test_of_nothing_everything_may_be_true(self):
        share = estimates.wilson(floats(0), floats(0))
        assert (share.low[0], share.high[0]) == (0, 1)


class TestRightShare:
    @given(histograms)
    def test_ordered_for_any_evidence(self, pairs):
        share, _ = right_of(pairs)
        assert is_ordered(share)

    @given(histograms, st.integers(1, 50))
    def test_answers_that_nothing_is_known_of_change_nothing(self, pairs, silent):
        assert right_of(pairs)[0].value == pytest.approx(right_of([*pairs, (0.0, silent)])[0].value, abs=1e-9)

    @given(histograms, st.floats(0.1, 6))
    def test_another_sign_that_it_was_right_never_lowers_it(self, pairs, nats):
        assert right_of([*pairs, (nats, 1)])[0].value[0] >= right_of(pairs)[0].value[0] - 1e-9

    @given(counts)
    def test_where_the_truth_is_known_it_is_counting(self, pair):
        right, all_ = pair
        share, likeliest = right_of([(12.0, right), (-12.0, all_ - right)])
        assert share.value[0] == pytest.approx((right + 0.5) / (all_ + 1), abs=0.002)
        if all_:
            assert likeliest[0] == pytest.approx(right / all_, abs=0.002)

    def test_without_answers_it_is_the_prior(self):
        share, likeliest = estimates.right_share(floats(), np.zeros((2, 0)))
        assert share.value == pytest.approx([0.5, 0.5], abs=0.001)
        assert share.high[0] - share.low[0] > 0.99
        assert np.isnan(likeliest).all()

    @pytest.mark.parametrize("true", [0.6, 0.9, 0.97])
    def test_nineteen_of_twenty_intervals_hold_the_true_share(self, true):
        """300 histories of 150 answers, each of which the customer confirmed, asked again about, or let be."""
        chance = np.random.default_rng(7)
        kinds = [CHANNELS["confirmed"], CHANNELS["rephrased"], CHANNELS["assumed"]]
        sums = [sum(getattr(kind, side) for kind in kinds) for side in ("right", "wrong")]
        evidence = floats(*(np.log(kind.right / sums[0] * sums[1] / kind.wrong) for kind in kinds))
        histories = np.zeros((300, 3))
        for history in histories:
            right = chance.binomial(150, true)
            for number, side, total in ((right, "right", sums[0]), (150 - right, "wrong", sums[1])):
                history += chance.multinomial(number, [getattr(kind, side) / total for kind in kinds])
        share, _ = estimates.right_share(evidence, histories)
        assert ((share.low <= true) & (true <= share.high)).mean() >= 0.92
        assert share.value.mean() == pytest.approx(true, abs=0.03)


def sure(share):
    return Share(*(np.atleast_1d(np.asarray(share, np.float64)) for _ in range(3)))


class TestLift:
    def of(self, alone=0.0, behind=0.0, total=100.0, right=0.9, control=0.5):
        nobody = estimates.nothing(1)
        return estimates.lift(
            Stratum(floats(alone), sure(right), nobody), Stratum(floats(behind), nobody, sure(control)), total=floats(total)
        )

    @given(st.integers(0, 40), st.integers(0, 40), st.floats(0, 1), st.floats(0, 1))
    def test_ordered_and_turned_round_it_is_its_opposite(self, alone, behind, right, control):
        found, turned = self.of(alone, behind, 100, right, control), self.of(behind, alone, 100, control, right)
        assert is_ordered(found, -1, 1)
        assert found.value[0] == pytest.approx(-turned.value[0])
        assert found.low[0] == pytest.approx(-turned.high[0])

    def test_where_both_did_the_same_there_is_no_difference_and_yet_no_certainty(self):
        found = self.of()
        assert found.value[0] == 0
        assert found.low[0] < 0 < found.high[0]
        assert self.of(total=10_000).high[0] < found.high[0] / 10

    def test_what_nobody_has_judged_widens_it(self):
        known = estimates.wilson(floats(5), floats(10))
        unknown = estimates.wilson(floats(0), floats(0))
        alone = Stratum(floats(20), sure(0.9), estimates.nothing(1))
        spread = [estimates.lift(alone, Stratum(floats(10), estimates.nothing(1), share), total=floats(100)) for share in (known, unknown)]
        assert spread[1].high[0] - spread[1].low[0] > spread[0].high[0] - spread[0].low[0]

    def test_nineteen_of_twenty_intervals_hold_the_true_lift(self):
        """400 histories of 200 questions: of the twentieth that only the control answers, half is shown by agents."""
        chance = np.random.default_rng(11)
        drawn = chance.multinomial(200, [0.25, 0.05, 0.70], size=400).astype(float)
        alone, behind = drawn[:, 0], drawn[:, 1]
        right = chance.binomial(alone.astype(int), 0.9).astype(float)
        judged = np.ceil(behind / 2)
        control = chance.binomial(judged.astype(int), 0.4).astype(float)
        nobody = estimates.nothing(400)
        found = estimates.lift(
            Stratum(alone, estimates.wilson(right, alone), nobody),
            Stratum(behind, nobody, estimates.wilson(control, judged)),
            total=np.full(400, 200.0),
        )
        true = 0.25 * 0.9 - 0.05 * 0.4
        assert ((found.low <= true) & (true <= found.high)).mean() >= 0.92
        assert found.value.mean() == pytest.approx(true, abs=0.01)

    def test_the_mean_of_all_is_what_the_strata_say(self):
        found = estimates.mean_of([(floats(50), sure(0.8)), (floats(50), estimates.nothing(1))], floats(100))
        assert found.value[0] == pytest.approx(0.4)
        assert is_ordered(found)

    @given(counts, counts)
    def test_a_change_turned_round_is_its_opposite(self, one, other):
        earlier, later = (estimates.wilson(floats(pair[0]), floats(pair[1])) for pair in (one, other))
        assert estimates.difference(later, earlier).low[0] == pytest.approx(-estimates.difference(earlier, later).high[0])


class TestCalibration:
    @given(st.lists(st.integers(0, 80), min_size=1, max_size=20))
    def test_groups_are_large_enough_and_few(self, numbers):
        found = estimates.groups(floats(*numbers), floats(*numbers) * 0.5, np.ones((len(numbers), 1)))
        assert all(group.number >= estimates.LEAST_IN_GROUP for group in found)
        assert len(found) <= estimates.GROUPS
        assert sum(group.number for group in found) == (sum(numbers) if sum(numbers) >= estimates.LEAST_IN_GROUP else 0)

    def error(self, confidence, right, number=1_000):
        group = Group(number, confidence, floats(right * number, (1 - right) * number))
        spread, likeliest = estimates.right_share(floats(12, -12), group.counts[None, :])
        return estimates.calibration_error([group], likeliest, spread)

    def test_the_gap_is_between_what_it_says_and_what_is(self):
        assert self.error(0.9, 0.8)[0] == pytest.approx(0.1, abs=0.005)
        assert self.error(0.8, 0.8)[0] == pytest.approx(0.0, abs=0.005)

    def test_what_chance_alone_reads_shrinks_with_more_decisions(self):
        assert self.error(0.8, 0.8, 100)[1] > 2 * self.error(0.8, 0.8, 1_000)[1]

    def test_of_nothing_there_is_no_error(self):
        assert np.isnan(estimates.calibration_error([], floats(), Share(floats(), floats(), floats()))).all()
