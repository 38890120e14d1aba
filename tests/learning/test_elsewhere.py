"""The same words on another page: what was right there says nothing of here, where an article of this page is as near to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning import ranker
from learning.models import Decision
from learning.question import Candidate
from learning.votes import Tally
from tests.factories import make_article, make_customer, make_ticket

HERE, ELSEWHERE = Candidate(1, 0.68, 1.0, pages=["/permits"]), Candidate(2, 0.69, 1.0, pages=["/settings/webhooks"])
DOTS = "What do the coloured dots mean?"


def votes_for(source, weight, here=0.0):
    return Tally({source: weight}, {}, {"page": Tally({source: here}, {}), "plan": Tally({source: weight}, {})}, {source: weight - here})


def first(found, page, tally):
    opinions = ranker.opinions(found, ranker.ground(found, page), ranker.heard_here(found, page, tally))
    return max(opinions, key=lambda opinion: opinion.mixture)


class TestVotes:
    def test_what_solved_the_same_words_on_its_own_page_leaves_the_article_of_this_page_where_it_was(self):
        found, before = [HERE, ELSEWHERE], first([HERE, ELSEWHERE], "/permits", Tally({}, {}))
        after = first(found, "/permits", votes_for(2, 8.0))
        assert (before.source_id, after.source_id) == (1, 1)
        assert after.mixture == pytest.approx(before.mixture)

    def test_there_it_counts(self):
        there = votes_for(2, 8.0, here=8.0)
        assert ranker.heard_here([HERE, ELSEWHERE], "/settings/webhooks", there) == there

    def test_what_solved_them_here_counts_wherever_it_is_at_home(self):
        assert first([HERE, ELSEWHERE], "/permits", votes_for(2, 8.0, here=8.0)).source_id == 2

    def test_an_article_of_this_page_that_is_about_something_else_explains_nothing(self):
        about_else = Candidate(1, 0.4, 0.2, pages=["/permits"])
        left = ranker.heard_here([about_else, ELSEWHERE], "/permits", votes_for(2, 8.0))
        assert left.positive[2] == pytest.approx(8.0, rel=0.01)

    def test_an_article_that_belongs_to_no_page_is_right_on_all(self):
        anywhere = Candidate(2, 0.69, 1.0)
        assert ranker.heard_here([HERE, anywhere], "/permits", votes_for(2, 8.0)) == votes_for(2, 8.0)

    @given(
        st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1), st.sampled_from([[], ["/a"], ["/b"]])), min_size=1, max_size=6),
        st.dictionaries(st.integers(1, 8), st.tuples(st.floats(0, 50), st.floats(0, 1)), max_size=6),
        st.sampled_from(["", "/a"]),
    )
    def test_no_vote_grows_and_what_agrees_stays_a_part_of_all(self, rows, told, page):
        found = [Candidate(n, dense, text, pages=pages) for n, (dense, text, pages) in enumerate(rows, start=1)]
        positive = {source: weight for source, (weight, _) in told.items()}
        here = {source: weight * share for source, (weight, share) in told.items()}
        there = {source: weight - here[source] for source, weight in positive.items()}
        left = ranker.heard_here(found, page, Tally(positive, {1: 1.0}, {"page": Tally(here, {}), "plan": Tally(positive, {})}, there))
        for source, weight in positive.items():
            assert here[source] - 1e-9 <= left.positive[source] <= weight
            assert left.agreeing["plan"].positive[source] <= left.positive[source] + 1e-9
        assert left.negative == {1: 1.0} and left.agreeing["page"].positive == here


@pytest.mark.django_db
def test_one_customer_who_was_helped_there_takes_nothing_from_those_who_ask_here(happening, decided):
    homes = {"permits": "/permits", "deliveries": "/settings/webhooks", "people": "/people"}
    with happening():
        made = {
            page: make_article(f"What do the coloured dots in the list of {things} mean?", f"The dots beside {things}.", pages=[page])
            for things, page in homes.items()
        }

    def asked(name, page):
        with happening():
            ticket = make_ticket(make_customer(name), DOTS, channel="chat", context={"page": page})
        return Decision.objects.select_related("source").get(ticket=ticket)

    before = {page: asked(name, page).confidence for name, page in zip(("Bo Lind", "Cara Moss", "Dag Ness"), homes.values(), strict=True)}
    ticket, _ = decided(make_customer("Eli Roth"), DOTS, made["/settings/webhooks"], page="/settings/webhooks")
    with happening():
        ticket.solved(customer=ticket.customer)
    assert asked("Fay Odum", "/settings/webhooks").confidence > before["/settings/webhooks"]
    for name, (things, page) in zip(("Gil Park", "Hana Ito"), [("permits", "/permits"), ("people", "/people")], strict=True):
        decision = asked(name, page)
        assert things in decision.source.title
        assert decision.confidence == pytest.approx(before[page], abs=0.01)
