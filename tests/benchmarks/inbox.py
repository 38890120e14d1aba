"""The inbox at a million tickets: `make bench NAME=inbox`. Ours end to end over HTTP, beside the bare SQL keyset query and django-helpdesk 2.6.1.

1,000,000 tickets with 3,000,000 messages are filled in once, for both, which takes half an hour; the databases stay under .data/bench/inbox
(as root under /var/lib/whetstone) for the next run, until `make clean`. TICKETS=100000 fills a smaller desk; another number than last time fills anew.
"""

import base64
import datetime as dt
import http.client
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import django
import psycopg

from config import ports, product
from config.processes import Owner, wait_until
from tests import hands
from tests.benchmarks import _harness as harness

PEER = Path(__file__).parent / "_django_helpdesk"  # a folder and no package: its `helpdesk` is another one than ours
PAGE = 30
DEEP = max(900 * int(os.environ.get("TICKETS", 1_000_000)) // 1_000_000, 10)
EACH, PEER_EACH = 12, 1  # requests a round; theirs take seconds
FOLDER = Path(os.environ.get("DATA_DIR") or product.ROOT / ".data") / "bench" / "inbox"
PEER_NAME = "django-helpdesk 2.6.1, the same rows"
BARE = """
SELECT id, subject, updated_at FROM helpdesk_ticket
WHERE state = 'open' AND handler = 'team' AND (updated_at, id) < (%s, %s) ORDER BY updated_at DESC, id DESC LIMIT 30
"""


class Browser:
    """One signed-in connection that stays open, unless the server has closed it while the other one was asked."""

    def __init__(self, port, session):
        self.port, self.connection = port, None
        self.headers = {"Cookie": f"sessionid={session}", "Host": f"127.0.0.1:{port}"}

    def __call__(self, path, expect=""):
        try:
            taken, answer, text = self.ask(path)
        except (http.client.RemoteDisconnected, ConnectionError):
            self.connection = None
            taken, answer, text = self.ask(path)
        assert answer.status == 200, f"{answer.status} for {path}: {text[:300]}"
        assert expect in text, f"{expect!r} is not on {path}"
        return taken

    def ask(self, path):
        self.connection = self.connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        begun = time.perf_counter()
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        return (time.perf_counter() - begun) * 1000, answer, text


# --- Filling ------------------------------------------------------------------------------------------------------------


def ready(url, peer_url, python):
    """Both databases as they should be; what was filled with this many tickets by an earlier run stays."""
    from tests.benchmarks import _filling

    wanted = f"{_filling.TICKETS}"
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("CREATE TABLE IF NOT EXISTS bench_filled (who text PRIMARY KEY, tickets text)")
        filled = dict(db.execute("SELECT who, tickets FROM bench_filled").fetchall())
        for who, fill in {"ours": lambda: _filling.fill(url), "peer": lambda: _filling.fill_peer(url, peer_url)}.items():
            if filled.get(who) != wanted:
                print(f"Filling {who} with {_filling.TICKETS:,} tickets, once …", flush=True)
                if who == "peer":
                    peer(python, peer_url, "-m", "django", "migrate", "-v", "0")
                fill()
                db.execute(
                    "INSERT INTO bench_filled VALUES (%s, %s) ON CONFLICT (who) DO UPDATE SET tickets = EXCLUDED.tickets", [who, wanted]
                )


def make_peer(url):
    """Its own Python and an empty database beside ours."""
    folder = FOLDER / "django-helpdesk"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(PEER / "requirements.txt")], check=True)
    with psycopg.connect(url, autocommit=True) as db:
        if not db.execute("SELECT 1 FROM pg_database WHERE datname = 'django_helpdesk'").fetchone():
            db.execute("CREATE DATABASE django_helpdesk")
    return python, f"{url.rpartition('/')[0]}/django_helpdesk"


