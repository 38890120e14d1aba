"""Two corpora in which the words of a question do not tell what it is about: the page it comes from does, or the plan of who asks.

30 questions, each asked in the same words on three pages with three right answers; 20 questions with three plans and three right answers.
Outcomes come `times` times for each pair, in an order drawn by the seed.
"""

import datetime as dt
import json
import random
from pathlib import Path

PAGES = {
    "/inspections": ("inspection", "the inspection's menu"),
    "/permits": ("permit", "the permit's second tab"),
    "/reports": ("report", "the report builder's toolbar"),
}
PLANS = {
    "starter": "is not part of Starter; ask your admin to change the plan under Billing",
    "team": "is switched on by a manager under Settings, Features",
    "enterprise": "is arranged with your account manager, who sets it up for the whole company",
}
QUESTIONS = [
    "How do I export this?",
    "Where can I share this with someone outside?",
    "How do I undo what I just did?",
    "Why is the button grey?",
    "How do I add a photo here?",
    "Can I make a copy of this?",
    "How do I delete this for good?",
    "Who can see this?",
    "How do I print it?",
    "Where do I find older ones?",
    "How can I lock it after signing?",
    "Can I rename it?",
    "How do I change the due date?",
    "Why does it say not synced?",
    "How do I assign it to a colleague?",
    "Can I set a reminder for it?",
    "How do I put it in another folder?",
    "How do I get a signature on it?",
    "What does the yellow mark mean?",
    "How do I send it back for changes?",
    "Can I fill this in while offline?",
    "How do I change its template?",
    "How do I link it to a location?",
    "Why can't I edit it any more?",
    "How do I see who changed it?",
    "How do I translate it?",
    "Can I attach a PDF to it?",
    "How do I filter the list?",
    "How do I restore a version of it?",
    "Can I add my own field to it?",
]
FEATURES = [
    "single sign-on",
    "custom branding",
    "the audit log",
    "API access",
    "more storage",
    "guest signatures",
    "scheduled reports",
    "data residency",
    "two-step sign-in for everybody",
    "a sandbox",
    "bulk import",
    "custom roles",
    "webhooks",
    "offline maps",
    "a second workspace",
    "longer history",
    "priority support",
    "automatic translation",
    "the dashboard",
    "an export of everything",
]
START = dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)


def write(folder: Path, *, times: int, seed: int) -> dict[str, Path]:
    """The two corpora as folders; returned by name."""
    pairs = {"pages": _pages(), "plans": _plans()}
    return {name: _save(folder / name, *found, times, random.Random(seed)) for name, found in pairs.items()}


def _pages():
    articles, asked = [], []
    for number, question in enumerate(QUESTIONS):
        for page, (noun, place) in PAGES.items():
            key = f"q{number}-{noun}"
            body = f"For a {noun} you do this from {place}: choose entry {number + 1} and confirm. It applies to this {noun} only."
            articles.append({"key": key, "title": f"{question.rstrip('?')} ({noun})", "body": body})
            asked.append({"question": question, "resolved_by": key, "page": page})
    return articles, asked


def _plans():
    articles, asked = [], []
    for number, feature in enumerate(FEATURES):
        for plan, how in PLANS.items():
            key = f"f{number}-{plan}"
            articles.append({"key": key, "title": f"Get {feature} on {plan.title()}", "body": f"On {plan.title()}, {feature} {how}."})
            asked.append({"question": f"How do we get {feature}?", "resolved_by": key, "segment": {"plan": plan, "lifecycle": "active"}})
    return articles, asked


def _save(folder, articles, asked, times, draw):
    folder.mkdir(parents=True, exist_ok=True)
    rounds = [draw.sample(asked, len(asked)) for _ in range(times)]
    tickets = [
        {"key": f"t{place}", "customer": f"c{draw.randrange(10_000)}", "at": (START + dt.timedelta(minutes=40 * place)).isoformat(), **each}
        for place, each in enumerate(each for one in rounds for each in one)
    ]
    for name, rows in (("articles", articles), ("tickets", tickets)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder
