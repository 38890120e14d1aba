"""The maths of incidents: what is usual, whose reports count, and when a burst is one."""

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning import bursts
from learning.bursts import Background, Report
from learning.wording import has_link, words

MONDAY = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
DIMENSIONS = 24


def unit(vector):
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def about(topic, noise, draw):
    """A text about one of some topics: its vector near the topic's axis."""
    axis = np.zeros(DIMENSIONS)
    axis[topic] = 1
    return unit(axis + draw.normal(0, noise, DIMENSIONS))


def report(key, at, vector, said="", account=None, known=True, link=False, usual=None):
    found = words(said)
    seeded = bursts.shares(usual, vector, found) if usual else ((), {})
    return Report(key, at, vector, found, account or f"c{key}", known, link, *seeded)


@pytest.fixture(scope="module")
def usual():
    """Sixty days of thirty tickets a day about twenty topics, two an hour in the day."""
    draw = np.random.default_rng(1)
    past = [
        report(n, MONDAY - dt.timedelta(days=60) + dt.timedelta(minutes=48 * n), about(n % 20, 0.15, draw), f"word{n % 20} other{n % 7}")
        for n in range(1_800)
    ]
    return bursts.background(past, MONDAY)


def burst(count, usual, *, topic=22, minutes=4.0, draw=None, **fields):
    draw = draw or np.random.default_rng(2)
    return [
        report(n, MONDAY + dt.timedelta(minutes=minutes * n), about(topic, 0.12, draw), f"gone{n} sync{n} dead{n}", usual=usual, **fields)
        for n in range(count)
    ]


def test_reports_of_many_about_one_thing_are_a_burst(usual):
    found = bursts.scan(burst(8, usual), usual)
    assert found is not None
    assert found.evidence >= math.log(usual.threshold)
    assert len(found.members) >= bursts.LEAST_ACCOUNTS
    assert found.members == sorted(found.members)


def test_the_same_window_gives_the_same_answer(usual):
    window = burst(8, usual)
    assert bursts.scan(window, usual) == bursts.scan(list(window), usual)


def test_ordinary_tickets_are_not(usual):
    draw = np.random.default_rng(3)
    window = [report(n, MONDAY + dt.timedelta(minutes=9 * n), about(n % 20, 0.15, draw), f"word{n % 20}", usual=usual) for n in range(20)]
    assert all(bursts.scan(window[:n], usual) is None for n in range(1, 21))


def test_too_little_history_says_nothing():
    young = bursts.background(
        [report(n, MONDAY - dt.timedelta(hours=n), about(0, 0.1, np.random.default_rng(n))) for n in range(40)], MONDAY
    )
    assert bursts.scan(burst(12, young), young) is None
    assert bursts.scan([], bursts.background([], MONDAY)) is None


def test_one_account_counts_once(usual):
    assert bursts.scan(burst(12, usual, account="o7"), usual) is None


def test_copies_from_strangers_are_no_burst_and_from_known_senders_are(usual):
    def copies(known):
        draw = np.random.default_rng(4)
        return [
            report(n, MONDAY + dt.timedelta(minutes=n), about(22, 0.05, draw), "win a cheap loan", known=known, usual=usual)
            for n in range(12)
        ]

    assert bursts.scan(copies(known=False), usual) is None
    assert bursts.scan(copies(known=True), usual) is not None


def test_strangers_alone_are_no_burst_where_senders_are_known(usual):
    assert usual.known_share > 0.9
    assert bursts.scan(burst(12, usual, known=False), usual) is None


def test_what_strangers_send_with_links_does_not_count(usual):
    window = burst(8, usual, known=False, link=True)
    cosines = np.stack([each.vector for each in window]) @ np.stack([each.vector for each in window]).T
    assert not bursts.voices(window, cosines, usual).any()


def test_a_burst_of_seconds_waits_until_it_is_seen_not_to_be_a_flood(usual):
    assert bursts.scan(burst(8, usual, minutes=0.1), usual) is None


