"""Whether a source has stopped being right: the bets, what they may say, and how often they err."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning import drift
from learning.drift import Said, Trials

CONFIRMED, SILENT, COMPLAINED, OVERRULED = math.log(0.45 / 0.03), math.log(2), math.log(0.05 / 0.35), math.log(0.01 / 0.95)
PROBABILITY = st.floats(0.0, 1.0)
WEIGHT = st.floats(-12.0, 12.0)


def trials(p, months=1 / 17):
    return Trials(np.array(p, float), np.full(len(p), months))


@st.composite
def stories(draw):
    p = draw(st.lists(st.floats(0.3, 1.0), min_size=1, max_size=25))
    said = draw(st.lists(st.tuples(st.integers(0, len(p) - 1), WEIGHT), max_size=60))
    return trials(p), [Said(*each) for each in said]


class TestBets:
    @given(PROBABILITY, WEIGHT)
    def test_no_trial_says_more_than_its_confidence_allows(self, p, weight):
        gain = float(drift.earned(np.array(p), np.array(weight)))
        right = min(p, drift.CEILING) * drift.SLACK
        assert drift.CHANGED - 1e-9 <= gain <= (1 - drift.CHANGED * right) / (1 - right) + 1e-9

    @given(PROBABILITY, WEIGHT, WEIGHT)
    def test_what_speaks_for_it_never_speaks_for_a_change(self, p, one, other):
        gains = drift.earned(np.array(p), np.sort(np.array([one, other])))
        assert gains[0] >= gains[1] - 1e-12

    @given(PROBABILITY)
    def test_nothing_said_nothing_earned(self, p):
        assert float(drift.earned(np.array(p), np.array(0.0))) == pytest.approx(1)

    @given(st.floats(0.0, 0.97), st.lists(st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)), min_size=2, max_size=6))
    def test_the_expected_gain_is_one_while_nothing_has_changed(self, p, channel):
        right, wrong = (np.array(column) / sum(column) for column in zip(*channel, strict=True))
        held = p * drift.SLACK
        gains = drift.earned(np.full(len(right), p), np.log(right / wrong))
        assert float((held * right + (1 - held) * wrong) @ gains) == pytest.approx(1, abs=1e-9)


class TestFollowing:
    def test_nothing_is_no_finding(self):
        assert drift.follow(trials([]), []) == drift.Finding()
        assert drift.follow(trials([0.9]), []).raised is None

    def test_a_source_that_keeps_solving_is_not_suspect(self):
        said = [Said(place, (CONFIRMED, SILENT)[place % 2]) for place in range(200)]
        assert drift.follow(trials([0.95] * 200), said) == drift.Finding()

    def test_one_that_stops_is_suspect_after_a_handful_and_the_moment_is_found(self):
        said = [Said(place, CONFIRMED if place < 40 else OVERRULED) for place in range(60)]
        found = drift.follow(trials([0.95] * 60), said)
        assert 42 <= found.raised <= 45
        assert found.since == 40

    def test_complaints_alone_take_longer_than_agents(self):
        complained = drift.follow(trials([0.95] * 30), [Said(place, COMPLAINED) for place in range(30)])
        overruled = drift.follow(trials([0.95] * 30), [Said(place, OVERRULED) for place in range(30)])
        assert overruled.raised < complained.raised <= 8

    def test_one_complaint_on_what_is_hardly_ever_asked_is_not_enough(self):
        assert drift.follow(trials([0.95] * 2, months=5), [Said(0, SILENT), Said(1, OVERRULED)]).raised is None

    def test_it_is_clear_again_once_it_solves_again(self):
        said = [Said(place, OVERRULED if place < 10 else CONFIRMED) for place in range(30)]
        found = drift.follow(trials([0.9] * 30), said)
        assert found.raised is None and found.was

    def test_after_a_change_of_the_text_less_is_needed(self):
        said = [Said(place, OVERRULED) for place in range(10)]
        cold, warm = (drift.follow(trials([0.9] * 10), said, head_start) for head_start in (0.0, 0.5))
        assert warm.raised < cold.raised

    @given(stories())
    def test_what_speaks_for_it_in_between_never_makes_it_suspect(self, story):
        told, said = story
        if drift.follow(told, said).was:
            return
        kinder = [Said(each.trial, abs(each.evidence)) if place % 2 else each for place, each in enumerate(said)]
        never = [each for each in kinder if each.evidence >= 0]
        assert not drift.follow(told, never).was

    @given(stories())
    def test_twice_told_is_once_told(self, story):
        told, said = story
        assert drift.follow(told, [each for each in said for _ in range(2)]).was == drift.follow(told, said).was

    @given(stories())
    def test_the_arrays_are_left_as_they_were(self, story):
        told, said = story
        before = told.p.copy(), told.months.copy()
        drift.follow(told, said, 0.5)
        assert (told.p == before[0]).all() and (told.months == before[1]).all()

    def test_right_again_takes_several_that_were_solved(self):
        assert not drift.is_right_again(trials([]), np.zeros(0))
        assert not drift.is_right_again(trials([0.9]), np.array([CONFIRMED]))
        assert drift.is_right_again(trials([0.9] * 4), np.full(4, CONFIRMED))


KINDS = np.array([CONFIRMED, SILENT, math.log(0.03 / 0.30), COMPLAINED, math.log(0.06 / 0.40)])
RIGHT = np.array([0.45, 0.485, 0.015, 0.03, 0.02])
WRONG = np.array([0.03, 0.175, 0.075, 0.35, 0.37])


def month_of(rng, p, count, right):
    kinds = [rng.choice(5, p=RIGHT if each else WRONG) for each in right]
    return trials(p, 1 / count), [Said(place, float(KINDS[kind])) for place, kind in enumerate(kinds)]


@pytest.mark.parametrize("count", [15, 60])
def test_of_a_hundred_sources_at_most_one_a_month_is_suspected_without_cause(count):
    """Three months each of 500 sources that are exactly as right as they claim, customers reacting as the backtest has them."""
    rng = np.random.default_rng(7)
    false = 0
    for _ in range(500):
        p = rng.uniform(0.6, 0.99, 3 * count)
        false += drift.follow(*month_of(rng, p, count, rng.random(3 * count) < p)).was
    assert false / 1_500 <= 0.01


def test_a_change_is_found_within_a_dozen_questions():
    rng = np.random.default_rng(11)
    delays = []
    for _ in range(200):
        right = np.concatenate([rng.random(30) < 0.95, np.zeros(30, bool)])
        told, said = month_of(rng, np.full(60, 0.95), 20, right)
        delays.append((drift.follow(told, said).raised or 60) - 30)
    assert np.median(delays) <= 8 and np.percentile(delays, 90) <= 12
