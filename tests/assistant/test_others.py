"""The first answer missed: what else it may have been is one click away, and that click teaches as much as words."""

import numpy as np
import pytest

from helpdesk.models import Event, Source, Ticket
from learning.models import Decision, Episode, Signal
from tests.assistant.test_turn import GUEST
from tests.factories import make_article
from tests.widget.conftest import Widget, signed, site  # noqa: F401  (a fixture among them)


@pytest.fixture
def ada(client, site, help_centre):  # noqa: F811
    return Widget(client, site, signed(site, sub="u-17", email="ada@brightwater.example", email_verified=True))


@pytest.fixture
def asked(ada, happening):
    """Her question has been answered; returns its number, the decision, and a way to say how likely the other candidates were."""
    with happening():
        number = ada.ask(GUEST)[1]["number"]
    decision = Decision.objects.get(ticket=number, kind="answer")

    def scored(**scores):
        first, *_ = decision.candidates
        rest = [{"source": Source.objects.get(title=title).pk, "score": score} for title, score in scores.items()]
        decision.candidates = [{**first, "score": 0.9}, *rest]
        decision.save()

    return number, decision, scored


def others(there, number, answer=2):
    code, told = there.call("get", f"{number}/messages/{answer}/others/")
    assert code == 200
    return [each["title"] for each in told["others"]]


def test_what_is_likely_now_is_offered_two_at_most_and_none_that_she_may_not_read(ada, asked, happening):
    number, _, scored = asked
    scored(**{"Work without a connection": 0.04, "Change the date format": 0.03, "Export inspections to Excel": 0.028})
    assert others(ada, number) == ["Work without a connection", "Change the date format"]
    scored(**{"Work without a connection": 0.02, "Change the date format": 0.004})
    assert others(ada, number) == []
    with happening():
        make_article("For agents only", "Do not tell.", audience="internal")
    scored(**{"For agents only": 0.05, "Change the date format": 0.04})
    assert others(ada, number) == ["Change the date format"]
    assert others(ada, number, answer=1 + 1) and ada.call("get", f"{number}/messages/1/others/")[0] == 404


def test_what_she_picks_is_answered_and_learned_for_the_question_she_had_asked(ada, asked, happening):
    number, first, scored = asked
    scored(**{"Work without a connection": 0.06})
    picked = Source.objects.get(title="Work without a connection")
    with happening():
        code, told = ada.call("post", f"{number}/verdict/", {"verdict": "not_quite", "answer": 2, "option": str(picked.pk)})
    assert code == 200
    said, answer = told["messages"][2:] if len(told["messages"]) > 3 else ada.call("get", f"{number}/")[1]["messages"][2:]
    assert (said["author"], answer["author"], answer["kind"]) == ("customer", "assistant", "answer")
    assert picked.title in said["html"] and [each["title"] for each in answer["sources"]] == [picked.title]
    second = Decision.objects.filter(ticket=number).latest("pk")
    assert (second.source_id, second.kind, second.question) == (picked.pk, "answer", first.question)
    assert np.allclose(second.vector, first.vector)
    assert list(Signal.objects.filter(decision=first, state="matured").values_list("kind", flat=True)) == ["rephrased"]
    with happening():
        ada.call("post", f"{number}/verdict/", {"verdict": "solved", "answer": 4})
    assert list(Signal.objects.filter(decision=second, state="matured").values_list("kind", flat=True)) == ["confirmed"]
    assert Episode.objects.get(decision=second, source=picked).credit > 0 >= Episode.objects.get(decision=first).credit
    assert Event.objects.get(verb="ticket.not_quite").data["instead"] == picked.pk


def test_what_was_not_offered_is_refused_and_says_nothing_of_the_answer(ada, asked):
    number, _, scored = asked
    scored()
    for option in ("999999", "x", str(Source.objects.get(title="Change the date format").pk)):
        code, told = ada.call("post", f"{number}/verdict/", {"verdict": "not_quite", "answer": 2, "option": option})
        assert code == 400 and "say what is missing" in told["error"]["message"]
    ticket = Ticket.objects.get(pk=number)
    assert ticket.last_seq == 2 and ticket.is_with_assistant and not Event.objects.filter(verb="ticket.not_quite").exists()


def test_what_missed_twice_is_not_offered_again(ada, asked, happening):
    number, _, scored = asked
    scored(**{"Work without a connection": 0.06, "Change the date format": 0.03})
    picked = Source.objects.get(title="Work without a connection")
    for _ in range(2):  # two clicks at once
        with happening():
            ada.call("post", f"{number}/verdict/", {"verdict": "not_quite", "answer": 2, "option": str(picked.pk)})
    assert Ticket.objects.get(pk=number).last_seq == 4
    assert picked.title not in others(ada, number, answer=4) and GUEST not in others(ada, number, answer=4)
