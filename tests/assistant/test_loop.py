"""The loop: a person answers once, and the next customer who asks it in other words gets that answer, with the reason."""

import pytest

from assistant.models import Draft
from assistant.why import why
from helpdesk.models import ApiKey, Source, Ticket
from learning.models import Decision, LearnedResolution, Signal
from tests.factories import make_admin, make_customer, make_organisation, make_ticket, make_user

ASKED = "Can you tell us the fixed IP addresses that your webhooks come from? Our firewall only lets known addresses in."
IN_OTHER_WORDS = "Our firewall blocks your webhooks. Which fixed IP addresses do they come from?"
TAUGHT = "Webhooks leave from two ranges: 203.0.113.16/28 and 198.51.100.32/28. Allow both in your firewall, on port 443."


def last(ticket):
    return ticket.messages.order_by("-seq").first()


@pytest.fixture
def people_answered(help_centre, happening):
    """Ada asked what no article answers, and Ines told her."""

    def answer(teach=True, solved=True):
        ada, ines = make_customer(organisation=make_organisation()), make_user()
        with happening():
            ticket = make_ticket(ada, ASKED, context={"page": "/integrations"})
        with happening():
            ticket.reply(f"Hi Ada,\n\n{TAUGHT}\n\nBest regards\nInes", by=ines, teach=teach)
        if solved:
            with happening():
                ticket.resolve(by=ines)
        return ticket

    return answer


def ask(happening, text=IN_OTHER_WORDS):
    bo = make_customer("Bo Lind", organisation=make_organisation("Serra Verde"))
    with happening():
        ticket = make_ticket(bo, text)
    return Ticket.objects.get(pk=ticket.pk)


def test_the_next_customer_gets_the_taught_answer_and_why(people_answered, happening):
    first = people_answered()
    assert last(first).author == "agent"
    ticket = ask(happening)
    answer = last(ticket)
    assert (answer.kind, answer.citations[0]["kind"]) == ("answer", "resolution")
    assert "203.0.113.16/28" in answer.body and "Ada" not in answer.body and "Ines" not in answer.body
    reasons = why(Decision.objects.get(ticket=ticket))
    assert "a person taught it" in reasons.sentences[0] and "learned from a solved question" in reasons.sentences[0]
    assert reasons.factors and reasons.control


def test_before_it_was_solved_nothing_is_learned(people_answered, happening):
    people_answered(solved=False)
    assert last(ask(happening)).kind == "handoff"
    assert not LearnedResolution.objects.exists()


def test_what_was_not_to_be_taught_is_not_served(people_answered, happening):
    people_answered(teach=False)
    assert LearnedResolution.objects.get().state == "shadow"
    assert last(ask(happening)).kind == "handoff"


def test_when_the_customer_comes_back_it_rests(people_answered, happening):
    first = people_answered()
    with happening():
        first.say("It is still blocked, that does not help.", customer=first.customer)
    assert last(ask(happening)).kind == "handoff"
    assert not Source.objects.get(kind="resolution").is_live


def test_that_solved_it_is_a_signal_and_counts_once(people_answered, happening):
    people_answered()
    ticket = ask(happening)
    for _ in range(2):
        with happening():
            ticket.solved(customer=ticket.customer)
    decision = Decision.objects.get(ticket=ticket)
    assert Signal.objects.filter(decision=decision, kind="confirmed", state="matured").count() == 1
    assert decision.belief > 0.9
    assert Ticket.objects.get(pk=ticket.pk).state == "resolved"


