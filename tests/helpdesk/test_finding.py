"""Finding tickets: every word anywhere in them, filters that are said when they mean nothing, and nothing that breaks out of the grammar."""

import datetime as dt
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk import inbox
from helpdesk.finding import grammar, results
from helpdesk.finding.meaning import understand
from helpdesk.models import Attachment, CustomerEmail, Message, Ticket, TicketWords
from tests.factories import make_customer, make_organisation, make_team, make_ticket, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ines(client):
    agent = make_user()
    client.force_login(agent)
    return agent


def with_team(body="How can a subcontractor sign without a seat?", **fields):
    return make_ticket(body=body, handler="team", **fields)


def found(agent, words, **kwargs):
    meaning = understand(words, agent=agent)
    return [row.pk for row in inbox.page(Ticket.objects.visible_to(agent), agent=agent, meaning=meaning, **kwargs).rows]


class TestWords:
    def test_of_a_history_copied_in_at_once_all_are_found_however_long(self, ines):
        one, other = with_team("The first"), with_team("The second")
        long = "pad " * 20_000
        told = [(one, f"alpha{n} {long if n % 3 == 0 else ''}") for n in range(2, 12)] + [(other, f"{long * 2} beta"), (other, "gamma")]
        Message.objects.bulk_create(
            Message(ticket=ticket, seq=seq, author="customer", customer=ticket.customer, body=body)
            for seq, (ticket, body) in enumerate(told, 2)
        )
        assert [found(ines, f"alpha{n}") for n in range(2, 12)] == [[one.pk]] * 10
        assert found(ines, "gamma") == [other.pk]
        Message.objects.filter(ticket=other, body="gamma").update(body="delta")
        assert found(ines, "delta") == [other.pk]

    def test_are_found_in_subjects_messages_notes_names_addresses_and_numbers(self, ines):
        brightwater = make_organisation()
        ada = make_customer(organisation=brightwater, email="ada.okonkwo@brightwater.example")
        ticket = with_team("Photos come out sideways", customer=ada)
        ticket.reply("Switch on the gyroscope.", by=ines)
        ticket.note("She was patient; escalated to Müller.", by=ines)
        other = with_team("An invoice", customer=make_customer("Bo Lind"))
        for words in [
            "sideways", "SIDEWAYS photos", "photo", "gyroscopes", "gyro", "patient", "muller", "Müller", "okonkwo", "ada okonkwo sideways",
            "ada.okonkwo@brightwater.example", "brightwater", "Brightwater gyroscope", f"#{ticket.pk}", str(ticket.pk),
        ]:  # fmt: skip
            assert found(ines, words) == [ticket.pk], words
        assert found(ines, "invoice") == [other.pk]
        assert found(ines, "invoice sideways") == []

    def test_a_number_comes_first_and_once_though_others_mention_it(self, ines, monkeypatch):
        ticket = with_team("The first")
        others = [with_team(f"It is like {ticket.pk} again {n}") for n in range(3)]
        assert found(ines, f"{ticket.pk}") == [ticket.pk, *(other.pk for other in reversed(others))]

    def test_stop_words_say_nothing_beside_others(self, ines):
        ticket = with_team("The map is blank on the tablet")
        assert found(ines, "the map is blank") == [ticket.pk]

    def test_a_quoted_phrase_stands_as_it_is(self, ines):
        beside = with_team("We saw a double charge today")
        apart = with_team("A charge came double")
        assert found(ines, "double charge") == [apart.pk, beside.pk]
        assert found(ines, '"double charge"') == [beside.pk]
        assert found(ines, 'charge -"double charge"') == [apart.pk]

    def test_what_is_added_changed_and_moved_is_found_where_it_is(self, ines):
        ticket, other = with_team("First"), with_team("Second")
        message = ticket.messages.get()
        message.body = "Turnstile"
        message.save()
        assert found(ines, "turnstile") == [ticket.pk]
        message.seq, message.ticket = 2, other
        message.save()
        assert other.pk in found(ines, "turnstile")
        Ticket.objects.filter(pk=other.pk).update(subject="Renamed wholly")
        assert found(ines, "subject:renamed") == [other.pk]
        other.customer.name = "Zenobia Amara"
        other.customer.save()
        assert found(ines, "customer:zenobia") == [other.pk]
        CustomerEmail.objects.create(customer=other.customer, email="second@address.example")
        assert found(ines, "second@address.example") == [other.pk]
        other.messages.all().delete()
        assert found(ines, "turnstile") == [ticket.pk]  # what moved away is still known here until it is made anew
        TicketWords.rebuild(ticket)
        assert found(ines, "turnstile") == []

    def test_names_of_files_are_found_by_their_parts(self, ines):
        ticket = with_team()
        put = Attachment.put(SimpleUploadedFile("Site-Report_Q3.final.txt", b"Words in it"), by=ticket.customer)
        Attachment.tie([put], ticket.messages.get())
        for words in ["report", "q3", "Site-Report_Q3.final.txt", "final.txt"]:
            assert found(ines, words) == [ticket.pk], words
        TicketWords.rebuild(ticket)
        assert found(ines, "q3") == [ticket.pk]

    def test_a_word_of_three_thousand_letters_is_taken_and_breaks_nothing(self, ines):
        ticket = with_team("w" * 3000 + " and then a turnstile")
        assert found(ines, "turnstile") == [ticket.pk]


