"""What was sent beside what was drafted, word by word, where the agent sees what the assistant made of it."""

import re

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from assistant.models import Draft
from assistant.wording import MOST_WORDS, word_by_word
from tests.assistant.test_beside import beside_of, ines
from tests.factories import make_ticket

__all__ = ["ines"]  # fixtures
DRAFTED = "Open **Reports** and choose 24 hours.\nThen press **Export**."
WORDS = st.lists(st.sampled_from(["open", "the", "report", "24", "not", "**Export**", "a\n", "b"]), max_size=30).map(" ".join)


def bare(text):
    return " ".join(text.split())


def put(pieces, *kinds):
    return bare("".join(f"{piece.text} " for piece in pieces if piece.kind in kinds))


@given(WORDS, WORDS)
def test_without_what_came_it_is_the_draft_and_without_what_went_it_is_what_was_sent(drafted, sent):
    pieces = word_by_word(drafted, sent)
    if not any("…" in piece.text for piece in pieces):
        assert put(pieces, "same", "del") == bare(drafted)
        assert put(pieces, "same", "ins") == bare(sent)


def test_long_stretches_that_stayed_are_left_out_but_beside_a_change():
    before = " ".join(f"w{n}" for n in range(100))
    pieces = word_by_word(before, before.replace("w50 ", "now "))
    assert [piece.kind for piece in pieces] == ["same", "del", "ins", "same"]
    assert pieces[0].text.strip() == "… " + " ".join(f"w{n}" for n in range(42, 50))
    assert pieces[-1].text.strip() == " ".join(f"w{n}" for n in range(51, 59)) + " …"


def test_texts_without_end_are_compared_as_far_as_anybody_reads():
    assert len("".join(piece.text for piece in word_by_word("a " * 40_000, "b " * 40_000)).split()) == 2 * MOST_WORDS


@pytest.fixture
def ticket(ines):
    return make_ticket(handler="team")


def drafted(ticket, body=DRAFTED):
    message = ticket.messages.order_by("-seq").first()
    return Draft.objects.create(ticket=ticket, message=message, body=body, confidence=0.5, threshold=0.8, at=timezone.now())


@pytest.mark.django_db
class TestBeside:
    def test_a_changed_fact_is_named_and_shown_in_its_place(self, client, ines, ticket):
        ticket.reply("Open **Reports** and choose 48 hours.\nThen press **Export**.", by=ines, draft=drafted(ticket).pk)
        page = beside_of(client, ticket)
        assert "This counts against the draft’s source:" in page
        assert "changed the number 24 to 48" in page
        shown = re.sub(r'<span class="visually-hidden">(.*?)</span>', r"\1", page)
        assert "<del>[taken out: 24]</del> <ins>[added: 48]</ins> hours." in shown

    def test_other_words_for_the_same_say_nothing_against_it(self, client, ines, ticket):
        ticket.reply("Hello Ada,\n\nopen **Reports** and choose 24 hours.\nThen press **Export**.", by=ines, draft=drafted(ticket).pk)
        page = beside_of(client, ticket)
        assert "says nothing against the draft" in page
        assert "<ins>" in page

    def test_sent_as_it_was_there_is_nothing_to_compare(self, client, ines, ticket):
        ticket.reply(DRAFTED, by=ines, draft=drafted(ticket).pk)
        page = beside_of(client, ticket)
        assert "You sent the draft as it was" in page
        assert "Word by word" not in page

    def test_what_either_wrote_is_text(self, client, ines, ticket):
        ticket.reply("<script>b()</script> Export.", by=ines, draft=drafted(ticket, "<script>a()</script> Export.").pk)
        page = beside_of(client, ticket)
        assert "&lt;script&gt;a()" in page
        assert "<script>" not in page

    def test_without_a_draft_or_with_another_tickets_there_is_nothing(self, client, ines, ticket):
        other = make_ticket(handler="team")
        ticket.reply("Hm", by=ines)
        assert "Drafted and sent" not in beside_of(client, ticket)
        ticket.reply("So", by=ines, draft=drafted(other).pk)
        assert "Drafted and sent" not in beside_of(client, ticket)

    def test_of_a_colleague_it_is_said_who(self, client, ines, ticket):
        from tests.factories import make_user

        ticket.reply(DRAFTED, by=make_user("Tom Aldridge"), draft=drafted(ticket).pk)
        assert "Tom Aldridge sent the draft as it was" in beside_of(client, ticket)
