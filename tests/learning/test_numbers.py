"""Every number of the learning pages that leads to tickets leads to exactly as many, for who may see all of them."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from helpdesk.models import Message, Resolution, Ticket
from learning import measuring, trends
from learning.maturing import mature
from learning.models import Audit, Decision, Gap, GapQuestion, Signal
from learning.models.decision import CONTROL
from learning.telling import TABS
from tests.factories import make_customer
from tests.learning.test_dashboard import QUESTIONS
from tests.learning.walking import listed, told

pytestmark = pytest.mark.django_db

LATEST = 4
EARLIER = (5, 6, 7, 8, 9, 10, 11, 12, 36, 37, 66)  # days before the latest ones


@pytest.fixture
def company(decided, articles, happening, ines):
    """Questions of twelve days that ended in all the ways there are; and what makes lists and numbers differ where they are not the same."""
    now = timezone.now()
    at = now - dt.timedelta(days=LATEST)
    tickets = [decided(make_customer("Ada Okonkwo", verified_at=at), question, at=at)[0] for question in QUESTIONS]
    confirmed, assumed, left, handed, back = tickets
    with happening():
        confirmed.solved(customer=confirmed.customer, at=at)
        handed.ask_for_person(customer=handed.customer, at=at)
        back.solved(customer=back.customer, at=at)
        back.reopen(customer=back.customer, at=at + dt.timedelta(days=1))
    Signal.objects.filter(decision__ticket=left).delete()
    with happening():
        mature(now)
    for days in EARLIER:
        for ticket in tickets:
            _earlier(ticket, dt.timedelta(days=days))
    first = list(Decision.objects.filter(message__seq=1).order_by("at", "pk"))
    for number, decision in enumerate(first):
        kind = ("answer", "hand_off", "answer")[number % 3]
        decision.control = {"source": articles[number % 2].source.pk, "kind": kind, "score": 0.95, "threshold": 0.9}
        decision.kind = "hand_off" if number % 7 == 3 else "answer"
        decision.belief = (None, decision.confidence, 0.1, 0.97, 0.99, 0.2, 0.95, 0.98, 0.9, 0.3)[
            number % 10
        ]  # the second: what signals say cancels out
        decision.source = None if number % 11 == 10 else decision.source
        decision.policy = CONTROL if number % 13 == 5 else decision.policy
        decision.save()
        if number % 5 == 0:
            with happening():
                Audit.objects.create(decision=decision, drawn_at=decision.at).judge(
                    ("right", "wrong", "unclear")[number % 3], by=ines, at=decision.at
                )
    missed = {"source": articles[1].source, "kind": "answer", "belief": 0.1, "policy": "v1"}
    Decision.objects.filter(pk__in=[each.pk for each in first[-2:]]).update(**missed)
    first[2].ticket.mark_spam(by=ines)
    _signals(first, articles, now)
    measuring.measure(now, since=first[0].at.date())
    return first


def _earlier(ticket, by):
    """The same once more, so many days before: the rows as they are, without what would happen meanwhile."""
    decision = Decision.objects.filter(ticket=ticket, message__seq=1).first()
    rows = [*Resolution.objects.filter(ticket=ticket), *Signal.objects.filter(decision=decision)]
    ticket, message = Ticket.objects.get(pk=ticket.pk), decision.message
    ticket.pk, ticket.opened_at = None, ticket.opened_at - by
    Ticket.objects.bulk_create([ticket])
    message.pk, message.ticket, message.at = None, ticket, message.at - by
    Message.objects.bulk_create([message])
    decision.pk, decision.ticket, decision.message, decision.at = None, ticket, message, decision.at - by
    Decision.objects.bulk_create([decision])
    for row in rows:
        row.pk, row.at = None, row.at - by
        if isinstance(row, Signal):
            row.decision = decision
        else:
            row.ticket, row.message = ticket, None
        type(row).objects.bulk_create([row])


def _signals(first, articles, now):
    """The same of one decision twice, one taken back, and this week what agents solved with something else."""
    Signal.objects.create(decision=first[0], kind="came_back", llr=-2.3, at=now - dt.timedelta(days=3))
    Signal.objects.create(decision=first[0], kind="came_back", llr=-2.3, at=now - dt.timedelta(days=2))
    Signal.objects.create(decision=first[1], kind="came_back", llr=-2.3, at=now - dt.timedelta(days=2), state="reversed")
    source = articles[2].source
    for number, decision in enumerate(first[20:24]):
        Signal.objects.create(decision=decision, kind="demonstrated", source=source, llr=5, at=now - dt.timedelta(days=1))
        if number:
            Signal.objects.create(decision=decision, kind="overruled", source=decision.source, llr=-5, at=now - dt.timedelta(days=1))


@pytest.fixture
def gap(company):
    """One to be written, and one whose article is out, with the same questions once more as later ones."""
    gaps = [
        Gap.objects.create(title=f"Gap {n}", opened_at=company[0].at, middle=[0.05] * 384, facts={"now": 0.5}, lift=0.4) for n in range(2)
    ]
    for number, decision in enumerate(company[:12]):
        GapQuestion.objects.create(
            gap=gaps[number // 8],
            decision=decision,
            ticket=decision.ticket,
            customer=company[number // 2].ticket.customer,
            kind=("answered", "failed", "handed_off")[number % 3] if number >= 8 else "people",
            is_later=number >= 8,
            at=decision.at,
        )
    unwritten, written = gaps
    unwritten.tested = {"of": 8, "now": 2, "tickets": [company[1].ticket_id, company[4].ticket_id]}
    unwritten.count()
    unwritten.save()
    written.state, written.published_at = Gap.State.PUBLISHED, company[0].at
    written.trial = {"asked": 4, "answered": 1, "failed": 1, "handed_off": 2, "certainty": 0.2}
    written.save()
    return unwritten


def test_every_number_that_leads_to_tickets_leads_to_as_many(gap, ines, django_assert_max_num_queries):
    client = Client()
    client.force_login(ines, backend="django.contrib.auth.backends.ModelBackend")
    pages = [f"/learning/?days={days}&chart={slug}" for days in trends.PERIODS for slug in TABS]
    said: dict[str, int] = {}
    for page in [*pages, "/gaps/", gap.get_absolute_url()]:
        for address, number in told(client, page).items():
            assert said.setdefault(address, number) == number, (page, address)
    differing = {address: (number, count) for address, number in said.items() if number != (count := listed(client, address))}
    assert differing == {}
    with django_assert_max_num_queries(11):  # however many stand in it
        assert client.get(f"{gap.get_absolute_url()}tickets/").content.decode().count('<th scope="row">') == 8
    seen = {address.partition("what=")[2].partition("&")[0] for address in said}
    assert seen >= {
        *("questions", "resolved", "confirmed", "assumed", "left", "deflected", "handed_over", "answered", "frozen_answered"),
        *("spoken", "judged", "audited", "doubted", "held_out", "same", "apart", "alone", "behind", "neither"),
        *("signal-confirmed", "signal-came_back", "signal-came_back-reversed", "signal-demonstrated-instead"),
        *("customers", "now", "later", "by_it"),
    }
