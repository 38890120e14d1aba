"""A run as a page: it needs nothing else, and nothing in it is taken for markup."""

import re

import numpy as np
import pytest

from assistant.backtest import figures, page

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def result():
    draw = np.random.default_rng(3)
    n = 1_200
    rows = [
        {
            "right": bool(draw.random() < 0.8),
            "answered": bool(draw.random() < 0.6),
            "confidence": float(draw.random()),
            "frozen_right": bool(draw.random() < 0.6),
            "frozen_answered": bool(draw.random() < 0.3),
            "answerable": bool(draw.random() < 0.9),
            "latency": 10.0,
            "audited": False,
            "hidden": False,
            "hostile": False,
        }
        for _ in range(n)
    ]
    found = figures.Rows(rows)
    oracle = draw.random(n) < 0.9
    same = {"top1": 0.6, "coverage": 1.0, "precision": 0.6, "resolved": 0.6}
    return {
        "corpus": EVIL,
        "n": n,
        "seed": 1,
        "windows": [figures.window(found, start, end, oracle, 500) for start, end in figures.windows_of(n)],
        "final": figures.final(found, oracle),
        "reliability": figures.reliability(found),
        "baselines": {"frozen": figures.frozen(found), "bm25": same, "llamaindex_vector": None, "supervised": {**same, "C": 3}},
        "latency_ms": figures.latency(found, [1.0, 2.0], [3.0]),
        "unanswerable": figures.unanswerable(found),
        "staleness": {"false_suspicions": 1, "source_months": 30.0},
    }


def test_it_needs_nothing_else_and_takes_nothing_for_markup(result):
    shown = page.render({"default": result, EVIL: result}, f"backtest '{EVIL}'")
    assert EVIL not in shown and shown.count("&lt;script&gt;") >= 3
    assert not re.search(r"""(?:src|href)=|url\((?!"?data:)|@import|<script""", shown)


def test_what_the_figures_say_is_drawn(result):
    shown = page.render({"default": result}, "backtest demo --seed 1")
    assert "Customers react as expected" in shown and "manage.py backtest demo --seed 1" in shown
    assert shown.count('class="chart__line chart__line--learned" d="M') == 2
    assert shown.count("reliability__dot") >= 10
    assert f"{result['final']['top1']:.3f}" in shown
    assert not re.search(r"\bnan\b", shown, re.IGNORECASE)


def test_groups_of_confidence_are_of_equal_size_and_in_order(result):
    groups = result["reliability"]
    assert len(groups) == 10 and {group["n"] for group in groups} == {40}
    assert [group["confidence"] for group in groups] == sorted(group["confidence"] for group in groups)


def test_before_it_was_told_anything_the_oracle_says_nothing(result):
    told = [each["oracle_top1"] is not None for each in result["windows"]]
    assert told == [each["from"] >= 500 for each in result["windows"]]
