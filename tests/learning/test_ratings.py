"""What ratings and thumbs say of the assistant's answers, for who gives them. Ada is a customer, Ines an agent."""

import datetime as dt

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.models import Event, Rating
from helpdesk.reading import leave_feedback
from learning import raters, ratings
from learning.models import Signal
from learning.rebuild import state_hash
from tests.factories import make_customer, make_ticket

verdicts = st.floats(0, 1)
histories = st.lists(verdicts, max_size=30)


class TestRaters:
    def test_a_strangers_best_and_worst_count_once(self):
        assert raters.surprise(1.0, []) == 1
        assert raters.surprise(0.0, []) == -1
        assert raters.surprise(raters.USUAL, []) == 0

    def test_five_of_five_from_who_gives_nothing_else_says_little(self):
        assert 0 <= raters.surprise(1.0, [1.0] * 12) < 0.3
        assert raters.surprise(0.0, [1.0] * 12) < -1

    def test_a_grumbler_who_is_content_for_once_says_more(self):
        assert raters.surprise(1.0, [0.5] * 8) > raters.surprise(1.0, [])
        assert raters.surprise(0.25, [0.25] * 20) > raters.surprise(0.25, [])

    @given(verdicts, verdicts, histories)
    def test_better_is_never_less(self, one, other, past):
        low, high = sorted((one, other))
        assert raters.surprise(low, past) <= raters.surprise(high, past)

    @given(verdicts, histories)
    def test_bounded(self, verdict, past):
        assert -raters.LOUDEST <= raters.surprise(verdict, past) <= raters.LOUDEST
        assert 0 < raters.usual(past) < 1

    @pytest.mark.parametrize("score", [0, 6, -3])
    def test_a_score_that_there_is_not(self, score):
        with pytest.raises(ValueError, match="one to five"):
            raters.of_rating(score)


@pytest.mark.django_db
class TestRatings:
    def rate(self, happening, ticket, score, at=None):
        with happening():
            ticket.rate(customer=ticket.customer, score=score, at=at)

    def standing(self, decision, *kinds):
        return list(Signal.objects.in_force().filter(decision=decision, kind__in=kinds or ratings.RATED).values_list("kind", "llr"))

    @pytest.fixture
    def answered(self, ada, decided):
        """An answer that was taken for good by silence."""
        ticket, decision = decided(ada)
        ticket.resolve(how="assumed")
        return ticket, decision

    def test_a_good_rating_speaks_for_the_answer_and_a_bad_one_against_it(self, answered, happening):
        ticket, decision = answered
        self.rate(happening, ticket, 5)
        [(kind, llr)] = self.standing(decision)
        assert kind == "rated_well" and llr == pytest.approx(1.609, abs=0.01)
        self.rate(happening, ticket, 1)
        [(kind, llr)] = self.standing(decision)
        assert kind == "rated_badly" and llr == pytest.approx(-2.015, abs=0.01)

    def test_what_is_rated_as_usual_says_nothing(self, answered, happening):
        ticket, decision = answered
        self.rate(happening, ticket, 4)
        assert self.standing(decision) == []

    def test_who_always_gives_five_says_less_with_it(self, ada, answered, happening):
        for _ in range(10):
            other = make_ticket(ada)
            other.resolve(how="assumed")
            other.rate(customer=ada, score=5, at=timezone.now() - dt.timedelta(days=30))
        ticket, decision = answered
        self.rate(happening, ticket, 5)
        [(_, llr)] = self.standing(decision)
        assert 0 < llr < 0.6

    def test_where_a_person_answered_it_says_nothing_of_the_assistant(self, ada, ines, decided, happening):
        ticket, decision = decided(ada)
        ticket.reply("Let me look into that for you myself, one moment.", by=ines)
        ticket.resolve(by=ines)
        self.rate(happening, ticket, 1)
        assert self.standing(decision) == []

    def test_delivered_again_it_counts_once(self, answered, happening):
        ticket, decision = answered
        self.rate(happening, ticket, 5)
        before = (state_hash(), self.standing(decision))
        ratings.learn(Event.objects.get(verb="ticket.rated"))
        assert (state_hash(), self.standing(decision)) == before

    def test_whoever_has_not_proved_their_address_can_lower_and_not_raise(self, decided, happening):
        for score, expected in ((5, [("rated_well", 0.0)]), (1, [("rated_badly", pytest.approx(-2.015, abs=0.01))])):
            ticket, decision = decided(make_customer("Mallory Vane", verified_at=None))
            ticket.resolve(how="assumed")
            self.rate(happening, ticket, score)
            assert self.standing(decision) == expected


@pytest.mark.django_db
class TestThumbs:
    def test_of_the_article_that_the_answer_came_from(self, ada, articles, decided, happening):
        _, decision = decided(ada, article=articles[0])
        for helpful, expected in ((True, "thumbs_up"), (False, "thumbs_down"), (True, "thumbs_up")):
            with happening():
                leave_feedback(articles[0], reader="ada", helpful=helpful, customer=ada)
            assert [kind for kind, _ in self.standing(decision)] == [expected]

    def standing(self, decision):
        return list(Signal.objects.in_force().filter(decision=decision, kind__in=ratings.THUMBS).values_list("kind", "llr"))

    def test_of_another_article_by_somebody_else_or_long_after_it_says_nothing(self, ada, articles, decided, happening):
        _, decision = decided(ada, article=articles[0], at=timezone.now() - dt.timedelta(days=3))
        with happening():
            leave_feedback(articles[0], reader="ada", helpful=False, customer=ada)
            leave_feedback(articles[1], reader="ada", helpful=False, customer=ada)
            leave_feedback(articles[0], reader="bo", helpful=False, customer=make_customer("Bo Lindqvist"))
            leave_feedback(articles[0], reader="nobody", helpful=False)
        assert self.standing(decision) == []
        assert not Rating.objects.exists()