def peer_environ(peer_url):
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PEER),
        "DJANGO_SETTINGS_MODULE": "peer_settings",
        "PEER_DATABASE_URL": peer_url,
    }


def peer(python, peer_url, *command):
    return subprocess.run(
        [python, *command], env=peer_environ(peer_url), cwd=PEER, check=True, capture_output=True, text=True
    ).stdout.strip()


@contextmanager
def peer_server(python, peer_url):
    port = ports.free()
    served = [python, "-m", "granian", "--host", "127.0.0.1", "--port", str(port), "--interface", "wsgi", "--no-ws", "--workers", "1"]
    with Owner(FOLDER / "peer", "a benchmark's peer") as owner:
        child = owner.start(
            "django-helpdesk", [*served, "--blocking-threads", "8", "peer_site:application"], env=peer_environ(peer_url), cwd=PEER
        )
        wait_until(lambda: ports.taken(port), child=child, seconds=60, what="django-helpdesk")
        yield port


# --- What is asked for --------------------------------------------------------------------------------------------------


def row_at(db, offset):
    sql = "SELECT updated_at, id FROM helpdesk_ticket WHERE state = 'open' AND handler = 'team' ORDER BY updated_at DESC, id DESC OFFSET %s LIMIT 1"
    return db.execute(sql, [offset]).fetchone()


def words(db):
    """({rare: tickets it stands in}, {common: ...}), by the database's own count; both rotate so that no answer is a repetition."""
    found = db.execute(
        """
        SELECT word, ndoc FROM ts_stat('SELECT tsv FROM helpdesk_ticketwords WHERE ticket_id % 50 = 0') WHERE length(word) BETWEEN 4 AND 9
        AND word ~ '^[a-z]+$' ORDER BY ndoc DESC, word
        """
    ).fetchall()
    common = [word for word, _ in found[10:60:4]]
    rare = [word for word, ndoc in found if ndoc == 1][::37][:EACH]
    count = "SELECT count(*) FROM helpdesk_ticketwords WHERE tsv @@ plainto_tsquery('simple', %s)"
    return [{word: db.execute(count, [word]).fetchone()[0] for word in kind} for kind in (rare, common)]


def peer_list(start, search=""):
    query = {
        "filtering": {} if search else {"status__in": [1]},
        "filtering_null": {},
        "sorting": "created",
        "sortreverse": True,
        "search_string": search,
    }
    packed = base64.b64encode(json.dumps(query).encode()).decode()
    page = {"draw": 1, "start": start, "length": PAGE, "order[0][column]": 5, "order[0][dir]": "desc"}
    return f"/datatables_ticket_list/{quote(packed)}?{urlencode(page)}"


def bare(db, at, number):
    begun = time.perf_counter()
    assert len(db.execute(BARE, [at, number]).fetchall()) == PAGE
    return (time.perf_counter() - begun) * 1000