class TestDrafts:
    @pytest.fixture
    def draft(self, help_centre, happening):
        with happening():
            ticket = make_ticket(make_customer(), "Excel export of inspections, or maybe rather as CSV, for the auditor", handler="team")
        with happening():
            ticket.say("I mean exporting inspections to Excel for a period.", customer=ticket.customer)
        return Draft.objects.select_related("ticket").get(ticket=ticket, state="ready")

    def test_it_waits_for_the_agent_with_its_ground(self, draft, client):
        ines = make_user()
        client.force_login(ines)
        page = client.get(f"/tickets/{draft.ticket_id}/draft/").content.decode()
        assert "Draft for you" in page and "Export inspections to Excel" in page
        assert f"{draft.percent}%" in page
        assert Ticket.objects.get(pk=draft.ticket_id).has_draft

    @pytest.mark.parametrize(
        ("change", "state"), [(lambda body: body, "sent"), (lambda body: body.replace("Reports >", "Data >"), "edited")]
    )
    def test_sending_it_tells_learning_what_became_of_it(self, draft, happening, change, state):
        with happening():
            draft.ticket.reply(change(draft.body), by=make_user(), draft=draft.pk)
        draft.refresh_from_db()
        assert draft.state == state
        assert not Ticket.objects.get(pk=draft.ticket_id).has_draft
        assert Signal.objects.filter(decision=draft.decision, event__verb="message.replied").exists()

    def test_answering_otherwise_leaves_it_aside(self, draft, happening):
        with happening():
            draft.ticket.reply("Let me ring you.", by=make_user())
        draft.refresh_from_db()
        assert draft.state == "unused"

    def test_not_useful(self, draft, client):
        client.force_login(make_user())
        assert client.post(f"/tickets/{draft.ticket_id}/draft/dismissal/", headers={"HX-Request": "true"}).status_code == 200
        assert client.get(f"/tickets/{draft.ticket_id}/draft/").content == b""
        assert not Ticket.objects.get(pk=draft.ticket_id).has_draft


class TestWhyPage:
    def test_agents_see_the_numbers_the_customer_two_sentences_a_stranger_nothing(self, people_answered, happening, client):
        from django.test import Client

        people_answered()
        ticket = ask(happening)
        url = f"/decisions/{Decision.objects.get(ticket=ticket).pk}/why/"
        client.force_login(make_user())
        full = client.get(url, headers={"HX-Request": "true"}).content.decode()
        assert 'class="factors"' in full and "day-one policy" in full
        for customer, status in ((ticket.customer, 200), (make_customer("Mallory Vane"), 404)):
            browser = Client()
            session = browser.session
            session["customer_id"] = customer.pk
            session.save()
            response = browser.get(url, headers={"HX-Request": "true"})
            assert response.status_code == status
            if status == 200:
                assert "a person taught it" in response.content.decode() and "factors" not in response.content.decode()
        assert Client().get(url).status_code == 404


class TestAsk:
    @pytest.fixture
    def api(self, help_centre, client, happening):
        key = ApiKey.issue(name="CRM", scopes=["ask"], by=make_admin())[1]

        def api(**data):
            body = {"customer": {"email": "ada@client.example"}, **data}
            with happening():
                return client.post("/api/v1/ask", body, content_type="application/json", headers={"Authorization": f"Bearer {key}"})

        return api

    def test_the_turn_answers_within_the_request_when_it_commits(self, api):
        """The response is written before this test's transaction commits, so what it says is read from the ticket."""
        number = api(question="How can a guest sign a permit without an account?").json()["ticket"]
        assert last(Ticket.objects.get(pk=number)).kind == "answer"

    @pytest.mark.parametrize("data", [{}, {"question": ""}, {"question": "x" * 60_000}, {"question": "hi", "customer": {"email": "no"}}])
    def test_bad_questions_are_refused(self, api, data):
        response = api(**data)
        assert response.status_code == 400 and response.json()["error"]["fields"]

    def test_another_customers_ticket_cannot_be_gone_on_with(self, api):
        theirs = make_ticket(make_customer("Bo Lind"))
        assert api(question="And then?", ticket=theirs.pk).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_ask_answers_at_once(client, settings):
    from helpdesk.events import inline
    from tests.factories import make_article

    with inline():
        make_article("Let somebody sign without an account", "A guest can sign one permit without an account and without a seat.")
    key = ApiKey.issue(name="CRM", scopes=["ask"], by=make_admin())[1]
    body = {"question": "How can a guest sign a permit without an account and a seat?", "customer": {"email": "ada@client.example"}}
    answer = client.post("/api/v1/ask", body, content_type="application/json", headers={"Authorization": f"Bearer {key}"}).json()
    assert (answer["action"], answer["citations"][0]["title"]) == ("answer", "Let somebody sign without an account")
    assert answer["confidence"] > 0.5 and answer["why"] and answer["decision"]
