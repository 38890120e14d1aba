"""A help centre of few articles is not sure of them for every question."""

import pytest

from helpdesk import events
from learning.models import Decision
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
