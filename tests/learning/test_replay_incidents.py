"""`replay_incidents`: what would have been raised over somebody's own past, and what is said of a file that cannot be used."""

import datetime as dt
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.learning.test_incidents import SAID, TOPICS


def write(path, rows):
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return path


def stream(start=dt.datetime(2026, 1, 5, tzinfo=dt.UTC)):
    rows = [(start + dt.timedelta(hours=2 * n), f"{TOPICS[n % 5]} about thing{n % 37}", f"c{n % 61}") for n in range(450)]
    rows += [(start + dt.timedelta(days=30, minutes=4 * n), SAID[n % 4].format(n=n), f"c{n}") for n in range(15)]
    rows += [(start + dt.timedelta(days=20, seconds=12 * n), f"Cheap loans now, offer {n}, reply soon", f"s{n}") for n in range(300)]
    rows += [(start + dt.timedelta(days=38), "invoice seats", "c1")]
    return [
        {"at": at.isoformat(), "text": text, "customer": customer, "verified": not customer.startswith("s")}
        for at, text, customer in sorted(rows)
    ]


@pytest.mark.django_db
def test_replay_finds_the_outage_and_not_the_flood(tmp_path, django_assert_num_queries):
    file, out = write(tmp_path / "past.jsonl", stream()), tmp_path / "out.json"
    with django_assert_num_queries(0):
        call_command("replay_incidents", file, json=out, stdout=StringIO(), stderr=StringIO())
    result = json.loads(out.read_text())
    assert result["days"] == 38
    (found,) = result["incidents"]
    assert set(found) == {"raised_at", "first_seen", "reports", "customers", "terms", "title", "closed_at"}
    assert found["first_seen"].startswith("2026-02-04T00:00")
    assert found["raised_at"] <= "2026-02-04T00:36"
    assert found["reports"] >= 12
    assert found["customers"] >= 12
    assert found["closed_at"] > found["raised_at"]


@pytest.mark.parametrize(("fields", "count"), [({}, 1), ({"verified": True}, 1), ({"verified": False}, 0)])
def test_who_is_named_is_known_unless_the_line_says_otherwise(tmp_path, fields, count):
    """Fifteen people who never wrote before report an outage, among customers who are known."""
    outage = {SAID[n % 4].format(n=n) for n in range(15)}
    rows = [row for row in stream() if row.pop("verified")]
    rows = [{**row, "customer": f"new {n}", **fields} if row["text"] in outage else row for n, row in enumerate(rows)]
    out = tmp_path / "out.json"
    call_command("replay_incidents", write(tmp_path / "past.jsonl", rows), json=out, stdout=StringIO(), stderr=StringIO())
    assert len(json.loads(out.read_text())["incidents"]) == count


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{", "line 2: this is not JSON"),
        ("[1]", "line 2: this must be a JSON object"),
        ('{"at": "2026-01-06T00:00:00Z", "text": " "}', "line 2: 'text'"),
        ('{"at": "2026-01-06T00:00:00Z", "text": "' + "\\ud83d" + '"}', "line 2: there is half a character"),
        ('{"at": "2026-01-06T00:00:00Z", "text": "Hello", "customer": ' + "9" * 5_000 + "}", "line 2: this is not JSON"),
        (
            '{"at": "2026-01-06T00:00:00Z", "text": "Hello", "more": ' + "[" * 100_000 + "]" * 100_000 + "}",
            "line 2: this is nested too deep",
        ),
        ('{"at": "yesterday", "text": "Hello"}', "line 2: 'at'"),
        ('{"at": "2026-99-06", "text": "Hello"}', "line 2: 'at'"),
        ('{"at": "9999-12-31T23:59:59Z", "text": "Hello"}', "line 2: 'at' must lie between"),
        ('{"at": 7, "text": "Hello"}', "line 2: 'at'"),
        ('{"text": "Hello"}', "line 2: 'at'"),
        ('{"at": "2026-01-06T00:00:00Z", "text": "Hello", "customer": []}', "line 2: 'customer'"),
        ('{"at": "2026-01-06T00:00:00Z", "text": "Hello", "customer": "c1", "verified": "no"}', "line 2: 'verified'"),
        ('{"at": "2026-01-04T00:00:00Z", "text": "Hello"}', "earlier than the one before"),
    ],
)
def test_replay_says_which_line_is_wrong(tmp_path, row, says):
    file = write(tmp_path / "past.jsonl", [{"at": "2026-01-05T00:00:00Z", "text": "Hello"}, row])
    with pytest.raises(CommandError, match=says):
        call_command("replay_incidents", file)


def test_replay_reads_what_other_programs_write(tmp_path):
    file = tmp_path / "past.jsonl"
    rows = [{"at": f"2026-01-05T00:0{n}:00Z", "text": "One line\u2028 and another"} for n in range(3)]
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode())
    out = tmp_path / "out.json"
    call_command("replay_incidents", file, json=out, stdout=StringIO(), stderr=StringIO())
    assert json.loads(out.read_text())["incidents"] == []


def test_replay_of_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("replay_incidents", tmp_path / "none.jsonl")
