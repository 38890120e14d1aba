"""The slow learner: it tells questions apart, survives storage, and says true probabilities."""

import datetime as dt
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning import features, head, hindsight, ranker
from learning.question import Candidate, Question
from learning.votes import Tally


class TestHead:
    def test_tells_clusters_apart_and_survives_storage(self):
        rng = np.random.default_rng(0)
        centres = rng.normal(size=(3, 16))
        sources = rng.integers(0, 3, 120) + 10
        vectors = centres[sources - 10] + 0.3 * rng.normal(size=(120, 16))
        vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        fitted = head.Head.from_bytes(head.fit(vectors, sources, np.ones(120)).to_bytes())
        guesses = [max(fitted.probabilities(vector).items(), key=lambda item: item[1])[0] for vector in vectors]
        assert np.mean(np.array(guesses) == sources) > 0.97
        assert sum(fitted.probabilities(vectors[0]).values()) == pytest.approx(1, abs=1e-5)

    def test_one_source_is_nothing_to_tell_apart(self):
        with pytest.raises(ValueError, match="at least two"):
            head.fit(np.eye(4, dtype=np.float32), np.array([1, 1, 1, 1]), np.ones(4))

    def test_a_warm_start_keeps_known_classes_and_takes_new_ones(self):
        vectors = np.eye(6, dtype=np.float32)
        before = head.fit(vectors[:4], np.array([1, 1, 2, 2]), np.ones(4))
        after = head.fit(vectors, np.array([1, 1, 2, 2, 3, 3]), np.ones(6), before)
        assert after.source_ids.tolist() == [1, 2, 3]

    @staticmethod
    def clusters(n, classes=30, spread=0.2, seed=0, first=1):
        """Questions about as many things, scattered so that some are mistaken: (vectors, sources, weights, numbers), the newest first."""
        rng = np.random.default_rng(seed)
        centres = np.random.default_rng(99).normal(size=(classes, 24))
        sources = rng.integers(0, classes, n) + 10
        vectors = centres[sources - 10] / 5 + spread * rng.normal(size=(n, 24))
        vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        return vectors, sources, np.ones(n), np.arange(first, first + n)[::-1]

    @staticmethod
    def gap(fitted, vectors, sources):
        """How far its confidence is from how often it is right."""
        told = [max(fitted.probabilities(vector).items(), key=lambda item: item[1]) for vector in vectors]
        return abs(np.mean([p for _, p in told]) - np.mean([source == right for (source, _), right in zip(told, sources, strict=True)]))

    def test_with_few_questions_the_temperature_makes_its_probabilities_true(self):
        few, others = self.clusters(240), self.clusters(600, seed=1)
        plain, learned = head.fit(*few[:3]), head.learn(*few, None)
        assert learned.temperature < 1
        assert self.gap(learned, *others[:2]) < 0.06 < self.gap(plain, *others[:2])

    def test_what_came_since_judges_the_one_before(self):
        before = head.learn(*self.clusters(240), None)
        told = self.clusters(400, seed=2)
        after = head.learn(*told, before)
        since = told[3] > before.newest
        assert after.newest == 400 and after.temperature == head.temperature(before, *(part[since] for part in told[:3]))
        few_new = head.learn(*self.clusters(300, seed=2), before)
        assert few_new.temperature == before.temperature  # sixty say too little

    def test_the_temperature_survives_storage_and_older_ones_have_none(self):
        learned = head.learn(*self.clusters(240), None)
        stored = head.Head.from_bytes(learned.to_bytes())
        assert (stored.temperature, stored.newest) == (learned.temperature, 240)
        file = io.BytesIO()
        np.savez(file, source_ids=learned.source_ids, weights=learned.weights)
        assert head.Head.from_bytes(file.getvalue()).temperature == 1.0

    def test_nothing_to_judge_by_is_the_usual_temperature(self):
        learned = head.learn(*self.clusters(240), None)
        nothing = (np.zeros((0, 24), np.float32), np.zeros(0, np.int64), np.zeros(0))
        assert head.temperature(learned, *nothing) == pytest.approx(head.USUAL_TEMPERATURE, rel=0.01)


class TestHindsight:
    """A decision that was taken without a head, looked at through one."""

    def fitted(self, rng):
        vectors, sources = rng.normal(size=(60, 12)).astype(np.float32), rng.choice([1, 2, 4], 60)
        return head.fit(vectors, sources, rng.random(60) + 0.1)

    @given(st.integers(0, 2_000), st.floats(0.05, 0.6))
    def test_it_is_what_the_ranker_would_have_said_with_it(self, seed, share):
        rng = np.random.default_rng(seed)
        fitted, vector = self.fitted(rng), rng.normal(size=12).astype(np.float32)
        candidates = [
            Candidate(number, float(rng.uniform(0.3, 0.8)), pages=["/a"] * (number == 1)) for number in (1, 2, 3)
        ]  # the head knows 4 too, and not 3
        tally = Tally({1: 3 * rng.random(), 3: 2 * rng.random()}, {2: rng.random()})
        base, asked = ranker.ground(candidates, "/a"), Question("How?", None, dt.datetime.now(dt.UTC), "/a")

        def seen(**known):
            opinions = ranker.opinions(candidates, base, tally, **known)
            rows = [features.of_candidate(asked, *pair, tally) for pair in zip(candidates, opinions, strict=True)]
            return features.matrix([*rows, features.of_none(1 - sum(each.mixture for each in opinions), 0.5, tally)])

        logged, expected = seen(), seen(head=fitted.probabilities(vector), head_share=share, trust=fitted.trust)
        found = hindsight.mixed(logged[None], np.array([[1, 2, 3]]), fitted, vector[None], share)[0]
        assert np.exp(found) == pytest.approx(np.exp(expected), abs=2e-3)

    def test_what_it_has_seen_little_of_keeps_its_vote(self):
        rng = np.random.default_rng(1)
        fitted = self.fitted(rng)
        few = head.Head(fitted.source_ids, fitted.weights, np.array([0.1, 100.0, 100.0]))
        assert few.trust[1] < 0.05 < 0.9 < few.trust[2]
        candidates = [Candidate(1, 0.8), Candidate(2, 0.3)]
        base, tally, says = ranker.ground(candidates, ""), Tally({1: 3.0, 2: 0.3}, {}), {1: 0.01, 2: 0.9}
        alone, believed, kept = (
            ranker.opinions(candidates, base, tally, head, 0.6, trust)[0].mixture
            for head, trust in ((None, {}), (says, {}), (says, few.trust))
        )
        assert believed < 0.6 * alone and kept == pytest.approx(alone, rel=0.1)

    def test_far_from_all_that_was_solved_it_only_guesses(self):
        candidates, says = [Candidate(1, 0.8), Candidate(2, 0.3)], {1: 0.1, 2: 0.9}
        base = ranker.ground(candidates, "")
        found = [ranker.opinions(candidates, base, Tally({1: weight}, {}), says, 0.6)[1].mixture for weight in (0.0, 0.005, 5.0)]
        assert found[0] < 0.01 < found[1] < found[2]
