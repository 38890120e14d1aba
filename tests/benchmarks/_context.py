"""Two corpora in which the words of a question do not tell what it is about: the page it comes from does, or the plan of who asks.

30 questions, each asked in the same words on three pages with three right answers; 20 questions with three plans and three right answers.
They are written in `context/*.md`, each in six wordings that have few words in common. Each pair of question and context is asked `times`
times, in the first `wordings` of them, by customers who keep their plan.
"""

import datetime as dt
import json
import random
from pathlib import Path

WRITTEN = Path(__file__).with_name("context")
CORPORA = ("pages", "plans")
START = dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)
APART = dt.timedelta(minutes=40)
CUSTOMERS = 120  # for each page or plan


def write(folder, name, *, times, seed, wordings=1, questions=None):
    """The corpus `name` as a folder of its own in `folder`; of the first `questions` only, if it says so."""
    draw = random.Random(seed)
    key, contexts, blocks = read(name)
    articles, pairs = [], []
    for number, (asked_as, answers) in enumerate(blocks[:questions]):
        for context, (title, body) in zip(contexts, answers, strict=True):
            articles.append({"key": f"{number}-{context.strip('/')}", "title": title, "body": body})
            pairs.append((articles[-1]["key"], context, asked_as[:wordings]))
    asked = [_ticket(key, pair, draw) for pair in pairs for _ in range(times)]
    draw.shuffle(asked)
    tickets = [{"key": f"t{place}", "at": (START + APART * place).isoformat(), **each} for place, each in enumerate(asked)]
    target = Path(folder) / name
    target.mkdir(parents=True, exist_ok=True)
    for file, rows in (("articles", articles), ("tickets", tickets)):
        (target / f"{file}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return target


def read(name):
    """("page" or "plan", its three values, [(wordings, [(title, body) for each value])])"""
    head, *blocks = (WRITTEN / f"{name}.md").read_text().split("\n## ")
    key, contexts = head.removeprefix("# ").strip().split(": ")
    return key, contexts.split(", "), [_block(lines.splitlines()[1:]) for lines in blocks]


def _block(lines):
    wordings = [line.removeprefix("? ") for line in lines if line.startswith("? ")]
    return wordings, [tuple(line.removeprefix("- ").split(" | ")) for line in lines if line.startswith("- ")]


def _ticket(key, pair, draw):
    right, context, wordings = pair
    customer = f"{context.strip('/')}-{draw.randrange(CUSTOMERS)}"
    told = {"page": context} if key == "page" else {"segment": {"plan": context, "lifecycle": "active"}}
    return {"question": draw.choice(wordings), "resolved_by": right, "customer": customer, **told}


def after(tickets, rows, outcomes):
    """Whether the first source was right, of the tickets whose pair had been asked so many times before: a list of booleans."""
    seen = {}
    found = []
    for past, row in zip(tickets, rows, strict=True):
        if seen.get(past.resolved_by, 0) >= outcomes:
            found.append(row["right"])
        seen[past.resolved_by] = seen.get(past.resolved_by, 0) + 1
    return found
