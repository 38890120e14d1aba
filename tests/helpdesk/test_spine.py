"""Verbs, Events, and consuming each event once."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from helpdesk import events, intake
from helpdesk.models import Event, EventConsumption, Message, Resolution, Ticket
from tests.factories import make_admin, make_customer, make_organisation, make_team, make_ticket, make_user

pytestmark = pytest.mark.django_db


def verbs(ticket):
    return list(ticket.events.values_list("verb", flat=True))


def test_a_question_becomes_a_ticket_with_its_first_message():
    ada = make_customer(organisation=make_organisation())
    ticket = intake.open_ticket(customer=ada, body="  How do I sign?\x00 ", context={"page": "/permits/new", "password": "hunter2"})
    assert (ticket.subject, ticket.last_seq, ticket.organisation) == ("How do I sign?", 1, ada.organisation)
    assert ticket.context == {"page": "/permits/new", "segment": {"plan": "Business", "lifecycle": "active"}}
    assert verbs(ticket) == ["ticket.opened"]


@pytest.mark.parametrize(("body", "code"), [("", "empty"), ("  \n\x00", "empty"), ("x" * 1_000_000, "too_long")])
def test_what_cannot_be_taken_is_refused_in_words(body, code):
    with pytest.raises(ValidationError) as refusal:
        make_ticket(body=body)
    assert refusal.value.code == code
    assert not Ticket.objects.exists()


def test_a_form_sent_twice_opens_one_ticket():
    ada = make_customer()
    first, second = (make_ticket(ada, client_msg_id="tab-1") for _ in range(2))
    assert first == second
    assert make_ticket(make_customer(), client_msg_id="tab-1") != first


def test_a_resent_message_is_the_same_message():
    ticket = make_ticket()
    first, second = (ticket.say("Any news?", customer=ticket.customer, client_msg_id="m1") for _ in range(2))
    assert first == second
    assert verbs(ticket).count("message.said") == 1


def test_seq_counts_within_the_ticket_and_notes_do_not_show_in_the_list():
    ticket, ines = make_ticket(), make_user()
    ticket.note("She rang before.", by=ines)
    reply = ticket.reply("Choose **Add a guest**.", by=ines)
    assert [message.seq for message in ticket.messages.all()] == [1, 2, 3]
    assert (ticket.last_preview, ticket.last_author) == ("Choose Add a guest.", "agent")
    assert reply.html == "<p>Choose <strong>Add a guest</strong>.</p>\n"


def test_resolving_twice_is_resolving_once():
    ticket, ines = make_ticket(), make_user()
    assert ticket.resolve(by=ines) is not None
    assert ticket.resolve(by=ines) is None
    assert verbs(ticket).count("ticket.resolved") == 1


def test_a_customer_can_confirm_what_an_agent_has_closed():
    ticket = make_ticket()
    ticket.resolve(by=make_user())
    ticket.solved(customer=ticket.customer)
    assert set(ticket.resolutions.values_list("kind", flat=True)) == {"by_agent", "confirmed"}
    assert ticket.solved(customer=ticket.customer) is None


def test_writing_into_a_resolved_ticket_opens_it_and_reverses_its_resolution():
    ticket = make_ticket()
    ticket.resolve(by=make_user())
    ticket.say("It came back.", customer=ticket.customer)
    assert ticket.state == Ticket.State.OPEN
    assert Resolution.objects.get().reversed_at is not None
    assert verbs(ticket)[-2:] == ["ticket.reopened", "message.said"]


def test_undoing_a_resolve_lets_the_customer_wait_as_before():
    ticket, ines = make_ticket(handler="team"), make_user()
    waiting_since = ticket.waiting_since
    ticket.resolve(by=ines)
    assert ticket.waiting_since is None
    ticket.reopen(by=ines)
    assert ticket.waiting_since == waiting_since


def test_asking_for_a_person_hands_off_once_and_says_so():
    ticket = make_ticket()
    for _ in range(2):
        ticket.ask_for_person(customer=ticket.customer)
    assert (ticket.handler, ticket.asked_for_person) == (Ticket.Handler.TEAM, True)
    assert verbs(ticket) == ["ticket.opened", "ticket.person_requested", "ticket.handed_off"]
    assert ticket.messages.last().kind == "handoff"


def test_every_verb_keeps_the_time_it_is_given():
    at = timezone.now() - timezone.timedelta(days=30)
    ticket = make_ticket(at=at)
    ticket.reply("Yes.", by=make_user(), at=at)
    ticket.resolve(by=None, how="assumed", at=at)
    assert {*ticket.events.values_list("at", flat=True), *ticket.messages.values_list("at", flat=True)} == {at}
    assert (ticket.updated_at, ticket.resolved_at) == (at, at)


class TestDoors:
    def test_customers_see_their_own_and_never_a_note(self):
        ada, mallory = make_customer(), make_customer("Mallory Vane")
        ticket = make_ticket(ada)
        ticket.note("Churn risk.", by=make_user())
        assert list(Ticket.objects.visible_to(ada)) == [ticket]
        assert not Ticket.objects.visible_to(mallory).exists()
        assert [message.body for message in Message.objects.visible_to(ada)] == [ticket.subject]
        assert not Message.objects.visible_to(mallory).exists()

    @pytest.mark.parametrize("shares", [False, True])
    def test_colleagues_see_each_others_only_where_the_organisation_shares(self, shares):
        brightwater = make_organisation(shares_tickets=shares)
        ada, bo = make_customer(organisation=brightwater), make_customer("Bo Lind", organisation=brightwater)
        make_ticket(ada)
        assert Ticket.objects.visible_to(bo).exists() is shares

    def test_a_private_team_is_closed_to_other_agents_but_not_to_admins(self):
        legal = make_team("Legal", is_private=True)
        rosa, ines, morgan = make_user("Rosa Diaz", teams=[legal]), make_user(), make_admin()
        open_one, closed = make_ticket(), make_ticket(team=legal)
        assert set(Ticket.objects.visible_to(rosa)) == set(Ticket.objects.visible_to(morgan)) == {open_one, closed}
        assert set(Ticket.objects.visible_to(ines)) == {open_one}
        assert set(Event.objects.visible_to(ines)) == set(open_one.events.all())


class TestConsumers:
    @pytest.fixture
    def seen(self):
        seen = []
        events.consumer("ledger", {"ticket.opened"})(lambda event: seen.append(event.pk))
        yield seen
        del events.registry["ledger"]

    def test_an_event_is_consumed_once(self, seen):
        event = make_ticket().events.get()
        assert [events.consume("ledger", event.pk) for _ in range(3)] == [True, False, False]
        assert seen == [event.pk]

    def test_inline_consumes_right_after_the_commit(self, seen, django_capture_on_commit_callbacks):
        with events.inline(), django_capture_on_commit_callbacks(execute=True):
            ticket = make_ticket()
        assert seen == [ticket.events.get(verb="ticket.opened").pk]

    def test_catch_up_finds_what_was_never_queued(self, seen):
        event = make_ticket().events.get()
        later = timezone.now() + timezone.timedelta(minutes=1)
        events.catch_up(now=later)
        events.catch_up(now=later)
        assert seen == [event.pk]

    def test_a_failure_is_kept_undone_and_tried_again(self):
        fate = iter([RuntimeError("no"), None])

        def moody(event):
            Resolution.objects.create(ticket=event.ticket, kind="abandoned", at=event.at)
            if error := next(fate):
                raise error

        events.consumer("moody", {"ticket.opened"})(moody)
        try:
            event = make_ticket().events.get()
            assert events.consume("moody", event.pk) is False
            assert not Resolution.objects.exists()
            assert EventConsumption.objects.get(consumer="moody").error == "RuntimeError: no"
            assert events.missed("moody", now=timezone.now() + timezone.timedelta(minutes=1)) == [event.pk]
            assert events.consume("moody", event.pk) is True
            assert Resolution.objects.count() == 1
        finally:
            del events.registry["moody"]


@pytest.mark.django_db(transaction=True)
def test_two_agents_resolving_at_once_leave_one_event():
    ticket, agents = make_ticket(), [make_user(), make_user("Tom Aldridge")]
    start = threading.Barrier(2)

    def click(agent):
        start.wait()
        Ticket.objects.get(pk=ticket.pk).resolve(by=agent)
        connection.close()

    threads = [threading.Thread(target=click, args=[agent]) for agent in agents]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert verbs(ticket).count("ticket.resolved") == 1
    assert Resolution.objects.count() == 1
