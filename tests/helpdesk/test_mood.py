"""Plain signals of how somebody feels, each said in words."""

import pytest

from helpdesk import mood


@pytest.mark.parametrize(
    ("said", "more", "level", "because"),
    [
        (["How do I add a guest?"], {}, "calm", ""),
        (["How do I open PTW-2291 with the API?"], {}, "calm", ""),
        (["Thank you, that worked"], {}, "pleased", "says thank you"),
        (["It still does not open"], {}, "tense", "says that it goes on"),
        (["WHERE DID THE EXPORT GO"], {}, "tense", "writes in capitals"),
        (["where did it go??"], {}, "tense", "repeats ! and ?"),
        (["This is useless. I ALREADY SAID THAT!!"], {}, "upset", "uses angry words, says that it goes on, repeats ! and ?"),
        (["Hello"], {"not_quite": 2, "asked_for_person": True}, "upset", "asked for a person, sent 2 answers back"),
        (["Useless", "ok", "fine", "and now?"], {}, "calm", ""),
        (
            ["Thanks, but it is still broken and this is urgent, I am fed up"],
            {},
            "upset",
            "uses angry words, says that it is urgent, says that it goes on",
        ),
        ([], {}, "calm", ""),
    ],
)
def test_what_is_seen_is_said(said, more, level, because):
    found = mood.read(said, **more)
    assert (found.level, found.why) == (level, because)
