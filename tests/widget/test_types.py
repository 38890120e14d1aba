"""The types that builders of other pages write against say what the loader does: every call, every context it takes, and no other."""

import re
from pathlib import Path

from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "static/widget"
LOADER, TYPES = (FOLDER / "loader.js").read_text(), (FOLDER / "widget.d.ts").read_text()


def block(text, opening, closing):
    return text.split(opening, 1)[1].split(closing, 1)[0]


def fields(interface):
    return set(re.findall(r"^  (\w+)\??:", block(TYPES, f"interface {interface} {{", "\n}"), re.MULTILINE))


def test_every_call_of_the_loader_has_its_type_and_the_other_way_round():
    calls = set(re.findall(r"^    (?:async )?(\w+)(?:\(|,|:)", block(LOADER, "const calls = {", "\n  };"), re.MULTILINE))
    assert {"init", "open", "shutdown"} <= calls
    assert set(re.findall(r'\(call: "(\w+)"', TYPES)) == calls


def test_the_context_and_the_options_are_those_that_the_loader_reads():
    known = re.search(r"const known = \[(.*?)\]", LOADER)[1]
    assert fields("WhetstoneContext") == set(re.findall(r'"(\w+)"', known))
    assert fields("WhetstoneOptions") == set(re.findall(r"\boptions\.(\w+)", LOADER))


def test_the_events_are_those_that_the_loader_sends():
    sent = set(re.findall(r'\bemit\("(\w+)"', LOADER))
    typed = set(re.findall(r'"(\w+)"', " ".join(re.findall(r"\bevent: ([^,]+),", TYPES))))
    assert typed == sent