def run(db, ours, theirs):
    from helpdesk import inbox

    rare, common = words(db)
    deep = row_at(db, PAGE * (DEEP - 1) - 1)
    after = quote(str(inbox.Cursor("newest", *deep)))
    some = [row[0] for row in db.execute("SELECT id FROM helpdesk_ticket WHERE id % 8111 = 0 ORDER BY id LIMIT 100").fetchall()]
    asked = {
        "page 1": [("/inbox/all/", 'id="row-')] * EACH,
        f"page {DEEP}": [(f"/inbox/all/?after={after}", 'id="row-')] * EACH,
        "page 1, waiting longest": [("/inbox/all/?sort=waiting", 'id="row-')] * EACH,
        "ticket": [(f"/inbox/everything/{number}/", 'id="ticket-title"') for number in some[:EACH]],
        "rare": [(f"/inbox/everything/?q={word}", 'id="row-') for word in rare],
        "common": [(f"/inbox/everything/?q={word}", 'id="row-') for word in common],
        "two words": [(f"/inbox/everything/?q={a}+{b}", 'id="results"') for a, b in zip(common, reversed(common), strict=True)],
        "filters": [(f"/inbox/everything/?q=is:open+tag:billing+-tag:spam+{word}", 'id="results"') for word in common],
    }
    told = {
        "page 1": peer_list(0),
        f"page {DEEP}": peer_list(PAGE * (DEEP - 1)),
        "ticket": f"/tickets/{some[0]}/",
        "rare": peer_list(0, next(iter(rare))),
        "common": peer_list(0, next(iter(common))),
    }
    rounds = {who: {name: [] for name in asked} for who in ("ours", "peer")} | {"limit": {"page 1": [], f"page {DEEP}": []}}
    for path, expect in (pair for pairs in asked.values() for pair in pairs[:3]):
        ours(path, expect)  # warm
    now = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    for number in range(harness.ROUNDS):
        print(f"round {number + 1}", flush=True)
        for name, pairs in asked.items():
            rounds["ours"][name].append([ours(path, expect) for path, expect in pairs])
            if name in told:
                rounds["peer"][name].append([theirs(told[name]) for _ in range(PEER_EACH)])
        rounds["limit"]["page 1"].append([bare(db, now, 0) for _ in range(50)])
        rounds["limit"][f"page {DEEP}"].append([bare(db, *deep) for _ in range(50)])
    return rounds, rare, common


def table(rounds):
    def row(metric, name, share, goal=None):
        peers, limits = rounds["peer"].get(name), rounds["limit"].get(name)
        return harness.row(
            metric,
            harness.over_rounds(rounds["ours"][name], share),
            goal=goal,
            peer=harness.over_rounds(peers, share) if peers else None,
            peer_name=PEER_NAME,
            limit=harness.over_rounds(limits, share) if limits else None,
            limit_name="the bare SQL keyset query",
        )

    deep = f"page {DEEP}"
    p50 = {who: {name: harness.over_rounds(found, 0.5) for name, found in rounds[who].items() if found} for who in ("ours", "peer")}
    return [
        row("list page 1, p50", "page 1", 0.5),
        row("list page 1, p95", "page 1", 0.95, 60),
        row(f"list {deep}, p50", deep, 0.5),
        row(f"list {deep}, p95", deep, 0.95, 60),
        row("waiting longest, p95", "page 1, waiting longest", 0.95, 60),
        row("ticket page, p95", "ticket", 0.95, 100),
        row("search, a rare word, p95", "rare", 0.95, 150),
        row("search, a common word, p95", "common", 0.95, 150),
        row("search, two common words, p95", "two words", 0.95, 150),
        row("search, filters and a word, p95", "filters", 0.95, 150),
        harness.row(f"{deep} / page 1", p50["ours"][deep] / p50["ours"]["page 1"], goal=1.3, unit="x"),
        harness.row(f"{deep}, times faster", p50["peer"][deep] / p50["ours"][deep], goal=20, unit="x", better="higher"),
    ]


def main():
    django.setup()
    url = os.environ["DATABASE_URL"]
    python, peer_url = make_peer(url)
    ready(url, peer_url, python)
    session, peer_session = hands.session_of_agent("agent3@desk.example"), peer(python, peer_url, "-m", "peer_site")
    with harness.web_server() as port, peer_server(python, peer_url) as peer_port, psycopg.connect(url, autocommit=True) as db:
        rounds, rare, common = run(db, Browser(port, session), Browser(peer_port, peer_session))
        sizes = dict(
            db.execute(
                "SELECT relname, n_live_tup FROM pg_stat_user_tables WHERE relname IN ('helpdesk_ticket', 'helpdesk_message')"
            ).fetchall()
        )
    return harness.report(
        "inbox", table(rounds), tickets=sizes["helpdesk_ticket"], messages=sizes["helpdesk_message"], rare=rare, common=common
    )


if __name__ == "__main__":
    raise SystemExit(main())
