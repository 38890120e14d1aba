"""Mallory says the contrary of what is so, Ada means what she says; the others' words tell them apart."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.models import Event
from learning import experience, honesty, ledger, rebuild
from learning.models import Decision, Episode, Signal
from tests.factories import make_customer

shares = st.floats(0.02, 0.98)
nats = st.floats(-8, 8)


class TestMaths:
    @given(shares, nats)
    def test_bounded_and_mirrored(self, p, evidence):
        found = honesty.tells(p, evidence)
        assert -honesty.LOUDEST <= found <= honesty.LOUDEST
        assert honesty.tells(1 - p, -evidence) == pytest.approx(found, abs=1e-9)
        assert (found > 1e-9) == ((p - 0.5) * evidence < 0 and abs(found) > 1e-9)

    def test_denying_what_is_surely_right_speaks_against_and_confirming_it_for(self):
        assert honesty.tells(0.95, -4.2) > 2.5
        assert honesty.tells(0.95, 2.7) < -1.5
        assert honesty.tells(0.5, -4.2) == pytest.approx(0.0)
        assert honesty.tells(0.9, 0.0) == pytest.approx(0.0)

    @given(st.lists(st.floats(-3, 3), max_size=12))
    def test_each_is_judged_by_the_others_and_none_by_itself(self, told):
        found = honesty.doubts(told)
        assert all(0 <= doubt < 1 for doubt in found)
        for place, own in enumerate(told):
            changed = [*told[:place], own + 1.0, *told[place + 1 :]]
            assert honesty.doubts(changed)[place] == pytest.approx(found[place])
        assert honesty.doubts([3.0]) == [pytest.approx(0.0)]

    @given(nats, st.floats(0, 1))
    def test_a_word_is_made_softer_and_never_turned_around(self, evidence, doubt):
        assert 0 <= honesty.heard(evidence, doubt) <= 1
        assert honesty.heard(evidence, 0.0) == 1
        assert honesty.heard(evidence, max(doubt, 0.5)) == pytest.approx(0 if evidence else 1)

    def test_the_share_is_that_of_the_mixture(self):
        right, wrong, doubt = 0.45, 0.03, 0.2
        mixed = math.log(((1 - doubt) * right + doubt * wrong) / ((1 - doubt) * wrong + doubt * right))
        assert honesty.heard(math.log(right / wrong), doubt) * math.log(right / wrong) == pytest.approx(mixed)


@pytest.mark.django_db
class TestLedger:
    @pytest.fixture
    def say(self, decided):
        """This customer's word on an answer that was given with .95."""

        def said(customer, kind, number, *, right=None):
            _, decision = decided(customer, f"How do I add a guest to permit {number}?")
            Decision.objects.filter(pk=decision.pk).update(confidence=0.95)
            decision.refresh_from_db()
            for each in ([kind] if kind else []) + ([right] if right else []):
                event = Event.objects.create(verb="test", actor_kind="system", ticket=decision.ticket, at=decision.at)
                ledger.note(decision, each, event=event, at=decision.at)
            return decision

        return said

    def heard(self, decision, family=("asked_person", "confirmed", "came_back")):
        return [signal.heard for signal in Signal.objects.filter(decision=decision, kind__in=family).order_by("pk")]

    def test_who_denies_what_agents_find_right_is_heard_less_for_every_conversation_but_what_agents_say_is_not(self, say):
        mallory = make_customer("Mallory Vane")
        first = say(mallory, "asked_person", 1)
        before = Episode.objects.get(decision=first).credit
        assert self.heard(first) == [1.0], "one conversation condemns nobody"
        say(mallory, "asked_person", 2, right="audited_right")
        third = say(mallory, "asked_person", 3, right="audited_right")
        assert self.heard(first)[0] < 0.4 and self.heard(third)[0] < 0.5
        assert Episode.objects.get(decision=first).credit > before
        assert self.heard(third, ["audited_right"]) == [1.0]

    def test_who_denies_what_was_wrong_is_heard(self, say):
        ada = make_customer("Ada Byron")
        found = [say(ada, "asked_person", number, right="audited_wrong") for number in range(4)]
        assert {share for each in found for share in self.heard(each)} == {1.0}

    def test_the_order_does_not_matter_and_what_is_reversed_leaves_no_trace(self, say):
        mallory = make_customer("Mallory Vane")
        decisions = [say(mallory, "", number) for number in range(3)]
        kinds = ["asked_person", "came_back", "audited_right"]
        for decision in decisions:  # asking the same again was coming back
            ledger.reverse(decision, kinds, at=decision.at)
        blank = rebuild.state_hash()
        words = [(decision, kind) for decision in decisions for kind in kinds]
        events = {word: Event.objects.create(verb="test", actor_kind="system", ticket=word[0].ticket, at=word[0].at) for word in words}
        hashes = set()
        for seed in range(3):
            random.Random(seed).shuffle(words)
            for decision, kind in words:
                ledger.note(decision, kind, event=events[decision, kind], at=decision.at)
            hashes.add(rebuild.state_hash())
            assert sum(1 for _ in rebuild.relearn()) and rebuild.state_hash() in hashes
            for decision in decisions:
                ledger.reverse(decision, kinds, at=decision.at)
            assert rebuild.state_hash() == blank
            Signal.objects.filter(event__in=events.values()).delete()
        assert len(hashes) == 1

    def test_they_are_no_example_of_how_customers_take_an_answer(self, say):
        mallory = make_customer("Mallory Vane")
        for number in range(4):
            say(mallory, "asked_person", number, right="audited_right")
        found = experience.recent(Decision.objects.order_by("-at").first().at, {})
        assert (found.reaction == -1).all()
