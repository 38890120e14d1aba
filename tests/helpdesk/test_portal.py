"""A customer and their questions. Ada asks, Bo is her colleague, Mallory a stranger, Ines and Tom answer."""

import threading

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk.identity import CUSTOMER_KEY
from helpdesk.models import Message, Ticket
from helpdesk.question import Question, judge
from tests.factories import make_article, make_customer, make_organisation, make_ticket, make_user

pytestmark = pytest.mark.django_db
EVIL = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    '"><svg onload=alert(1)>',
    "{{ 7654321*3 }}",
]


def browser(customer=None, agent=None):
    client = Client()
    if agent:
        client.force_login(agent, backend="django.contrib.auth.backends.ModelBackend")
    if customer:
        session = client.session
        session[CUSTOMER_KEY] = customer.pk
        session.save()
    return client


@pytest.fixture
def ada():
    return make_customer(organisation=make_organisation())


@pytest.fixture
def client(ada):
    return browser(ada)


@pytest.fixture
def ticket(ada):
    return make_ticket(ada)


def answered(ticket, body="Add a **guest**. [1]", **meta):
    source = make_article("Guest signatures").source
    cited = [{"n": 1, "source": source.pk, "title": source.title, "path": source.path, "quote": "No seat.", "kind": "article"}]
    ticket.answer(body, meta={"kind": "answer", "title": "Guest signatures", "citations": cited, **meta})
    return source


def address(ticket, rest=""):
    return f"/questions/{ticket.number}/{rest}"


def verdict(client, ticket, said, **data):
    return client.post(address(ticket, "verdict/"), {"verdict": said, **data})


def verbs(ticket):
    return list(ticket.events.values_list("verb", flat=True))


class TestWhoSees:
    def test_strangers_find_nothing_and_visitors_are_asked_to_sign_in(self, ticket):
        ticket.say("ZEBRA", customer=ticket.customer)
        stranger = browser(make_customer("Mallory Vane"))
        for rest in ("", "messages/"):
            assert stranger.get(address(ticket, rest)).status_code == 404
            assert browser().get(address(ticket, rest))["Location"].startswith("/sign-in/?next=")
        for rest in ("messages/", "verdict/"):
            assert stranger.post(address(ticket, rest), {"body": "x", "verdict": "solved"}).status_code == 404
            assert browser().post(address(ticket, rest))["Location"].startswith("/sign-in/")
        assert b"ZEBRA" not in stranger.get("/questions/").content
        ticket.refresh_from_db()
        assert (ticket.last_seq, ticket.state) == (2, "open")

    def test_an_agent_is_no_customer_here(self, ticket):
        assert browser(agent=make_user()).get(address(ticket))["Location"].startswith("/sign-in/")

    def test_a_colleague_reads_where_they_share_and_leaves_the_talking_to_who_asked(self, ada, ticket):
        answered(ticket)
        bo = browser(make_customer("Bo Lind", organisation=ada.organisation))
        assert bo.get(address(ticket)).status_code == 404
        type(ada.organisation).objects.update(shares_tickets=True)
        page = bo.get(address(ticket)).content.decode()
        assert "Ada Okonkwo asked this" in page
        assert "Did this solve it?" not in page
        assert "<textarea" not in page
        for rest, data in (("messages/", {"body": "Mine now"}), ("verdict/", {"verdict": "solved"}), ("verdict/", {"verdict": "person"})):
            assert bo.post(address(ticket, rest), data).status_code == 403
        ticket.refresh_from_db()
        assert (ticket.state, ticket.last_seq, ticket.customer_read_seq) == ("open", 2, 1)

    def test_notes_and_what_goes_on_inside_stay_inside(self, client, ticket):
        ines = make_user()
        ticket.note("OKAPI churn risk", by=ines)
        ticket.tag(add=["okapi-vip"], remove=[], by=ines)
        for page in (address(ticket), address(ticket, "messages/"), "/questions/"):
            assert "okapi" not in client.get(page).content.decode().lower()

    def test_a_source_that_they_may_no_longer_open_is_named_without_a_link(self, client, ticket):
        source = answered(ticket)
        assert f'href="{source.path}"' in client.get(address(ticket)).content.decode()
        source.article.revise(audience="internal")
        page = client.get(address(ticket)).content.decode()
        assert f'href="{source.path}"' not in page
        assert "Guest signatures" in page


