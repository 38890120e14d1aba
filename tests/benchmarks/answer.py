"""How long an answer takes: `POST /api/v1/ask` in the running server, without a language model, with 2,000 chunks and 10,000 episodes.

Run by `make bench NAME=answer`, which starts the databases. One caller, over loopback; peer and limit are asked in turn with us.
"""

import itertools
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import django
import numpy as np

from tests.benchmarks import _harness as harness

SOURCES, PIECES, EPISODES, ASKED = 500, 4, 10_000, 60
DOING = [
    "export",
    "delete",
    "share",
    "rename",
    "archive",
    "duplicate",
    "restore",
    "lock",
    "print",
    "assign",
    "schedule",
    "approve",
    "sync",
    "import",
]
THINGS = [
    *("a site report", "an inspection template", "a permit to work", "a photo", "a drawing", "a checklist", "a team member", "an invoice"),
    *(
        "a signature",
        "a work order",
        "a hazard",
        "an offline form",
        "a webhook",
        "an API key",
        "a dashboard",
        "a location",
        "a subcontractor",
    ),
]
WHERE = [
    "on the phone",
    "in the office",
    "while offline",
    "for another project",
    "without an admin",
    "after it was signed",
    "for the whole company",
]
TOPICS = [(doing, thing, where) for doing, thing, where in itertools.product(DOING, THINGS, WHERE)]


def main():
    django.setup()
    draw = random.Random(1)
    topics = draw.sample(TOPICS, SOURCES)
    print(f"Making {SOURCES * PIECES:,} chunks and {EPISODES:,} episodes …", flush=True)
    texts, vectors = make_sources(topics, draw)
    make_episodes(topics, draw)
    key = make_key()
    questions = [f"How can I {doing} {thing} {where}? It worked last week." for doing, thing, where in draw.sample(topics, ASKED)]
    with harness.web_server() as port, peer(texts, vectors) as retrieve:
        ours, theirs, floor, actions = measure(harness.Caller(port, {"Authorization": f"Bearer {key}"}), retrieve, questions)
    return harness.report("answer", rows_of(ours, theirs, floor, embedding(questions)), turn=inside(), actions=actions)


