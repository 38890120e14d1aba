"""The maths of gaps: which questions belong together, when an article closes one, and what is taken from agents' answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning import excerpts, gathering, trial

counts = st.integers(0, 30)


class TestTrial:
    @given(counts, counts, counts)
    def test_more_answers_make_it_more_certain_and_more_failures_less(self, answered, failed, handed_off):
        here = trial.Trial(answered, failed, handed_off).certainty
        assert 0 <= here <= 1
        assert trial.Trial(answered + 1, failed, handed_off).certainty >= here
        assert trial.Trial(answered, failed + 1, handed_off).certainty <= here

    def test_three_answers_close_it_two_do_not_and_nothing_says_nothing(self):
        assert trial.Trial(3).holds and not trial.Trial(2).holds
        assert trial.Trial(0, 2, 1).fails and not trial.Trial().holds and not trial.Trial().fails


vectors = st.integers(1, 12).flatmap(
    lambda n: st.integers(0, 2**32 - 1).map(lambda seed: _unit(np.random.default_rng(seed).normal(size=(n, 5))))
)


def _unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class TestGroups:
    @given(vectors)
    def test_a_group_has_enough_questions_and_customers_and_nobody_is_in_two(self, rows):
        voices = [place % 3 for place in range(len(rows))]
        groups = gathering.found(rows, voices)
        places = [place for group in groups for place in group]
        assert len(places) == len(set(places))
        assert all(len(group) >= gathering.LEAST and len({voices[place] for place in group}) >= gathering.LEAST_VOICES for group in groups)

    @given(vectors)
    def test_a_question_joins_what_it_is_nearest_to_on_average_or_nothing(self, rows):
        middles = np.stack([rows[:1].mean(axis=0), rows.mean(axis=0)])
        for row, place in zip(rows, gathering.nearest(rows, middles), strict=True):
            means = middles @ row
            assert place is None and means.max() < gathering.JOIN or means[place] == means.max() >= gathering.JOIN

    def test_nothing_is_near_nothing(self):
        assert gathering.nearest(np.zeros((0, 5), np.float32), np.zeros((0, 5), np.float32)) == []
        assert gathering.found(np.zeros((0, 5), np.float32), []) == []


class TestExcerpts:
    def test_sentences_to_one_customer_questions_and_placeholders_are_left_out(self):
        text = "I have looked into it. Open **Assets > Logbook** now please. Did that help you out? Ask [name] about the plan. Ok."
        assert excerpts.sentences(text) == ["Open **Assets > Logbook** now please."]

    @given(vectors)
    def test_nothing_is_said_twice(self, rows):
        parts = [[f"sentence {place}"] for place in range(len(rows))]
        main, more = excerpts.compose(parts, [row[None] for row in rows])
        assert len(main) == 1 and len(more) <= excerpts.MORE and not set(main) & set(more)
        said = [rows[int(text.split()[1])] for text in [*main, *more]]
        assert all(float(a @ b) < excerpts.SAME for n, a in enumerate(said) for b in said[:n])

    @given(vectors)
    def test_agreement_is_a_share_and_one_answer_agrees_by_two_thirds(self, rows):
        assert 0 < excerpts.agreement(rows) < 1
        assert excerpts.agreement(rows[:1]) == pytest.approx(2 / 3)