class TestAsking:
    def test_a_question_sent_twice_is_one(self, client, ada):
        data = {"question": "Can a guest sign?", "details": "", "client_msg_id": "tab-1", "page": "/permits/new"}
        first, second = (client.post("/ask/", data) for _ in range(2))
        ticket = Ticket.objects.get()
        assert first["Location"] == second["Location"] == address(ticket)
        assert (ticket.customer, ticket.channel, ticket.page, ticket.subject) == (ada, "portal", "/permits/new", "Can a guest sign?")

    @pytest.mark.parametrize(
        ("question", "words"),
        [
            ("", "Write your question"),
            (" \n ", "Write your question"),
            ("x" * 1_000_000, "longer than 50,000"),
            ("a\x00b", "Null characters"),
        ],
    )
    def test_what_cannot_be_taken_is_said_and_what_was_typed_stays(self, client, question, words):
        response = client.post("/ask/", {"question": question, "details": "my careful words"})
        assert response.status_code == 422
        assert words in response.content.decode()
        assert b"my careful words" in response.content
        assert not Ticket.objects.exists()

    def test_a_flood_is_slowed_and_what_was_typed_stays(self, client, ada):
        for _ in range(30):
            make_ticket(ada)
        response = client.post("/ask/", {"question": "One more?", "details": "my careful words"})
        assert response.status_code == 429
        assert b"my careful words" in response.content
        assert Ticket.objects.count() == 30

    def test_nobody_names_the_customer_in_a_form(self, client, ada):
        client.post(
            "/ask/", {"question": "Hi?", "email": "victim@client.example", "customer": "1", "state": "resolved", "priority": "urgent"}
        )
        ticket = Ticket.objects.get()
        assert (ticket.customer, ticket.state, ticket.priority) == (ada, "open", "normal")

    @pytest.mark.parametrize("evil", EVIL)
    def test_nothing_written_runs(self, evil):
        ada = make_customer(evil, email="evil@client.example")
        client = browser(ada)
        client.post("/ask/", {"question": evil, "details": evil, "page": evil})
        ticket = Ticket.objects.get()
        answered(ticket, body=f"{evil} [1]", title=evil)
        ticket.say(evil, customer=ada)
        ticket.reply(evil, by=make_user(evil, email="agent@desk.example"))
        for page in (address(ticket), "/questions/", address(ticket, "?missing=1")):
            text = client.get(page).content.decode()
            assert not any(bad in text for bad in ("<script>alert", "<img src=x", "<svg onload", 'href="javascript', "22962963", " style="))


