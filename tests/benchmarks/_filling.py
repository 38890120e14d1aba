"""A large desk: 1,000,000 tickets with 3,000,000 messages by COPY, and the same rows for the peer.

Words follow Zipf, activity the weekdays and the last three years; most tickets are resolved, a few percent open, and a few people do most of the work.
Everything is drawn from the seed.
"""

import datetime as dt
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count

import numpy as np
import psycopg

TICKETS, MESSAGES = int(os.environ.get("TICKETS", 1_000_000)), 3
CUSTOMERS, ORGANISATIONS, AGENTS = max(TICKETS // 8, 100), max(TICKETS // 400, 20), 60
NOW = dt.datetime(2026, 11, 29, 18, tzinfo=dt.UTC)
SPAN = dt.timedelta(days=1095)
VOCABULARY, SENTENCES = 50_000, 120_000
TEAMS = ["Technical", "Billing", "Onboarding", "Accounts", "Integrations", "Mobile", "Trust", "Success"]
TAGS = [
    "billing",
    "sso",
    "reports",
    "ios",
    "android",
    "api",
    "export",
    "import",
    "mobile",
    "permits",
    "photos",
    "invoice",
    "refund",
    "login",
    "webhooks",
    "slow",
    "bug",
    "feature",
    "urgent",
    "spam",
]
STATES, STATE_SHARES = ["open", "waiting", "snoozed", "resolved", "spam"], [0.06, 0.05, 0.01, 0.85, 0.03]
CHANNELS, CHANNEL_SHARES = ["portal", "chat", "email", "api"], [0.35, 0.25, 0.35, 0.05]
PRIORITIES, PRIORITY_SHARES = ["low", "normal", "high", "urgent"], [0.1, 0.78, 0.1, 0.02]
GIVEN = "Ada Bo Chen Dana Elif Femi Greta Hugo Ines Jonas Keiko Lena Mateus Noor Olga Priya Quentin Rosa Sven Tariq Uma Vera Wanda Xin Yusuf Zoe"
FAMILY = (
    "Okonkwo Lind Wei Novak Demir Adeyemi Hansen Moreau Carvalho Berg Tanaka Fischer Silva Haddad Petrova Sharma Dubois Rossi Larsson Khan"
)


def fill(url):
    """Ours. Triggers rest meanwhile; what they would have kept is made at the end, as the migration does."""
    draw, begun = np.random.default_rng(7), time.monotonic()
    with psycopg.connect(url) as db:
        db.execute("SET session_replication_role = replica")
        db.execute("TRUNCATE helpdesk_ticket, helpdesk_customer, helpdesk_organisation, helpdesk_team, helpdesk_user CASCADE")
        people(db, draw)
        said = sentences(draw)
        tell("people", begun)
        tickets(db, draw, said)
        tell("tickets and messages", begun)
        db.execute("SET session_replication_role = origin")
        for table in ("user", "team", "customer", "organisation", "ticket", "message", "event"):
            db.execute(f"SELECT setval(pg_get_serial_sequence('helpdesk_{table}', 'id'), max(id)) FROM helpdesk_{table}")
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("DROP INDEX IF EXISTS ticket_words")
        db.execute("ANALYZE")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(partial(words, url), range(1, TICKETS + 1, 25_000)))
        tell("words", begun)
        db.execute("SET maintenance_work_mem = '1GB'")
        db.execute("CREATE INDEX ticket_words ON helpdesk_ticketwords USING gin (tsv)")
        db.execute("VACUUM ANALYZE")
        tell("index and statistics", begun)


def words(url, start):
    with psycopg.connect(url, autocommit=True) as db:
        sql = "INSERT INTO helpdesk_ticketwords SELECT id, helpdesk_words_of(id) FROM helpdesk_ticket WHERE id >= %s AND id < %s"
        db.execute(sql, [start, start + 25_000])


def tell(what, begun):
    print(f"  {what}: {time.monotonic() - begun:.0f} s", flush=True)


def copy(db, table, columns, rows):
    with db.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as into:
        for row in rows:
            into.write_row(row)