def test_false_alarms_are_as_rare_as_promised():
    """Twenty runs of 300 tickets that fall on topics by chance, each ticket looked at: the bound allows 20 * 300 / threshold alarms."""
    alarms = looked = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        drawn = [(float(hours), int(draw.integers(20))) for hours in np.cumsum(draw.exponential(0.5, 1_500))]
        start = MONDAY - dt.timedelta(hours=drawn[1_199][0])
        past = [report(n, start + dt.timedelta(hours=h), about(t, 0.15, draw), f"w{t}") for n, (h, t) in enumerate(drawn[:1_200])]
        usual, window = bursts.background(past, MONDAY), []
        for n, (hours, topic) in enumerate(drawn[1_200:]):
            at = start + dt.timedelta(hours=hours)
            window = [each for each in window if at - each.at <= bursts.WINDOW]
            window.append(report(n, at, about(topic, 0.15, draw), f"w{topic}", usual=usual))
            looked += 1
            alarms += bursts.scan(window, usual) is not None
    assert alarms <= max(1, 2 * looked / usual.threshold)


@given(st.lists(st.floats(0.1, 80), min_size=1, max_size=60), st.integers(0, 167))
@settings(max_examples=40)
def test_expected_tickets_follow_the_hours_and_add_up(ages, hour):
    weights = np.exp2(-np.array(ages) / bursts.HALF_LIFE)
    hours = bursts.hourly(weights, np.full(len(ages), hour, np.int64), max(ages))
    assert hours.shape == (168,)
    assert (hours > 0).all()
    assert hours.argmax() % 24 == hour % 24


@given(st.floats(0, 500), st.floats(1, 5_000))
def test_a_share_is_estimated_from_above(count, total):
    share = bursts._upper(min(count, total), total)
    assert min(count, total) / (total + 2) <= share <= 1


@given(st.frozensets(st.sampled_from("abcdefghij"), max_size=8), st.frozensets(st.sampled_from("abcdefghij"), max_size=8))
def test_copies_are_copies_of_each_other(one, other):
    assert bursts.is_copy(one, other) == bursts.is_copy(other, one)
    assert bursts.is_copy(one, one)


@given(st.integers(2, 14), st.sampled_from(bursts.GROWN), st.integers(0, 1_000))
@settings(max_examples=40)
def test_whoever_gathers_was_near_enough(count, radius, seed):
    draw = np.random.default_rng(seed)
    vectors = np.stack([unit(draw.normal(0.3, 1, 8)) for _ in range(count)])
    members, bands = bursts._gather(vectors @ vectors.T, np.arange(count), radius)
    assert members[0] == 0
    assert len(bands) == len(members) - 1
    for n, (needed, band) in enumerate(bands, 1):
        centre = bursts.middle(list(vectors[members[:n]]))
        assert float(vectors[members[n]] @ centre) >= needed - 1e-5
        assert 0 <= band < len(bursts.IN_BAND)


@given(st.lists(st.floats(0.01, 5), min_size=1, max_size=12), st.floats(0, 3), st.floats(0.01, 2))
def test_a_bet_earns_less_the_longer_it_takes_and_the_more_was_usual(rates, elapsed, more):
    rates = np.array(rates)
    assert bursts._bet(rates, elapsed) >= bursts._bet(rates, elapsed + more)
    assert bursts._bet(rates, elapsed) >= bursts._bet(rates + more, elapsed)


def test_a_bet_is_fair():
    """Where reports come as often as assumed, what a bet has earned is 1 on average (its log is what is returned)."""
    draw, rate, hours = np.random.default_rng(5), 2.0, 0.25
    earned = [math.exp(bursts._bet(np.full(n, rate), hours)) if n else 0.0 for n in draw.poisson(rate * hours, 60_000)]
    empty = np.exp(-np.array(bursts.GAINS) * hours).mean() * math.exp(-rate * hours)
    assert np.mean(earned) + empty == pytest.approx(1.0, abs=0.15)


def test_terms_tell_a_burst_from_what_is_usual(usual):
    said = [frozenset({"tile", "map", f"word{n}"}) for n in range(6)]
    assert bursts.telling(said, usual)[:2] == ["map", "tile"]
    assert isinstance(usual, Background)


def test_words_and_links():
    assert words("The reports failed, error 503! See https://x.example/a?b or ask ada@x.example") == {"report", "fail", "error", "503"}
    assert has_link("look at www.cheap.example")
    assert not has_link("sync is down")