class TestAnswer:
    def test_it_stands_with_its_sources_and_the_three_responses(self, client, ticket):
        source = answered(ticket)
        page = client.get(address(ticket)).content.decode()
        assert '<a class="cite" href="#s2-1">1</a>' in page
        assert 'id="s2-1"' in page
        assert f'href="{source.path}"' in page
        assert page.count('name="verdict"') == 3

    def test_that_solved_it(self, client, ticket):
        answered(ticket)
        for _ in range(2):
            assert verdict(client, ticket, "solved").status_code == 302
        assert verbs(ticket).count("ticket.solved") == 1
        assert "Thank you" in client.get(address(ticket)).content.decode()

    def test_not_quite_asks_what_is_missing_and_says_it_once(self, client, ticket):
        answered(ticket)
        assert verdict(client, ticket, "not_quite")["Location"] == address(ticket, "?missing=1#missing")
        assert "What is missing?" in client.get(address(ticket, "?missing=1")).content.decode()
        for _ in range(2):
            verdict(client, ticket, "not_quite", comment="He has no phone.", answer=2)
        assert verbs(ticket).count("ticket.not_quite") == verbs(ticket).count("message.said") == 1

    def test_not_quite_without_a_word_goes_to_people(self, client, ticket):
        answered(ticket)
        verdict(client, ticket, "not_quite", comment=" ", answer=2)
        ticket.refresh_from_db()
        assert ticket.handler == "team"

    def test_a_person_is_asked_for_once(self, client, ticket):
        answered(ticket)
        for _ in range(2):
            verdict(client, ticket, "person")
        assert verbs(ticket).count("ticket.person_requested") == verbs(ticket).count("ticket.handed_off") == 1
        assert "With our team" in client.get(address(ticket)).content.decode()

    @pytest.mark.parametrize("said", ["", "SOLVED", "assumed", "\x00"])
    def test_other_verdicts_are_refused(self, client, ticket, said):
        assert verdict(client, ticket, said).status_code == 400

    def test_too_long_a_comment_is_said_and_kept(self, client, ticket):
        answered(ticket)
        response = verdict(client, ticket, "not_quite", comment="y" * 60_000)
        assert response.status_code == 422
        assert b"yyyy" in response.content

    def test_of_several_meanings_one_is_chosen_by_a_button(self, client, ticket):
        ticket.answer(
            "Which?", meta={"kind": "clarify", "options": [{"source": 7, "title": "Export to PDF"}, {"source": 8, "title": "Excel"}]}
        )
        page = client.get(address(ticket)).content.decode()
        assert page.count('name="option"') == 2
        client.post(address(ticket, "messages/"), {"option": "99"})
        assert ticket.messages.count() == 2
        client.post(address(ticket, "messages/"), {"option": "7", "client_msg_id": "option-2"})
        said = ticket.messages.last()
        assert (said.body, said.meta) == ("Export to PDF", {"option": 7})

    def test_until_it_comes_the_page_says_so(self, client, ticket):
        assert "Working on it" in client.get(address(ticket)).content.decode()


class TestTalk:
    def test_written_answered_read(self, client, ticket):
        tom = make_user("Tom Aldridge")
        answered(ticket)
        verdict(client, ticket, "person")
        client.post(address(ticket, "messages/"), {"body": "Are you there?", "client_msg_id": "m1"})
        assert "Sent</p>" in client.get(address(ticket)).content.decode()
        ticket.refresh_from_db()
        ticket.mark_read(tom)
        assert "Read by Tom" in client.get(address(ticket)).content.decode()
        ticket.reply("Yes.", by=tom)
        page = client.get(address(ticket)).content.decode()
        assert "With Tom" in page
        assert "Waiting for you" in page
        assert "The assistant suggested" in page
        ticket.refresh_from_db()
        assert ticket.customer_read_seq == ticket.last_seq

    def test_a_message_sent_twice_is_one(self, client, ticket):
        for _ in range(2):
            client.post(address(ticket, "messages/"), {"body": "Hello?", "client_msg_id": "m1"})
        assert ticket.messages.count() == 2

    @pytest.mark.parametrize("body", ["", " ", "x" * 1_000_000])
    def test_what_cannot_be_said_is_refused_in_words_and_kept(self, client, ticket, body):
        response = client.post(address(ticket, "messages/"), {"body": body})
        assert response.status_code == 422
        assert body in response.content.decode()
        assert ticket.messages.count() == 1

    def test_writing_opens_a_solved_question_again(self, client, ticket):
        answered(ticket)
        verdict(client, ticket, "solved")
        client.post(address(ticket, "messages/"), {"body": "It came back."})
        ticket.refresh_from_db()
        assert ticket.state == "open"

    def test_an_open_page_is_told_only_of_what_is_new(self, client, ticket):
        version = Question.load(ticket, ticket.customer).version
        assert client.get(address(ticket, "messages/"), {"version": version}).status_code == 204
        ticket.note("Inside.", by=make_user())
        assert client.get(address(ticket, "messages/"), {"version": version}).status_code == 204
        ticket.reply("Outside.", by=make_user())
        fresh = client.get(address(ticket, "messages/"), {"version": version})
        assert b"Outside." in fresh.content
        assert b"<html" not in fresh.content

    def test_a_long_talk_comes_in_pages(self, client, ticket):
        for number in range(120):
            ticket.say(f"Line {number:03}.", customer=ticket.customer)
        newest = client.get(address(ticket)).content.decode()
        assert "Line 119." in newest
        assert "Line 010." not in newest
        assert "Line 010." in client.get(address(ticket, "?before=22")).content.decode()