def people(db, draw):
    given, family = GIVEN.split(), FAMILY.split()
    names = [
        f"{given[a]} {family[b]}" for a, b in zip(*(draw.integers(0, len(x), CUSTOMERS + AGENTS) for x in (given, family)), strict=True)
    ]
    at = NOW - SPAN
    copy(
        db,
        "helpdesk_user",
        "id,password,is_superuser,email,name,title,role,is_active,is_staff,date_joined",
        ((n, "!", False, f"agent{n}@desk.example", names[-n], "", "agent", True, False, at) for n in range(1, AGENTS + 1)),
    )
    teams = ((n, name, name.lower(), "", False, "not", 15) for n, name in enumerate(TEAMS, 1))
    copy(db, "helpdesk_team", "id,name,slug,description,is_private,gives_out,most_each", teams)
    copy(
        db,
        "helpdesk_organisation",
        "id,name,domain,plan,lifecycle,traits,shares_tickets,created_at",
        (
            (n, f"{family[n % 20]} {TEAMS[n % 8]} {n}", f"o{n}.example", "Business", "active", "{}", False, at)
            for n in range(1, ORGANISATIONS + 1)
        ),
    )
    copy(
        db,
        "helpdesk_customer",
        "id,name,email,reply_to,title,organisation_id,traits,verified_at,locale,created_at",
        (
            (
                n,
                names[n],
                f"{names[n].split()[0].lower()}{n}@o{n % ORGANISATIONS + 1}.example",
                "",
                "",
                n % ORGANISATIONS + 1,
                "{}",
                at,
                "en",
                at,
            )
            for n in range(1, CUSTOMERS + 1)
        ),
    )


def sentences(draw):
    """Of twelve words or so, by Zipf; the rare ones stand in a handful of tickets."""
    syllables = [a + b for a in "bcdfglmnprstv" for b in ("a", "e", "i", "o", "u", "an", "er", "il", "or")]
    words = ["".join(draw.choice(syllables, n % 3 + 2)) for n in range(VOCABULARY)]
    shares = 1 / np.arange(2, VOCABULARY + 2) ** 1.0
    lengths = draw.integers(7, 18, SENTENCES)
    drawn = iter(draw.choice(VOCABULARY, int(lengths.sum()), p=shares / shares.sum()))
    return [" ".join(words[next(drawn)] for _ in range(length)).capitalize() + "." for length in lengths]


def tickets(db, draw, said):
    opened = np.sort(draw.beta(1.4, 1.0, TICKETS))  # a desk that grows
    took = draw.exponential(1.5, TICKETS)  # days
    drawn = {
        "state": draw.choice(STATES, TICKETS, p=STATE_SHARES),
        "channel": draw.choice(CHANNELS, TICKETS, p=CHANNEL_SHARES),
        "priority": draw.choice(PRIORITIES, TICKETS, p=PRIORITY_SHARES),
        "assignee": np.minimum(draw.zipf(1.3, TICKETS), AGENTS),
        "team": draw.integers(0, len(TEAMS) + 1, TICKETS),
        "customer": np.minimum((draw.pareto(1.2, TICKETS) * CUSTOMERS / 40).astype(int) + 1, CUSTOMERS),
        "chance": draw.random((TICKETS, 4)),
        "tags": draw.integers(0, len(TAGS), (TICKETS, 2)),
        "length": draw.poisson(MESSAGES - 1, TICKETS) + 1,
        "words": draw.integers(0, len(said), (TICKETS, 4)),
    }
    rows = [ticket(n, drawn, NOW - SPAN * (1 - opened[n]), took[n], said) for n in range(TICKETS)]
    copy(
        db,
        "helpdesk_ticket",
        "id,subject,customer_id,organisation_id,channel,state,handler,assignee_id,team_id,priority,tags,context,opened_at,updated_at,"
        "resolved_at,snoozed_until,last_seq,last_message_at,last_preview,last_author,waiting_since,customer_read_seq,asked_for_person,has_draft",
        rows,
    )
    ids = count(1)
    copy(
        db,
        "helpdesk_message",
        "id,ticket_id,seq,author,user_id,customer_id,is_note,body,html,client_msg_id,external_id,meta,at",
        (line for row in rows for line in messages(ids, row, draw, said)),
    )
    copy(
        db,
        "helpdesk_event",
        "id,verb,actor_kind,customer_id,ticket_id,data,at,recorded_at",
        ((row[0], "ticket.opened", "customer", row[2], row[0], "{}", row[12], row[12]) for row in rows),
    )


