"""Coordinates of the dashboard's charts: what is drawn stands where the numbers are, and nothing is drawn where there are none."""

import datetime as dt
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning import charts
from learning.charts import Curve, Scale

FIRST, LAST = dt.date(2026, 3, 1), dt.date(2026, 3, 31)
DAYS = [FIRST + dt.timedelta(days=number) for number in range(31)]
shares = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@given(shares)
def test_a_scale_holds_all_values_between_a_few_round_numbers(values):
    on, steps = charts.scale(FIRST, LAST, values)
    assert 0 <= on.low <= min(values) + 1e-9
    assert max(values) - 1e-9 <= on.high <= 1 + 1e-9
    assert 3 <= len(steps) <= charts.MOST_STEPS + 1
    assert len({charts.percent(step) for step in steps}) == len(steps)


def test_a_scale_of_nothing_is_the_whole_one():
    on, _ = charts.scale(FIRST, LAST, [float("nan")])
    assert (on.low, on.high) == (0.0, 1.0)


@given(st.lists(st.booleans(), min_size=31, max_size=31))
def test_a_gap_breaks_the_line(drawn):
    value = np.full(31, 0.5)
    found = charts.curve(Scale(FIRST, LAST, 0, 1), "learned", "Learned", DAYS, (value, value, value), np.array(drawn), "50%")
    runs = len(re.findall("1+", "".join(str(int(each)) for each in drawn)))
    assert (found.path.count("M"), found.band.count("Z")) == (runs, runs)
    assert bool(found.end) == any(drawn)


def test_a_point_stands_where_its_day_and_share_are():
    on = Scale(FIRST, LAST, 0.2, 0.6)
    assert (on.x(FIRST), on.x(LAST), on.y(0.6), on.y(0.2), on.y(0.4)) == pytest.approx((0, 100, 0, 100, 50))
    assert on.down(0.2) == charts.TOP + charts.HEIGHT
    assert on.across(LAST) == charts.RIGHT


@given(st.lists(st.floats(charts.TOP, charts.TOP + charts.HEIGHT), min_size=1, max_size=4))
def test_words_at_the_end_do_not_stand_on_each_other(places):
    moved = charts.spread_out([Curve("learned", "", "", "", 90, place, "5%", place) for place in places])
    ends = sorted(each.end_y for each in moved)
    assert all(later - earlier >= charts.APART - 0.02 for earlier, later in zip(ends, ends[1:], strict=False))
    assert [each.dot_y for each in moved] == places


def test_layers_stand_on_each_other():
    share, drawn = np.full(31, 0.25), np.ones(31, bool)
    areas = charts.stacked(Scale(FIRST, LAST, 0, 1), DAYS, [("a", "A", share), ("b", "B", share)], drawn)
    assert [each.end for each in areas] == ["25.0%", "25.0%"]
    assert areas[1].end_y < areas[0].end_y
    assert areas[0].band.startswith("M0.00 75.00")


def test_a_small_line_needs_two_points_and_does_not_exaggerate():
    drawn = np.ones(3, bool)
    assert charts.spark(np.array([0.1, 0.2, 0.3]), np.array([True, False, False])) == ""
    flat = charts.spark(np.array([0.500, 0.501, 0.500]), drawn)
    heights = [float(pair.split()[1]) for pair in re.findall(r"[\d.]+ [\d.]+", flat)]
    assert max(heights) - min(heights) < 2
