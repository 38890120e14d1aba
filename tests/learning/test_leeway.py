"""How much sooner or later to answer from one source than from the others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning import calibration, leeway, policies, thresholds
from learning.experience import Judged


class TestLeeway:
    """`sources`, `confidence`, `believed`, `weights` of judged decisions, and the threshold that all share."""

    @staticmethod
    def judged(source, count, confidence, believed):
        return np.full(count, source), np.full(count, confidence), np.full(count, float(believed)), np.ones(count)

    def test_what_was_held_back_and_right_is_answered_sooner_and_what_was_wrong_later(self):
        data = [np.concatenate(parts) for parts in zip(self.judged(1, 30, 0.8, 1), self.judged(2, 30, 0.8, 0), strict=True)]
        moved = leeway.shifts(*data, 0.9)
        assert -leeway.SOONER <= moved[1] < 0 < moved[2] <= leeway.LATER

    def test_none_is_moved_to_where_it_can_never_show_that_it_is_right_again(self):
        moved = leeway.shifts(*self.judged(1, 200, 0.9, 0), 0.93)
        assert 0 < moved[1] <= leeway.HIGHEST - 0.93 + 1e-9

    def test_a_few_move_nothing_and_what_is_far_below_does_not_count(self):
        assert leeway.shifts(*self.judged(1, 2, 0.8, 1), 0.9) == {}
        assert leeway.shifts(*self.judged(1, 50, 0.3, 1), 0.9) == {}

    @given(st.lists(st.floats(-1, 1), max_size=30), st.integers(0, 2**32 - 1))
    def test_it_is_never_beyond_the_mean_nor_on_its_other_side(self, residuals, seed):
        weights = np.random.default_rng(seed).uniform(0.1, 3, len(residuals))
        found = leeway.shrunk(np.array(residuals), weights)
        mean = float(np.average(residuals, weights=weights)) if residuals else 0.0
        assert abs(found) <= abs(mean) + 1e-12 and found * mean >= 0

    def test_none_vouches_for_itself(self):
        data = self.judged(1, 12, 0.8, 1)
        alone = leeway.without_each(*data, 0.9)
        rest = leeway.shifts(*(part[1:] for part in data), 0.9)
        assert alone == pytest.approx([rest[1]] * 12, abs=1e-4)

    def test_while_no_threshold_is_shown_to_hold_sources_only_move_up(self):
        data = [np.concatenate(parts) for parts in zip(self.judged(1, 30, 0.8, 1), self.judged(2, 30, 0.8, 0), strict=True)]
        sources, confidence, believed, weights = data
        scores = np.log(confidence / (1 - confidence))
        evidence = np.where(believed == 1, 12.0, -12.0)
        chosen = thresholds.choose(Judged(scores, evidence, weights, scores, sources, sources), calibration.DAY_ONE, 0.95)
        assert chosen.normal == thresholds.CAUTIOUS and set(chosen.shifts) == {2}

    def test_a_strict_source_never_needs_less(self):
        policy = policies.Loaded(threshold=0.8, strict_threshold=0.95, shifts={1: -0.1, 2: 0.05})
        assert policy.needed(1, strict=False) == pytest.approx(0.7) and policy.needed(1, strict=True) == 0.95
        assert policy.needed(2, strict=True) == leeway.HIGHEST and policy.needed(3, strict=False) == 0.8