def ticket(n, drawn, at, took, said):
    state, chance, first = str(drawn["state"][n]), drawn["chance"][n], said[drawn["words"][n][0]]
    updated = min(at + dt.timedelta(days=float(took)), NOW)
    length = int(drawn["length"][n])
    handler = "team" if state != "open" or chance[0] < 0.75 else "assistant"
    assignee = int(drawn["assignee"][n]) if handler == "team" and chance[1] < 0.7 else None
    tags = [TAGS[tag] for tag in drawn["tags"][n][: int(chance[2] * 3)]]
    customer = int(drawn["customer"][n])
    return (
        *(n + 1, first[:80].rstrip("."), customer, customer % ORGANISATIONS + 1, str(drawn["channel"][n]), state, handler, assignee),
        *(int(drawn["team"][n]) or None, str(drawn["priority"][n]), tags, json.dumps({"page": "/permits"}), at, updated),
        *(updated if state == "resolved" else None, NOW + dt.timedelta(days=3) if state == "snoozed" else None, length, updated),
        *(first[:160], "customer" if length % 2 else "agent", updated if state == "open" and chance[3] < 0.7 else None, length),
        *(state == "open" and chance[3] < 0.1, state == "open" and 0.1 < chance[3] < 0.3),
    )


def messages(ids, row, draw, said):
    number, customer, agent, at, length = row[0], row[2], row[7], row[12], row[16]
    step = (row[13] - at) / length
    drawn = draw.integers(0, len(said), 4 * length)
    for seq in range(1, length + 1):
        asks = seq % 2 == 1
        body = " ".join(said[each] for each in drawn[4 * seq - 4 : 4 * seq - 1 + seq % 2])
        body = f"{row[1]}. {body}" if seq == 1 else body
        kind = "customer" if asks else ("agent" if agent else "assistant")
        yield (
            *(
                next(ids),
                number,
                seq,
                kind,
                None if asks else agent,
                customer if asks else None,
                False,
                body,
                f"<p>{body}</p>",
                "",
                "",
                "{}",
            ),
            at + step * (seq - 1),
        )


# --- The same rows for django-helpdesk --------------------------------------------------------------------------------

PEER_TICKETS = """
SELECT ticket.id, subject, 1, opened_at, updated_at, customer.email, assignee_id,
       CASE state WHEN 'open' THEN 1 WHEN 'resolved' THEN 3 WHEN 'spam' THEN 5 ELSE 2 END, false,
       (SELECT body FROM helpdesk_message WHERE ticket_id = ticket.id AND seq = 1),
       CASE priority WHEN 'urgent' THEN 1 WHEN 'high' THEN 2 WHEN 'normal' THEN 3 ELSE 4 END, md5(ticket.id::text)
FROM helpdesk_ticket AS ticket JOIN helpdesk_customer AS customer ON customer.id = customer_id
"""
PEER_FOLLOWUPS = "SELECT id, ticket_id, at, 'Comment', body, NOT is_note, user_id, CASE WHEN seq = 1 THEN 1 END, external_id FROM helpdesk_message WHERE seq > 1"
PEER_USERS = "SELECT id, '!', false, 'agent' || id, split_part(name, ' ', 1), split_part(name, ' ', 2), email, false, true, date_joined FROM helpdesk_user"


def fill_peer(ours, theirs):
    with psycopg.connect(ours) as source, psycopg.connect(theirs, autocommit=True) as db:
        db.execute("TRUNCATE helpdesk_ticket, helpdesk_followup, helpdesk_queue, auth_user CASCADE")
        flags = "allow_public_submission, allow_email_submission, enable_notifications_on_email_events, email_box_ssl"
        db.execute(f"INSERT INTO helpdesk_queue (id, title, slug, {flags}) VALUES (1, 'Support', 'support', true, false, false, false)")
        through(
            source,
            PEER_USERS,
            db,
            "auth_user",
            "id,password,is_superuser,username,first_name,last_name,email,is_staff,is_active,date_joined",
        )
        columns = "id,title,queue_id,created,modified,submitter_email,assigned_to_id,status,on_hold,description,priority,secret_key"
        through(source, PEER_TICKETS, db, "helpdesk_ticket", columns)
        through(source, PEER_FOLLOWUPS, db, "helpdesk_followup", "id,ticket_id,date,title,comment,public,user_id,new_status,message_id")
        db.execute("SELECT setval(pg_get_serial_sequence('auth_user', 'id'), max(id)) FROM auth_user")
        db.execute("VACUUM ANALYZE")


def through(source, select, db, table, columns):
    with (
        source.cursor().copy(f"COPY ({select}) TO STDOUT") as out,
        db.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as into,
    ):
        for piece in out:
            into.write(piece)
