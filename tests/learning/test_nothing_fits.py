"""A help centre of few articles is not sure of them for every question."""

import pytest

from helpdesk import events
from learning import scoring
from learning.models import Decision
from learning.question import Candidate, Scored
from tests.factories import make_article, make_customer, make_ticket

pytestmark = pytest.mark.django_db(transaction=True)
TITLES = ["Find your tax voucher", "Add a guest signature", "Export a site report as PDF", "Change the plan you pay for"]


@pytest.mark.parametrize("articles", [1, 2, 4])
@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How do I calibrate the moisture probe?", "hand_off"),
        ("My password does not work", "hand_off"),
        ("Where do I find the quarterly tax voucher?", "answer"),
    ],
)
def test_what_no_article_is_about_goes_to_people(articles, question, kind):
    with events.inline():
        for title in TITLES[:articles]:
            make_article(title, f"{title}: open the menu and choose it.")
        ticket = make_ticket(make_customer(), question)
    decision = Decision.objects.get(ticket=ticket, kind__in=["answer", "clarify", "hand_off"])
    assert decision.kind == kind
    assert decision.control["kind"] == kind


@pytest.mark.parametrize(
    ("shares", "strict", "action"),
    [
        ([0.85, 0.1], (), "answer"),
        ([0.6, 0.32], (), "clarify"),
        ([0.6, 0.32], (1,), "hand_off"),  # a strict one among them, and together they hold less than a strict answer needs
        ([0.6, 0.38], (1,), "clarify"),
        ([0.6, 0.2, 0.15], (), "hand_off"),  # no real rival
        ([0.45, 0.3], (), "hand_off"),  # something else may be meant
        ([0.7], (), "hand_off"),
    ],
)
def test_it_asks_back_when_what_it_offers_holds_nearly_everything(shares, strict, action):
    scored = [Scored(Candidate(place, 0.5, is_strict=place in strict), p, 0.0, {}, {}) for place, p in enumerate(shares)]
    assert scoring.what_to_do(scored, 0.8, 0.96) == action
