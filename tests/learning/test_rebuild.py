"""What was learned follows from the ledger: built anew it is the same, and a customer can be taken out of it. Ada and Bo ask; Ines answers."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from learning import forgetting, maturing, rebuild
from learning.models import Decision, Episode, LearnedResolution, Policy, Signal
from tests.factories import make_customer, make_ticket

pytestmark = pytest.mark.django_db
NEW_ANSWER = "Hold the probe in dry air, press both buttons for five seconds, then wait for the beep."


@pytest.fixture
def bo(db):
    return make_customer(name="Bo", email="bo@other.example")


@pytest.fixture
def lively(decided, happening, ines):
    """`lively(customer)`: they confirm, complain, come back, stay silent, and are taught something new."""

    def live(customer, articles):
        solved, _ = decided(customer)
        missed, _ = decided(customer, "How do I cancel a permit?", articles[1])
        returned, _ = decided(customer, "Do forms work offline?", articles[2])
        silent, _ = decided(customer, "Can guests sign?")
        with happening():
            new = make_ticket(customer, "How do I calibrate the moisture probe?", at=timezone.now())
            solved.solved(customer=customer)
            missed.not_quite(customer=customer)
            returned.solved(customer=customer)
            returned.reopen(customer=customer)
            new.reply(NEW_ANSWER, by=ines)
            new.resolve(by=ines)
            maturing.mature(silent.opened_at + dt.timedelta(days=4))

    return live


def relearned():
    for _ in rebuild.relearn():
        pass
    return rebuild.state_hash()


def test_worked_through_again_from_nothing_the_state_is_the_same_to_the_bit(lively, ada, bo, articles):
    lively(ada, articles)
    lively(bo, articles)
    before = rebuild.state_hash()
    assert Episode.objects.count() >= 6
    assert relearned() == before
    assert relearned() == before


def test_the_hash_notices_the_smallest_change_that_counts(lively, ada, articles):
    lively(ada, articles)
    before, episode = rebuild.state_hash(), Episode.objects.first()
    Episode.objects.filter(pk=episode.pk).update(credit=episode.credit + 1e-12)
    assert rebuild.state_hash() == before
    Episode.objects.filter(pk=episode.pk).update(credit=episode.credit + 1e-6)
    assert rebuild.state_hash() != before


def test_without_a_customer_it_is_as_if_only_the_others_had_spoken(lively, ada, bo, articles):
    lively(ada, articles)
    without_bo = rebuild.state_hash()
    lively(bo, articles)
    assert rebuild.state_hash() != without_bo
    assert forgetting.unlearn(bo, at=timezone.now()) > 4
    assert rebuild.state_hash() == without_bo == relearned()
    assert not Signal.objects.in_force().filter(decision__customer=bo).exists()
    assert Decision.objects.filter(customer=bo, ticket__isnull=False).exists(), "what was decided and said stays"


def test_what_agents_taught_on_their_tickets_rests(lively, ada, articles):
    lively(ada, articles)
    assert LearnedResolution.objects.get().source.is_live
    forgetting.unlearn(ada, at=timezone.now())
    learned = LearnedResolution.objects.select_related("source").get()
    assert learned.state == "retired" and not learned.source.is_live and learned.retired_because == "Its customer was unlearned"


def test_twice_is_once(lively, ada, articles):
    lively(ada, articles)
    forgetting.unlearn(ada, at=timezone.now())
    after = rebuild.state_hash()
    assert forgetting.unlearn(ada, at=timezone.now()) == 0
    assert rebuild.state_hash() == after


def test_the_commands_say_what_they_did(lively, ada, articles, capsys):
    lively(ada, articles)
    call_command("relearn")
    assert "as before" in capsys.readouterr().out
    assert not Policy.objects.exists(), "nothing was forgotten"
    call_command("unlearn", customer=ada.email.upper())
    assert f"signals of {ada.name} reversed" in capsys.readouterr().out
    assert Policy.objects.count() == 1, "what is weighed is fitted anew, too"
    with pytest.raises(CommandError, match="no customer"):
        call_command("unlearn", customer="nobody@nowhere.example")