@pytest.mark.parametrize("rows", [20, 200])
def test_the_list_takes_as_many_queries_for_many_as_for_few(client, ada, rows):
    """Session, customer, the rows, the settings; with more than a page of them, not one more."""
    for number in range(rows):
        make_ticket(ada, body=f"Question {number}?", at=timezone.now() - timezone.timedelta(minutes=number))
    client.get("/questions/")
    with CaptureQueriesContext(connection) as captured:
        page = client.get("/questions/").content.decode()
    assert page.count('class="asked-row"') == 20
    assert len(captured) == 4


def test_the_list_is_walked_to_its_end_without_a_gap(client, ada):
    at = timezone.now()
    made = {make_ticket(ada, body=f"Question {number}?", at=at).pk for number in range(45)}
    seen, page = set(), "/questions/"
    while page:
        context = client.get(page).context
        seen |= {row.pk for row in context["rows"]}
        page = f"/questions/?before={context['older']}" if context["older"] else ""
    assert seen == made


@pytest.mark.parametrize(
    "cursor",
    ["x", "2026-99-99T00:00:00Z~1", "~", "2026-01-01T00:00:00Z~9" + "9" * 30, "%00", "2026-01-01T00:00:00~1"]
    + ["0001-01-01T00:00:00%2B23:59~1", "9999-12-31T23:59:59-23:59~99999999999999999"],
)
def test_a_broken_cursor_shows_the_first_page(client, ticket, cursor):
    assert ticket.subject in client.get(f"/questions/?before={cursor}").content.decode()


def test_one_question_takes_few_queries_however_long_it_is(client, ticket):
    answered(ticket)
    ticket.ask_for_person(customer=ticket.customer)
    for number in range(40):
        ticket.say(f"Line {number}", customer=ticket.customer)
        ticket.reply("Yes.", by=make_user())
    client.get(address(ticket))
    with CaptureQueriesContext(connection) as captured:
        client.get(address(ticket))
    assert len(captured) <= 11


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_once_one_counts():
    ticket = make_ticket()  # the assistant, with nothing to go by, has handed it off
    Ticket.objects.filter(pk=ticket.pk).update(handler="assistant")
    answer = ticket.answer("Yes.", meta={"kind": "answer"}).seq
    start = threading.Barrier(2)

    def click():
        start.wait()
        judge(Ticket.objects.get(pk=ticket.pk), customer=ticket.customer, verdict="not_quite", comment="No.", answer=answer)
        connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert verbs(ticket).count("ticket.not_quite") == 1
    assert Message.objects.filter(ticket=ticket, body="No.").count() == 1


class TestSignedOutElsewhere:
    """Ada has two tabs open, and signs out in one."""

    def test_what_was_written_is_still_there_after_signing_in_again(self, ada, ticket):
        client = browser()
        response = client.post(address(ticket, "messages/"), {"body": "It happens on the tablet only."})
        assert response["Location"].endswith(f"next={address(ticket).replace('/', '%2F')}")
        session = client.session
        session[CUSTOMER_KEY] = ada.pk
        session.save()
        assert "It happens on the tablet only." in client.get(address(ticket)).content.decode()
        assert "It happens on the tablet only." not in client.get(address(ticket)).content.decode()
        assert ticket.messages.count() == 1

    def test_nobody_else_sees_it_there(self, ada, ticket):
        client = browser()
        client.post(address(ticket, "messages/"), {"body": "It happens on the tablet only."})
        session = client.session
        session[CUSTOMER_KEY] = make_customer("Mallory Vane").pk
        session.save()
        assert client.get(address(ticket)).status_code == 404
