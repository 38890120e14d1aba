"""The maths of what taught answers come to."""

from hypothesis import given
from hypothesis import strategies as st

from learning.proving import Record, record

accounts = st.sampled_from(["", "c1", "c2", "c3", "o4", "o5"])
outcomes = st.lists(st.tuples(accounts, st.floats(-1, 1), st.booleans()), max_size=30)


@given(outcomes, st.randoms(use_true_random=False))
def test_the_order_does_not_matter(told, random):
    shuffled = list(told)
    random.shuffle(shuffled)
    assert record(told) == record(shuffled)


@given(outcomes)
def test_each_account_has_one_vote(told):
    found = record(told)
    assert found.right + found.wrong <= len({account for account, _, _ in told}) + 1e-9
    assert found.helped + found.failed <= len({account for account, _, _ in told})


@given(outcomes)
def test_it_never_fails_and_goes_on(told):
    found = record(told)
    assert 0 < found.certainty < 1
    assert not (found.fails and (found.may_be_tried or found.may_go_live))
    assert found.may_be_tried or not found.may_go_live


@given(outcomes, st.floats(0.01, 1))
def test_one_more_account_helped_never_makes_it_worse(told, credit):
    assert record([*told, ("new", credit, False)]).certainty >= record([*told, ("new", -credit, False)]).certainty


def test_the_account_it_was_learned_from_helps_nobody_else():
    assert record([("c1", 1, True), ("c1", 1, False)]) == Record(0, 0, 1.0, 0.0)


def test_three_others_without_a_failure_take_it_live_and_five_failures_retire_it():
    assert record([("c1", 0.9, True), *((f"c{n}", 0.6, False) for n in range(2, 5))]).may_go_live
    assert not record([("c1", 0.9, True), *((f"c{n}", -0.9, False) for n in range(2, 4))]).fails
    assert record([("c1", 0.9, True), *((f"c{n}", -0.9, False) for n in range(2, 7))]).fails
