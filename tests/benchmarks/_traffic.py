"""Half a year of simulated support: ordinary questions with a weekly rhythm and drifting topics, floods of spam, and outages.

Everything is drawn from the seed. Ordinary questions are those of the demo company, said shorter, longer and with other openings; customers
come back, and follow up within the hour.
"""

import datetime as dt
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.benchmarks._wordings import OUTAGES, SPAM

DEMO = Path(__file__).resolve().parents[2] / "helpdesk" / "demo" / "tickets.jsonl"
START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
DAYS, A_DAY, CUSTOMERS = 180, 60, 600
WEEKDAYS = np.array([1.35, 1.25, 1.15, 1.1, 1.05, 0.35, 0.25])
OPENINGS = ["", "", "", "Hi,", "Hello,", "Hi team,", "Good morning,", "Quick one:", "Another question.", "Hello Fieldnote team,"]
CLOSINGS = ["", "", "", "", "Thanks!", "Thank you.", "Any idea?", "Please advise.", "Kind regards", "Cheers", "It is quite urgent."]


@dataclass(frozen=True)
class Line:
    at: dt.datetime
    text: str
    customer: str
    kind: str  # ordinary, spam, or the name of an outage; only for judging what was found


def stream(seed, *, outages=(), floods=True, days=DAYS, a_day=A_DAY):
    """Lines in time order. `outages`: names; each breaks once, at office hours of a day of its own after the first month."""
    draw = np.random.default_rng(seed)
    lines = ordinary(draw, days, a_day)
    if floods:
        lines += flood(draw, START + dt.timedelta(days=float(draw.uniform(35, days / 2))), few=True)
        lines += flood(draw, START + dt.timedelta(days=float(draw.uniform(days / 2, days - 5))), few=False)
    for name, day in zip(outages, draw.choice(np.arange(32, days - 3), len(outages), replace=False), strict=True):
        lines += outage(draw, name, START + dt.timedelta(days=int(day), hours=float(draw.uniform(7, 18))))
    return sorted(lines, key=lambda line: (line.at, line.text))


def ordinary(draw, days, a_day):
    topics = demo_topics()
    popular = draw.dirichlet(np.full(len(topics), 0.8))
    phase, swing, trend = draw.uniform(0, 2 * math.pi, len(topics)), draw.uniform(0.2, 0.9, len(topics)), draw.normal(0, 0.6, len(topics))
    people = draw.dirichlet(np.full(CUSTOMERS, 0.5))
    newcomers, lines = 0, []
    for hour in range(days * 24):
        at = START + dt.timedelta(hours=hour)
        shape = math.exp(-(((at.hour - 10.5) / 2.6) ** 2) / 2) + 0.8 * math.exp(-(((at.hour - 15) / 2.4) ** 2) / 2) + 0.03
        rate = a_day * WEEKDAYS[at.weekday()] / WEEKDAYS.mean() * shape / DAY_SUM * draw.gamma(25, 1 / 25)
        moment = hour / (days * 24)
        weights = popular * (1 + swing * np.sin(2 * math.pi * moment + phase)) * np.exp(trend * moment)
        for topic in draw.choice(len(topics), draw.poisson(rate), p=weights / weights.sum()):
            when = at + dt.timedelta(hours=float(draw.uniform()))
            if draw.uniform() < 0.05:
                customer, newcomers = f"new{newcomers}@client.example", newcomers + 1
            else:
                customer = f"c{draw.choice(CUSTOMERS, p=people)}@client.example"
            lines.append(Line(when, said(draw, topics[topic]), customer, "ordinary"))
            if draw.uniform() < 0.04:  # once more, in other words
                again = when + dt.timedelta(minutes=float(draw.uniform(5, 55)))
                lines.append(Line(again, said(draw, topics[topic]), customer, "ordinary"))
    return lines


def said(draw, phrasings):
    sentences = re.split(r"(?<=[.?!])\s+", phrasings[draw.integers(len(phrasings))])
    kept = [sentence for sentence in sentences if len(sentences) < 2 or draw.uniform() > 0.25] or sentences[:1]
    return " ".join(filter(None, [draw.choice(OPENINGS), *kept, draw.choice(CLOSINGS)]))


def flood(draw, at, *, few):
    """300 mails within the hour: from four senders, or each from an invented one."""
    lines = []
    for number in range(300):
        text = draw.choice(SPAM).format(
            who=draw.choice(["Ines", "Tom", "support team", "sir", "friend", "Fieldnote"]),
            company=draw.choice(["Fieldnote", "your company", "your business", "fieldnote.example"]),
            n=draw.integers(2, 99),
            url=f"https://{''.join(draw.choice(list('abcdefghkmnprst'), 9))}.example/{draw.integers(1000, 9999)}",
        )
        sender = (
            f"promo{draw.integers(4)}@spam{at:%d}.example"
            if few
            else f"{''.join(draw.choice(list('abcdefghkmnprst'), 8))}{number}@mail.example"
        )
        lines.append(Line(at + dt.timedelta(minutes=float(draw.uniform(0, 60))), text, sender, "spam"))
    return lines


def outage(draw, name, at):
    """Its reports in drawn order, within the hour, from as many customers."""
    minutes = np.sort(draw.uniform(0, 60, 15))
    people = draw.choice(CUSTOMERS, 15, replace=False)
    order = draw.permutation(15)
    return [
        Line(at + dt.timedelta(minutes=float(minutes[n])), OUTAGES[name][order[n]], f"c{people[n]}@client.example", name) for n in range(15)
    ]


def demo_topics():
    """[[phrasing, ...], ...] of the demo company; what has no topic of its own is one each."""
    found = {}
    for number, row in enumerate(map(json.loads, DEMO.read_text().splitlines())):
        key = row["resolved_by"] or row["topic"] or f"alone-{number}"
        found.setdefault(key, []).extend([f"{row['subject']}. {row['question']}", row["question"], *row["rephrasings"]])
    return [found[key] for key in sorted(found)]


def _day_sum():
    return sum(math.exp(-(((h - 10.5) / 2.6) ** 2) / 2) + 0.8 * math.exp(-(((h - 15) / 2.4) ** 2) / 2) + 0.03 for h in range(24))


DAY_SUM = _day_sum()
