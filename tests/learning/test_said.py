"""What customers and agents write after an answer or a draft, and what it says of the source."""

import pytest

from helpdesk.models import Source
from learning import maturing, votes
from learning.models import LearnedResolution, Signal
from tests.learning.conftest import GUEST
from tests.learning.test_ledger import DAY, HOUR, credit, kinds
from tests.learning.test_maths import neighbours

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "complaint",
    [
        "Still does not work, that is not what I asked",
        "No.",
        "that's useless",
        "This doesn't help me at all",
        "Same error as before",
        "No luck",
    ],
)
def test_whoever_says_that_it_did_not_help_need_not_repeat_the_question(decided, ada, happening, complaint):
    ticket, decision = decided(ada)
    with happening():
        ticket.say(complaint, customer=ada, at=ticket.opened_at + 0.1 * HOUR)
    assert kinds(decision) == ["rephrased"] and credit(decision) < 0
    maturing.mature(ticket.opened_at + 4 * DAY)
    assert kinds(decision) == ["rephrased"]


@pytest.mark.parametrize("words", ["No problem, thanks", "Thanks, that worked", "Invoices please, those from January"])
def test_what_is_about_something_else_says_nothing_of_the_answer(decided, ada, happening, words):
    ticket, decision = decided(ada)
    with happening():
        ticket.say(words, customer=ada, at=ticket.opened_at + 0.1 * HOUR)
    assert kinds(decision) == []


def test_silence_counts_no_more_once_people_have_the_conversation(decided, ada, happening):
    ticket, decision = decided(ada)
    with happening():
        ticket.say("Invoices please, those from January", customer=ada, at=ticket.opened_at + 0.1 * HOUR)
    ticket.refresh_from_db()
    with happening():
        ticket.hand_off(reason="unsure", body="A colleague will look at it.", at=ticket.opened_at + 0.2 * HOUR)
    maturing.mature(ticket.opened_at + 4 * DAY)
    assert kinds(decision) == [] and credit(decision) == 0


def test_opening_it_again_with_a_message_is_one_signal(decided, ada, happening):
    ticket, decision = decided(ada)
    with happening():
        ticket.solved(customer=ada, at=ticket.opened_at + 0.1 * HOUR)
    ticket.refresh_from_db()
    with happening():
        ticket.say("It still does not work", customer=ada, at=ticket.opened_at + 0.2 * HOUR)
    assert sorted({"came_back", "rephrased"} & set(kinds(decision))) == ["came_back"]


def test_three_who_were_helped_outweigh_one_who_denies_in_the_very_same_words():
    helped = [(1, 0.9, 0.9, account, False) for account in ("a", "b", "c")]
    tally = votes.tally(neighbours(*helped, (1, 1.0, -0.9, "mallory", False)))
    assert tally.positive[1] > 10 * tally.negative[1]


def test_a_draft_whose_facts_an_agent_changed_is_a_demonstration_of_what_was_sent(articles, ada, ines, happening, decided):
    source = articles[1].source
    drafted = "Open the permit and choose **Extend** or **Cancel**. You can do so for 30 minutes after it was issued."
    ticket, decision = decided(ada, "How do I extend or cancel a permit?", articles[1])
    with happening():
        ticket.ask_for_person(customer=ada)
    ticket.refresh_from_db()
    from assistant.models import Draft

    draft = Draft.objects.get(ticket=ticket)
    Draft.objects.filter(pk=draft.pk).update(body=drafted, decision=decision)
    with happening():
        ticket.reply(drafted.replace("30 minutes", "45 minutes"), by=ines, draft=draft.pk)
        ticket.resolve(by=ines)
    told = dict(Signal.objects.in_force().filter(decision=decision).values_list("kind", "source"))
    learned = LearnedResolution.objects.select_related("source").get()
    assert "45 minutes" in learned.answer
    assert told["demonstrated"] == learned.source_id != source.pk
    assert {"draft_changed", "overruled"} <= set(told) and credit(decision, source) < 0


def test_a_draft_sent_in_other_words_demonstrates_its_source(articles, ada, ines, happening, decided):
    ticket, decision = decided(ada, GUEST)
    with happening():
        ticket.ask_for_person(customer=ada)
    ticket.refresh_from_db()
    with happening():
        ticket.reply("Hello Ada, a subcontractor can sign a permit as a guest, without an account.", by=ines)
        ticket.resolve(by=ines)
    told = Signal.objects.in_force().get(decision=decision, kind="demonstrated")
    assert Source.objects.get(pk=told.source_id) == articles[0].source and not LearnedResolution.objects.exists()