class TestFilters:
    @pytest.fixture
    def desk(self, ines):
        tom, billing = make_user("Tom Aldridge"), make_team("Billing")
        tickets = {name: with_team(f"About {name}") for name in ["mine", "toms", "billing", "tagged", "old", "solved", "urgent"]}
        tickets["mine"].assign(to=ines, by=ines)
        tickets["toms"].assign(to=tom, by=ines)
        tickets["billing"].assign(team=billing, by=ines)
        tickets["tagged"].tag(add=["billing", "Sales Call"], by=ines)
        tickets["solved"].resolve(by=ines)
        tickets["urgent"].prioritise("urgent", by=ines)
        Ticket.objects.filter(pk=tickets["old"].pk).update(updated_at=timezone.make_aware(dt.datetime(2025, 3, 4)), channel="email")
        tickets["chat"] = make_ticket(body="About chat", channel="chat")
        return tickets

    @pytest.mark.parametrize(
        ("words", "names"),
        [
            ("is:solved", None),
            ("is:resolved", {"solved"}),
            ("assignee:me", {"mine"}),
            ("assignee:tom", {"toms"}),
            ("assignee:none -is:assistant is:open", {"billing", "tagged", "old", "urgent"}),
            ("team:billing", {"billing"}),
            ("tag:billing", {"tagged"}),
            ('tag:"sales call"', {"tagged"}),
            ("tag:billing -tag:sales-call", set()),
            ("channel:email", {"old"}),
            ("before:2025-06-01", {"old"}),
            ("before:2025-03", set()),
            ("after:2025-03 before:2025-04", {"old"}),
            ("is:urgent", {"urgent"}),
            ("priority:urgent is:open", {"urgent"}),
            ("is:assistant", {"chat"}),
            ("About channel:chat", {"chat"}),
            ("subject:tagged", {"tagged"}),
            ("after:today -is:open", {"solved"}),
        ],
    )
    def test_each_finds_what_it_says(self, ines, desk, words, names):
        wanted = set(desk) if names is None else names
        assert {name for name, ticket in desk.items() if ticket.pk in found(ines, words)} == wanted

    def test_unread_is_of_this_agent(self, ines, desk):
        tom = make_user("Tom Reader")
        desk["mine"].mark_read(ines)
        assert desk["mine"].pk not in found(ines, "is:unread")
        assert desk["mine"].pk in found(tom, "is:unread")
        assert found(ines, "-is:unread About assignee:me") == [desk["mine"].pk]

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ("is:broken About", "“is:broken” means nothing here."),
            ("colour:red About", "There is no filter “colour:”."),
            ("assignee:zoltan About", "Nobody here is called “zoltan”"),
            ("team:nowhere About", "There is no team called “nowhere”"),
            ("org:nothing About", "There is no organisation called “nothing”"),
            ("before:soon About", "“soon” is no day."),
            ("before:2026-02-31 About", "“2026-02-31” is no day."),
            ("tag: About", "After “tag:” comes a tag."),
            ('"About', "is never closed"),
        ],
    )
    def test_what_cannot_be_read_is_said_and_the_rest_applies(self, client, ines, desk, words, said):
        bo = with_team("Other matter")
        page = client.get("/inbox/everything/", {"q": words}).content.decode()
        assert said in page
        assert f'id="row-{bo.pk}"' not in page
        assert ("colour" in words) or f'id="row-{desk["mine"].pk}"' in page


