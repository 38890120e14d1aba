"""What agents change in drafts, and what of it says that the draft was wrong."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.edits import adds_facts, compare

NUMBERED = "1. Open **Assets**.\n2. Choose **Labels**.\n3. Print at 100 %."

# (drafted, sent, verdict, what is said of it)
TABLE = [
    # Nothing and tone.
    ("Open **Settings**.\n", "Open  **Settings**.", "none", []),
    ("Open **Settings** and choose 62 mm.", "Hi Ada,\n\nOpen **Settings** and choose 62 mm.\n\nBest wishes,\nInes", "tone", []),
    ("Open **Settings** and choose 62 mm.", "Hi! Open **Settings** and choose 62 mm. Shout if you get stuck.", "tone", []),
    ("You can extend a permit for 14 days.", "Sure, you can extend a permit for fourteen days.", "tone", []),
    ("It takes two minutes.", "It usually takes 2 minutes.", "tone", []),
    ("Photos are kept on the phone. They are sent later.", "They are sent later. Photos are kept on the phone.", "tone", []),
    ("Invite them under **Team**. A guest takes no seat.", "A guest takes no seat. Invite them under **Team**, please.", "tone", []),
    ("Open **Billing**, then **Invoices**.", "Open **Billing > Invoices**.", "tone", []),
    ("The limit is 1,200 assets.", "Just so you know: the limit is 1200 assets.", "tone", []),
    ("Write to us and we will help.", "Do write to us and we will help. No problem at all!", "tone", []),
    ("A guest signs without an account.", "A guest signs without an account, and don’t worry about the order.", "tone", []),
    ("Choose **Extend**. Thanks for asking. Have a good day.", "Choose **Extend**.", "tone", []),
    ("Choose **Extend**.", "Choose **Extend**. It shows until 18:00.", "tone", []),
    ("See [Permits](/articles/permits).", "Have a look at [our page on permits](/articles/permits).", "tone", []),
    ("1. Open **Assets**.\n2. Choose **Labels**.", "Open **Assets**, then choose **Labels**.", "tone", []),
    # Numbers, dates.
    ("Open **Settings** and choose 62 mm.", "Open **Settings** and choose 29 mm.", "facts", ["changed the number 62 to 29"]),
    ("You can extend it for 14 days.", "You can extend it for thirty days.", "facts", ["changed the number 14 to 30"]),
    ("It is due on 3 May.", "It is due on 3 June.", "facts", ["changed the number may to june"]),
    ("We answer on Monday.", "We answer on Thursday.", "facts", ["changed the number monday to thursday"]),
    ("Allow 203.0.113.16/28 in the firewall of your office, and there only.", "Allow our addresses in the firewall of your office, and there only.", "facts", ["took out the number 203.0.113.16/28"]),
    # Things to press, links.
    ("Open **Settings** and choose 62 mm.", "Open **Billing** and choose 62 mm.", "facts", ["changed the name settings to billing"]),
    ("Press **Send**, or `Ctrl+Enter`.", "Press **Send**.", "facts", ["took out the name ctrl+enter"]),
    ("See [Permits](/articles/permits).", "See [Permits](/articles/guests).", "facts", ["changed the link /articles/permits to /articles/guests"]),
    ("The manual of this printer is at https://docs.example/a.", "The manual of this printer is in the help centre.", "facts", ["took out the link https://docs.example/a"]),
    # The opposite.
    ("Open **Settings** and choose 62 mm.", "Do not open **Settings** and choose 62 mm.", "facts", ["turned"]),
    ("A guest can sign a permit.", "A guest cannot sign a permit.", "facts", ["turned"]),
    ("Members see prices by default.", "Members don’t see prices by default.", "facts", ["turned"]),
    ("Turn it on before you leave.", "Turn it off before you leave.", "facts", ["turned"]),
    ("Only an admin may do that.", "Only a member may do that.", "facts", ["turned"]),
    # Steps.
    (NUMBERED, "1. Open **Assets**.\n2. Print at 100 %.\n3. Choose **Labels**.", "facts", ["put the steps into another order"]),
    (NUMBERED, "1. Open **Assets**.\n2. Choose **Labels**.\n3. Restart the printer.\n4. Print at 100 %.", "facts", ["added the step “Restart the printer.”"]),
    ("- Sign in\n- Wait a while\n- Try again", "- Sign in\n- Try again", "facts", ["took out the step “Wait a while”"]),
    # Anew.
    (
        "Forms are kept on the phone until there is a connection.",
        "This was a fault of ours and has been mended since; please update the app.",
        "facts",
        ["wrote most of it anew"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("drafted", "sent", "verdict", "said"), TABLE, ids=lambda value: value[:24] if isinstance(value, str) else "")
def test_what_was_changed(drafted, sent, verdict, said):
    edit = compare(drafted, sent)
    assert edit.verdict == verdict, edit
    words = [part.words for part in edit.parts if part.wrong]
    assert len(words) == len(said) and all(any(word.startswith(each) for word in words) for each in said), words


def test_more_that_is_wrong_is_a_higher_grade():
    drafted = "Open **Settings**, choose 62 mm and wait 5 minutes."
    one = compare(drafted, "Open **Settings**, choose 29 mm and wait 5 minutes.")
    two = compare(drafted, "Open **Billing**, choose 29 mm and wait 5 minutes.")
    assert 0.5 <= one.grade < two.grade < 1


def test_the_gravest_is_told_first():
    edit = compare("A guest can sign within 3 days. See https://docs.example/a.", "A guest cannot sign within 3 days.")
    assert [part.words[:6] for part in edit.parts] == ["turned", "took o"]


def test_a_reply_that_names_what_the_text_does_not_adds_facts():
    known = "Open **Settings** and choose two labels at 62 mm."
    assert not adds_facts(known, "Choose 2 labels, 62 mm, in **Settings**.")
    assert adds_facts(known, "Choose 29 mm.")
    assert adds_facts(known, "Open **Billing**.")
    assert adds_facts(known, "See https://docs.example/a.")


texts = st.text(alphabet="aA1 .\n*`[]()->:/’é", max_size=80)


@given(texts)
def test_a_text_is_the_same_as_itself(text):
    assert compare(text, f" {text}\n").verdict == "none"


@given(texts, texts)
def test_the_grade_is_a_probability_and_the_verdict_follows_it(drafted, sent):
    edit = compare(drafted, sent)
    assert 0 <= edit.grade <= 1
    assert edit.verdict in {"none", "tone", "facts"}
    assert all(0 < part.wrong <= 1 and part.words for part in edit.parts)


@given(texts)
def test_a_greeting_changes_nothing(text):
    said = text.strip()
    if said:
        assert compare(said, f"Hello Ada,\n\n{said}").grade == compare(said, said + " ").grade == 0


@pytest.mark.parametrize("text", ["a. " * 20_000, "1. a\n" * 20_000, "**" * 30_000, "[a](" * 15_000, "Hi " * 20_000, "\n" * 60_000])
def test_a_long_text_costs_no_more_than_its_length(text):
    began = time.process_time()
    compare(text, text + "b")
    assert time.process_time() - began < 2