def make_sources(topics, draw):
    from django.db import connection
    from django.utils import timezone

    from helpdesk.models import Article, Chunk, Source
    from helpdesk.search.embedder import embed

    assert not Chunk.objects.exists(), "the database must be empty: run it without DATABASE_URL, or with that of a new one"
    now = timezone.now()
    articles = [
        Article(
            slug=f"a{n}",
            title=f"How to {doing} {thing} {where}",
            body=body_of(doing, thing, where, draw),
            status="published",
            updated_at=now,
        )
        for n, (doing, thing, where) in enumerate(topics)
    ]
    Article.objects.bulk_create(articles)
    sources = [
        Source(kind="article", article=each, title=each.title, body=each.body, path=f"/articles/{each.slug}/", is_live=True)
        for each in articles
    ]
    Source.objects.bulk_create(sources)
    pieces = [(source, place, text) for source in sources for place, text in enumerate(source.body.split("\n\n"))]
    texts = [f"{source.title}\n{text}" for source, _, text in pieces]
    vectors = embed(texts)
    Chunk.objects.bulk_create(
        [
            Chunk(source=source, position=place, heading=source.title, text=text, vector=vector)
            for (source, place, text), vector in zip(pieces, vectors, strict=True)
        ],
        batch_size=500,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return texts, vectors


def body_of(doing, thing, where, draw):
    others = draw.sample(THINGS, PIECES)
    return "\n\n".join(
        f"To {doing} {thing} {where}, open the menu beside it and choose the {n}. entry. This also touches {other}, which keeps its history. "
        f"Only people with the right role see the entry; ask your admin when it is missing, or when {other} is locked by somebody else."
        for n, other in enumerate(others, 1)
    )


def make_episodes(topics, draw):
    """Past questions near each topic, most of them solved by its article. Vectors are drawn around the question's own."""
    from django.db import connection
    from django.utils import timezone

    from helpdesk.models import Source
    from helpdesk.search.embedder import embed
    from learning.models import Decision, Episode

    now, noise = timezone.now(), np.random.default_rng(1)
    sources = list(Source.objects.order_by("pk"))
    asked = embed([f"How can I {doing} {thing} {where}?" for doing, thing, where in topics])
    common = {"kind": "answer", "confidence": 0.9, "threshold": 0.8, "policy": "shipped", "at": now}
    decisions = Decision.objects.bulk_create([Decision(**common) for _ in range(EPISODES)], batch_size=1_000)
    episodes = []
    for n, decision in enumerate(decisions):
        vector = asked[n % SOURCES] + noise.normal(0, 0.02, asked.shape[1]).astype(np.float32)
        right = draw.random() < 0.9
        episodes.append(
            Episode(
                decision=decision,
                source=sources[n % SOURCES] if right else draw.choice(sources),
                vector=vector / np.linalg.norm(vector),
                credit=0.8 if right else -0.6,
                account=f"c{n % 2_000}",
                at=now,
            )
        )
    Episode.objects.bulk_create(episodes, batch_size=500)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def make_key():
    from helpdesk.models import ApiKey, User

    admin = User.objects.create_user("bench@desk.example", None, name="Bench", role="admin")
    return ApiKey.issue(name="bench", scopes=["ask"], by=admin)[1]


class peer:
    """`with peer(...) as retrieve`: retrieve(question) returns when llama-index has answered."""

    def __init__(self, texts, vectors):
        self.folder = tempfile.TemporaryDirectory()
        self.file = Path(self.folder.name) / "chunks.npz"
        np.savez(self.file, texts=np.array(texts), vectors=vectors)

    def __enter__(self):
        command = [sys.executable, "-m", "tests.benchmarks._llamaindex", str(self.file)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().strip() == "ready"
        return self.retrieve

    def retrieve(self, question):
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline()

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.folder.cleanup()


def measure(call, retrieve, questions):
    ours, theirs, floor, actions = [], [], [], {}
    for turn in range(harness.ROUNDS + 1):
        mine, its, least = [], [], []
        for n, question in enumerate(questions):
            asking = {"question": question, "customer": {"email": f"c{turn}-{n}@client.example"}}
            taken, answer = call("POST", "/api/v1/ask", asking)
            mine.append(taken)
            its.append(harness.timed(retrieve, question))
            least.append(call("GET", "/healthz")[0])
            if turn:
                actions[answer["action"]] = actions.get(answer["action"], 0) + 1
        if turn:  # the first round warms up
            ours.append(mine), theirs.append(its), floor.append(least)
            print(f"round {turn}: p50 {harness.percentile(mine, 0.5):.1f} ms", flush=True)
    return ours, theirs, floor, actions


def embedding(questions):
    from helpdesk.search.embedder import embed_one

    embed_one("warm")
    return [[harness.timed(embed_one, question) for question in questions] for _ in range(harness.ROUNDS)]


def inside():
    """What the turn itself took in the server, as logged with each decision."""
    from learning.models import Decision

    logged = Decision.objects.exclude(latency_ms={}).order_by("-pk").values_list("latency_ms", flat=True)[: ASKED * harness.ROUNDS]
    taken = [each["answer"] for each in logged if "answer" in each]
    return {"p50_ms": harness.percentile(taken, 0.5), "p95_ms": harness.percentile(taken, 0.95)} if taken else {}


def rows_of(ours, theirs, floor, embedded):
    over = harness.over_rounds
    names = {
        "peer_name": "llama-index VectorStoreIndex, retrieval only, the same chunks and embedder",
        "limit_name": "GET /healthz on the same server",
    }
    return [
        harness.row("answer, p50", over(ours, 0.5), goal=40, peer=over(theirs, 0.5), limit=over(floor, 0.5), **names),
        harness.row("answer, p95", over(ours, 0.95), goal=100, peer=over(theirs, 0.95), limit=over(floor, 0.95), **names),
        harness.row("embed a short question, p50", over(embedded, 0.5), goal=3),
        harness.row("embed a short question, p95", over(embedded, 0.95)),
    ]


if __name__ == "__main__":
    sys.exit(main())