class TestPages:
    @pytest.mark.parametrize("few", [0, 10_000])
    @pytest.mark.parametrize("sort", ["newest", "waiting"])
    def test_hold_every_row_once_on_both_ways(self, ines, monkeypatch, few, sort):
        monkeypatch.setattr(results, "FEW", few)
        monkeypatch.setattr(results, "WALKED", 9)
        now = timezone.now()
        tickets = [with_team(f"Turnstile {n}", at=now - dt.timedelta(minutes=n // 3)) for n in range(25)]
        Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets[:7]]).update(waiting_since=None)
        [with_team("Something else", at=now + dt.timedelta(minutes=1)) for _ in range(12)]  # newer than the window
        seen, after = [], ""
        meaning = understand("turnstile", agent=ines)
        while True:
            page = inbox.page(Ticket.objects.all(), agent=ines, sort=sort, after=after, size=4, meaning=meaning)
            seen += [row.pk for row in page.rows]
            if page.next is None:
                break
            after = str(page.next)
        assert sorted(seen) == sorted(ticket.pk for ticket in tickets)
        assert len(seen) == 25

    @pytest.mark.parametrize("few", [0, 10_000])
    def test_only_what_is_not_there_can_be_asked_for(self, ines, monkeypatch, few):
        monkeypatch.setattr(results, "FEW", few)
        ticket, _ = with_team("Kept"), with_team("Turnstile")
        assert found(ines, "-turnstile") == [ticket.pk]

    def test_twenty_found_cost_as_many_queries_as_two_hundred(self, client, ines):
        def cost(rows):
            while Ticket.objects.count() < rows:
                with_team(f"Turnstile {Ticket.objects.count()}")
            with CaptureQueriesContext(connection) as queries:
                page = client.get("/inbox/all/", {"q": "turnstile is:open", "shown": rows}).content.decode()
            assert len(re.findall(r'id="row-', page)) == rows
            return len(queries)

        client.get("/inbox/all/")
        # as for the list, and: the words' lexemes, how many are expected, which they are, the excerpts, the rows of those numbers
        assert [cost(20), cost(200)] == [15, 15]


class TestExcerpts:
    def test_a_row_shows_where_the_words_are_and_nothing_runs(self, client, ines):
        ticket = with_team("Photos are wrong <script>alert(1)</script> in the report")
        ticket.reply("Long before it. " * 20 + "Turn the <b>gyroscope</b> on & wait. " + "Long after it. " * 20, by=ines)
        page = client.get("/inbox/everything/", {"q": "gyroscope photo"}).content.decode()
        row = page.split('id="rows"')[1]
        assert "&lt;b&gt;<mark>gyroscope</mark>&lt;/b&gt; on &amp; wait" in row
        assert "<mark>Photos</mark> are wrong &lt;script&gt;" in row

    def test_accents_are_marked_as_they_are_written(self, ines):
        with_team("Frau Müller wartet")
        meaning = understand("muller", agent=ines)
        assert "<mark>Müller</mark>" in inbox.page(Ticket.objects.all(), agent=ines, meaning=meaning).rows[0].found_subject


def test_what_others_may_not_see_is_never_found(ines):
    legal = make_team("Legal", is_private=True)
    with_team("A turnstile", team=legal)
    assert found(ines, "turnstile") == []
    assert found(ines, "team:legal") == []
    assert found(ines, "-something") == []


PIECES = st.sampled_from(
    [
        *(f"{key}:" for key in grammar.FILTERS),
        "is:open",
        "is:unread",
        "-",
        '"',
        "'",
        "\\",
        ":",
        "*",
        "&",
        "|",
        "!",
        "(",
        ")",
        "<->",
        ":*A",
        "%",
        "_",
        "tag:billing",
        "-tag:spam",
        "before:2026-10-01",
        "after:9999d",
        "assignee:me",
        "#12",
        "99999999999999999999",
        "OR",
        "NOT",
        ";",
        "--",
        "/*",
        "\x00",
        "photo",
        "the",
        "\ud800",
        "ünïcode",
        "日本語",
        "$1",
        "%s",
        "{0}",
        "$$",
        "E'x'",
        "::",
        "id__gt:1",
        "customer__email:a",
        "x" * 400,
        "\n",
        " ",
    ]  # fmt: skip
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=12).map("".join))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_typed_is_read_and_keeps_to_what_may_be_seen(ines_alone, text):
    agent, visible, hidden = ines_alone
    asked = grammar.read(text)
    assert all(part.key in {"", *grammar.FILTERS} for part in asked.parts)
    assert str(grammar.read(str(asked))) == str(asked)
    assert set(found(agent, text)) <= visible
    assert hidden not in found(agent, text)


@pytest.fixture
def ines_alone(ines):
    visible = {with_team("The photo is sideways", tags=["billing"]).pk, make_ticket(body="the invoice").pk}
    return ines, visible, with_team("The photo is sideways", team=make_team("Legal", is_private=True), tags=["billing"]).pk
