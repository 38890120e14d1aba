"""What is measured, and who plays the customer."""

import json
from pathlib import Path

import numpy as np
import pytest

from assistant.backtest import baselines, figures
from assistant.backtest.customer import WRONG, Channels, ChannelsError, mood


def rows(n, **columns):
    defaults = {
        "right": True,
        "answered": True,
        "confidence": 0.9,
        "frozen_right": False,
        "frozen_answered": False,
        "answerable": True,
        "latency": 5.0,
        "audited": False,
        "hidden": False,
        "hostile": False,
    }
    return figures.Rows([{**defaults, **{name: values[place] for name, values in columns.items()}} for place in range(n)])


class TestFigures:
    @pytest.mark.parametrize(("n", "count", "last"), [(10_003, 10, (9_000, 10_003)), (300, 10, (270, 300)), (7, 7, (6, 7))])
    def test_windows_cover_every_ticket_once(self, n, count, last):
        windows = figures.windows_of(n)
        assert len(windows) == count and windows[-1] == last
        assert [start for start, _ in windows[1:]] == [end for _, end in windows[:-1]]

    def test_final_is_the_last_third(self):
        found = rows(9, right=[False] * 6 + [True, True, False], answered=[True] * 6 + [True, False, True])
        final = figures.final(found, np.array([True] * 9))
        assert final["top1"] == pytest.approx(2 / 3, abs=1e-4)
        assert final["coverage"] == pytest.approx(2 / 3, abs=1e-4)
        assert final["precision"] == 0.5
        assert final["resolved"] == pytest.approx(1 / 3, abs=1e-4)
        assert final["share_of_supervised"] == pytest.approx(2 / 3, abs=1e-4)

    def test_unanswerable_is_told_by_confidence(self):
        found = rows(30, answerable=[True, True, False] * 10, confidence=[0.9, 0.8, 0.1] * 10, answered=[True, True, False] * 10)
        assert figures.unanswerable(found)["auroc"] == 1
        assert figures.unanswerable(found)["false_answer_rate"] == 0
        assert figures.unanswerable(rows(9))["auroc"] is None


class TestCustomer:
    def test_chance_depends_on_seed_and_ticket_only(self):
        channels = Channels.default()
        assert mood(channels, 1, 7) == mood(channels, 1, 7)
        assert [mood(channels, 1, n) for n in range(50)] != [mood(channels, 2, n) for n in range(50)]

    def test_reacts_as_the_channels_say(self):
        drawn = [mood(Channels.default(), 3, number) for number in range(4_000)]
        assert np.mean([each.reaction(True) == "confirm" for each in drawn]) == pytest.approx(0.45, abs=0.03)
        assert np.mean([each.reaction(False) == "person" for each in drawn]) == pytest.approx(0.37, abs=0.03)
        assert np.mean([each.returns(False) for each in drawn]) == pytest.approx(0.30, abs=0.03)
        assert np.mean([each.demonstrates for each in drawn]) == pytest.approx(0.6, abs=0.03)
        assert np.mean([each.is_audited for each in drawn]) == pytest.approx(0.015, abs=0.007)

    def test_the_wrong_world_is_the_documented_one(self):
        wrong = Channels.read(WRONG)
        assert (wrong.right["confirm"], wrong.wrong["confirm"]) == (0.20, 0.05)
        assert (wrong.right["silence"], wrong.wrong["silence"]) == (0.72, 0.55)

    @pytest.mark.parametrize("stored", ["{", "[]", '{"right": {}, "wrong": {}}', json.dumps({"right": {"confirm": 2}})])
    def test_a_bad_channel_file_says_so(self, tmp_path, stored):
        path = tmp_path / "channels.json"
        path.write_text(stored)
        with pytest.raises(ChannelsError, match="channels.json"):
            Channels.read(path)

    def test_no_learning_code_knows_the_customer(self):
        for path in Path("learning").rglob("*.py"):
            assert "backtest" not in path.read_text("utf-8") or path.name == "policies.py", path


class TestBaselines:
    def task(self, n=1_200):
        rng = np.random.default_rng(0)
        truth = rng.integers(0, 3, n)
        vectors = (np.eye(3, 384)[truth] + 0.01 * rng.normal(size=(n, 384))).astype(np.float32)
        words = np.array(["apple", "banana", "cherry"])
        return baselines.Task(
            questions=[f"about the {words[each]}" for each in truth],
            vectors=vectors,
            truth=truth,
            context=[["/a"] for _ in truth],
            titles=list(words),
            bodies=["", "", ""],
            article_vectors=np.eye(3, 384, dtype=np.float32),
        )

    def test_words_find_words(self):
        assert baselines.bm25(self.task(30)).all()

    def test_supervised_is_told_only_what_came_before(self):
        right, strength = baselines.supervise(self.task())
        assert not right[: baselines.REFIT].any()
        assert right[baselines.REFIT :].mean() > 0.99
        assert strength in baselines.STRENGTHS

    @pytest.mark.slow
    def test_llamaindex_as_it_comes(self):
        assert baselines.llamaindex_vector(self.task(12)).all()
