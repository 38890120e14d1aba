"""Playing past conversations through the product: the same verbs, the same assistant, the same learning, on the conversations' own clock.

What the customer of a conversation would have made of an answer follows from what solved it in the end; no decision sees that.
"""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from helpdesk import intake
from helpdesk.models import Customer, Message, Source, Team, Ticket, User

Act = Callable[[dt.datetime], object]
Step = tuple[dt.datetime, Act]
RATES = 0.3  # of the customers whose question was solved say how they found it
MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Cast:
    """Who plays: agents by key, customers by index, and the team that each part of the product belongs to."""

    agents: dict[str, User]
    customers: list[Customer]
    team_of: Callable[[User], Team | None]
    topics: dict[str, str]  # an agent's solving text -> the topic it solves, for answers that no article gives


class Conversation:
    """One scripted conversation, as steps in time. Each step sees what the product has done since."""

    def __init__(self, script: dict[str, Any], cast: Cast, now: dt.datetime) -> None:
        self.script, self.cast = script, cast
        self.start = now - dt.timedelta(days=script["days_ago"])
        self.customer = cast.customers[script["customer"]]
        self.ticket: Ticket | None = None
        self.draw = random.Random(script["question"])
        self.rephrasings = list(script.get("rephrasings", []))

    def steps(self) -> Iterator[Step]:
        """A generator: what comes next depends on what the assistant said, so it is asked for step by step."""
        yield self.start, self._ask
        at = self.start
        while (reaction := self._reaction()) is not None:
            at += 3 * MINUTE
            yield at, reaction
        ticket = self._fresh()
        if ticket.handler == Ticket.Handler.TEAM:
            yield from self._with_people(at)
        if self._fresh().is_resolved and self.draw.random() < RATES:
            yield at + dt.timedelta(hours=26), self._rate

    def _rate(self, at: dt.datetime) -> None:
        content = [5, 5, 4, 4, 3] if self.script["outcome"] == "confirmed" else [5, 4, 3, 3, 2]
        self._fresh().rate(customer=self.customer, score=self.draw.choice(content), at=at)

    def _ask(self, at: dt.datetime) -> None:
        script = self.script
        self.ticket = intake.open_ticket(
            customer=self.customer,
            body=script["question"],
            subject=script["subject"],
            channel=script["channel"],
            context={"page": script.get("page") or "", "locale": self.customer.locale},
            tags=script.get("tags"),
            at=at,
        )
        if script.get("priority") in {"high", "urgent", "low"}:
            self.ticket.prioritise(script["priority"], at=at)

    def _reaction(self) -> Act | None:
        """What the customer does about the assistant's last word; None when they wait, or are done with it."""
        ticket = self._fresh()
        said = ticket.messages.order_by("-seq").first()
        if said is None or ticket.is_resolved or said.author != Message.Author.ASSISTANT or said.kind == "handoff":
            return None
        if said.kind == "clarify":
            right = [option for option in said.meta["options"] if self._solves(option["source"])]
            if right:
                return lambda at: self._say(right[0]["title"], at, meta={"option": right[0]["source"]})
            return lambda at: ticket.ask_for_person(customer=self.customer, at=at)
        if said.citations and self._solves(said.citations[0]["source"]):
            return self._content(ticket)
        if self.rephrasings:
            return lambda at: self._say(self.rephrasings.pop(0), at)
        return lambda at: ticket.not_quite(customer=self.customer, at=at)

    def _content(self, ticket: Ticket) -> Act | None:
        if self.script["outcome"] in {"silent", "open", "waiting"}:
            return None
        return lambda at: ticket.solved(customer=self.customer, at=at)

    def _say(self, text: str, at: dt.datetime, **fields: Any) -> None:
        self._fresh().say(text, customer=self.customer, at=at, **fields)

    def _solves(self, source_id: int) -> bool:
        source = Source.objects.select_related("article").get(pk=source_id)
        if source.article:
            return source.article.slug == self.script["resolved_by"]
        return bool(self.script.get("topic")) and self._topic(source.body) == self.script["topic"]

    def _topic(self, text: str) -> str:
        """The topic of the scripted answer that shares most words with this text."""
        words = set(text.lower().split())

        def alike(known: str) -> float:
            theirs = set(known.lower().split())
            return len(words & theirs) / len(words | theirs)

        return self.cast.topics[max(self.cast.topics, key=alike)]

    def _with_people(self, since: dt.datetime) -> Iterator[Step]:
        """As it was in the script, told from when people took over."""
        script, last_agent = self.script, None
        if script["outcome"] == "spam":
            agent = next(iter(self.cast.agents.values()))
            yield since + 30 * MINUTE, lambda at: self._fresh().mark_spam(by=agent)
            return
        at = since
        for line in script["conversation"]:
            at = max(at + MINUTE, self.start + dt.timedelta(hours=line["after_hours"]))
            if line["from"] == "customer":
                yield at, partial(self._say, line["text"])
            else:
                last_agent = self.cast.agents[line["agent"]]
                yield at, partial(self._agent_writes, line, last_agent)
        if last_agent and script["outcome"] in {"confirmed", "silent", "came_back"}:
            yield at + 20 * MINUTE, lambda at: self._close(last_agent, at)

    def _agent_writes(self, line: dict[str, Any], by: User, at: dt.datetime) -> None:
        ticket = self._fresh()
        if ticket.assignee is None:
            ticket.assign(to=by, team=ticket.team or self.cast.team_of(by), by=by, at=at)
        if line.get("note"):
            ticket.note(line["text"], by=by, at=at)
        else:
            ticket.reply(line["text"], by=by, teach=line.get("teach", True), at=at)

    def _close(self, by: User, at: dt.datetime) -> None:
        ticket = self._fresh()
        if self.script["outcome"] == "confirmed":
            ticket.solved(customer=self.customer, at=at)
        else:
            ticket.resolve(by=by, at=at)

    def _fresh(self) -> Ticket:
        assert self.ticket is not None
        return Ticket.objects.select_related("customer__organisation", "assignee", "team").get(pk=self.ticket.pk)


def play(scripts: list[dict[str, Any]], cast: Cast, *, now: dt.datetime, tick: Act) -> Iterator[int]:
    """All conversations together in the order of time. `tick` is called as each simulated day ends. Yields after each finished one."""
    order = itertools.count()
    running: list[tuple[dt.datetime, int, Act, Iterator[Step]]] = []
    for script in scripts:
        steps = Conversation(script, cast, now).steps()
        at, act = next(steps)
        heapq.heappush(running, (at, next(order), act, steps))
    day, finished = running[0][0] if running else now, 0
    while running:
        at, _, act, steps = heapq.heappop(running)
        while at - day >= dt.timedelta(days=1):
            day += dt.timedelta(days=1)
            tick(day)
        if at <= now:
            act(at)
            following = next(steps, None)
            if following:
                heapq.heappush(running, (max(following[0], at), next(order), following[1], steps))
                continue
        finished += 1
        yield finished
    tick(now)
