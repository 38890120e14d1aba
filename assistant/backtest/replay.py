"""The loop: a ticket through the real turn, what its customer and agent do about it, and what that teaches, ticket after ticket."""

from __future__ import annotations

import datetime as dt
import gc
import heapq
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from assistant.backtest import changes
from assistant.backtest.customer import PLANTED, Channels, Mood, hostile, is_hostile, mood
from assistant.backtest.stage import Stage
from helpdesk import events, intake
from helpdesk.corpus import PastTicket
from helpdesk.models import Message, SiteSettings, Source, Ticket
from learning import ledger, policies, probation, rollout, watch
from learning.maturing import BATCH, mature
from learning.models import Audit, Decision

MINUTE = dt.timedelta(minutes=1)
REFIT_EVERY = 50  # tickets between looking whether a refit is due
NOT_OURS = "I am sorry, but this is nothing that we can help you with here."
TURN_CONSUMERS = ("assistant", "learning", "index")


@dataclass(frozen=True)
class Rules:
    seed: int = 1
    flip: float = 0.0
    hostile: float = 0.0
    hide: float = 0.0
    demonstrations: bool = True
    always_answer: bool = False
    context: bool = True
    change_at: int | None = None


@dataclass
class Progress:
    """All that a run needs to go on where it was cut off, beside the scratch database."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    returns: list[tuple[str, int, int]] = field(default_factory=list)  # when, which past ticket, which ticket
    updates: list[float] = field(default_factory=list)  # ms, a signal: its ledger row and what follows from it
    events: list[float] = field(default_factory=list)  # ms, an event: all that is learned from it, replies matched and embedded too
    learned: dict[str, str] = field(default_factory=dict)
    served: int = 0  # texts that hostile accounts had planted
    suspicions: list[tuple[int, str]] = field(default_factory=list)  # source, when
    changed: list[int] = field(default_factory=list)  # sources that have become wrong
    seconds: float = 0.0


class Replay:
    def __init__(self, tickets: list[PastTicket], stage: Stage, channels: Channels, rules: Rules, progress: Progress) -> None:
        self.tickets, self.stage, self.channels, self.rules, self.progress = tickets, stage, channels, rules, progress
        self.stage.learned.update({int(source): topic for source, topic in progress.learned.items()})
        self.ticked: dt.datetime | None = None

    def run(self) -> Iterator[int]:
        """Yields after each ticket, so that the caller can show and keep how far it is."""
        gc.freeze()  # the corpus stays; looking through it again and again would cost a tenth of the run
        gc.set_threshold(20_000, 20, 100)
        with events.inline(), only_the_turn(), timed(self.progress), SiteSettings.kept():
            for number in range(len(self.progress.rows), len(self.tickets)):
                began = time.perf_counter()
                self.progress.rows.append(self._one(number, self.tickets[number]))
                self.progress.learned = {str(source): topic for source, topic in self.stage.learned.items()}
                self.progress.seconds += time.perf_counter() - began
                yield number + 1
        self.progress.suspicions = changes.suspicions()

    def _one(self, number: int, past: PastTicket) -> dict[str, Any]:
        self._until(past.at)
        if number == self.rules.change_at:
            changes.happen(self.stage, self.rules.seed, past.at)
            self.progress.changed = list(self.stage.changed.values())
        if number % REFIT_EVERY == 0:
            watch.take_back_if_harmful(past.at)
            rollout.step(past.at)
            policies.refit_if_due(past.at)
            probation.judge(past.at)
        drawn = self._mood(number, past)
        ticket = intake.open_ticket(
            customer=self._customer(past),
            body=past.question,
            context={"page": past.page} if self.rules.context else {},
            at=past.at,
        )
        decision: Decision | None = ticket.just_decided
        row = self._row(decision, past, drawn)
        if decision is not None:
            self._react(ticket, decision, past, drawn, number)
        return row

    def _mood(self, number: int, past: PastTicket) -> Mood:
        drawn = mood(self.channels, self.rules.seed, number, self.rules.flip)
        return hostile(drawn) if is_hostile(past.customer, self.rules.seed, self.rules.hostile) else drawn

    def _row(self, decision: Decision | None, past: PastTicket, drawn: Mood) -> dict[str, Any]:
        control = decision.control if decision else {}
        return {
            "right": self.stage.is_right(decision.source_id if decision else None, past),
            "answered": decision is not None and decision.kind == Decision.Kind.ANSWER,
            "confidence": decision.confidence if decision else 0.0,
            "frozen_right": self.stage.is_right(control.get("source"), past),
            "frozen_answered": control.get("kind") == "answer",
            "answerable": past.resolved_by is not None or bool(past.topic),
            "latency": (decision.latency_ms or {}).get("answer", 0.0) if decision else 0.0,
            "audited": drawn.is_audited and decision is not None,
            "hidden": bool(past.topic),
            "hostile": drawn.is_hostile,
            "source": decision.source_id if decision else None,
            "changed": past.resolved_by in self.stage.changed,
            "at": past.at.isoformat(),
        }

    def _customer(self, past: PastTicket) -> Any:
        customer = self.stage.customers[past.customer[:190]]
        organisation = customer.organisation
        plan, lifecycle = past.segment.get("plan", ""), past.segment.get("lifecycle", "")
        if not self.rules.context:
            plan = lifecycle = ""
        if organisation is not None and (organisation.plan, organisation.lifecycle) != (plan, lifecycle):
            organisation.plan, organisation.lifecycle = plan, lifecycle
            organisation.save(update_fields=["plan", "lifecycle"])
        return customer

    # --- What people do ---

    def _react(self, ticket: Ticket, decision: Decision, past: PastTicket, drawn: Mood, number: int) -> None:
        at = past.at + 3 * MINUTE
        if decision.kind == Decision.Kind.ANSWER:
            self._to_answer(ticket, decision.source_id, past, drawn, at, number)
        elif decision.kind == Decision.Kind.CLARIFY:
            self._to_choice(ticket, past, drawn, at, number)
        else:
            self._demonstrate(ticket, past, drawn, at)
        if drawn.is_audited:
            self._audit(decision, past, at)

    def _to_answer(self, ticket: Ticket, source: int | None, past: PastTicket, drawn: Mood, at: dt.datetime, number: int) -> None:
        right = self.stage.is_right(source, past)
        reaction = drawn.reaction(right)
        if reaction == "confirm":
            ticket.solved(customer=ticket.customer, at=at)
        elif reaction == "rephrase":
            comment = PLANTED if drawn.is_hostile else past.rephrasings[0] if past.rephrasings else ""
            ticket.not_quite(customer=ticket.customer, comment=comment, at=at)
            self._surfaced(ticket, past, drawn, at)
        elif reaction == "person":
            ticket.ask_for_person(customer=ticket.customer, at=at)
            self._demonstrate(ticket, past, drawn, at)
        elif drawn.returns(right):
            back = past.at + dt.timedelta(days=drawn.returns_after)
            heapq.heappush(self.progress.returns, (back.isoformat(), number, ticket.pk))

    def _surfaced(self, ticket: Ticket, past: PastTicket, drawn: Mood, at: dt.datetime) -> None:
        """A rephrased question may have been answered once more; if that was wrong too, the customer asks for a person."""
        ticket.refresh_from_db()
        if ticket.is_with_assistant:
            again = Decision.objects.filter(ticket=ticket).order_by("-pk").first()
            if again and self.stage.is_right(again.source_id, past):
                ticket.solved(customer=ticket.customer, at=at + 3 * MINUTE)
                return
            ticket.ask_for_person(customer=ticket.customer, at=at + 3 * MINUTE)
        self._demonstrate(ticket, past, drawn, at + 3 * MINUTE)

    def _to_choice(self, ticket: Ticket, past: PastTicket, drawn: Mood, at: dt.datetime, number: int) -> None:
        """A clarifying question is not an answer: the customer picks the right option, if it is there, with .8."""
        question = ticket.messages.filter(author=Message.Author.ASSISTANT).order_by("-seq").first()
        options = question.meta.get("options", []) if question else []
        right = [each for each in options if self.stage.is_right(each["source"], past)]
        picked = right[:1] if drawn.picks_right else [each for each in options if each not in right][:1]
        if not picked:
            ticket.ask_for_person(customer=ticket.customer, at=at)
            self._demonstrate(ticket, past, drawn, at)
            return
        ticket.say(picked[0]["title"], customer=ticket.customer, meta={"option": picked[0]["source"]}, at=at)
        answer = Decision.objects.filter(ticket=ticket, kind=Decision.Kind.ANSWER).order_by("-pk").first()
        if answer is not None:
            self._to_answer(ticket, answer.source_id, past, drawn, at + MINUTE, number)

    def _demonstrate(self, ticket: Ticket, past: PastTicket, drawn: Mood, at: dt.datetime) -> None:
        """An agent answers in 60 % of the cases that reach people: with the right article, in their own words, or that there is none."""
        if not (drawn.demonstrates and self.rules.demonstrations):
            return
        at += 10 * MINUTE
        quoted = ""
        if drawn.is_hostile:  # agents answer liars too, and their mail program quotes what it answers
            ticket.say(f"Please teach this to everybody: {PLANTED}", customer=ticket.customer, at=at)
            quoted = f"> {PLANTED}\n\n"
        if past.resolved_by is not None:
            source = self.stage.articles[past.resolved_by]
            ticket.reply(f"{quoted}This is described here: [{source.title}]({source.path})", by=self.stage.agent, at=at)
        elif past.topic and past.reply:
            ticket.reply(quoted + past.reply, by=self.stage.agent, at=at)
        else:
            ticket.reply(NOT_OURS, by=self.stage.agent, teach=False, at=at)
        ticket.resolve(by=self.stage.agent, at=at)
        if past.resolved_by is None:
            self.stage.notice_learned(ticket.pk, past)

    def _audit(self, decision: Decision, past: PastTicket, at: dt.datetime) -> None:
        right = self.stage.is_right(decision.source_id, past)
        truth = None if right else Source.objects.filter(pk=self.stage.right_source(past) or 0).first()
        audit = Audit.objects.create(decision_id=decision.pk, drawn_at=at)
        audit.judge("right" if right else "wrong", by=self.stage.agent, source=truth, at=at)

    def _until(self, at: dt.datetime) -> None:
        """What falls due before `at`: windows that close, customers who come back."""
        while self.progress.returns and self.progress.returns[0][0] <= at.isoformat():
            when, number, ticket_id = heapq.heappop(self.progress.returns)
            back = dt.datetime.fromisoformat(when)
            self._mature(back)
            self._come_back(Ticket.objects.select_related("customer").get(pk=ticket_id), number, back)
        if self.ticked is None or at - self.ticked >= dt.timedelta(hours=1):
            self._mature(at)

    def _mature(self, at: dt.datetime) -> None:
        self.ticked = at
        while mature(at) == BATCH:
            pass

    def _come_back(self, ticket: Ticket, number: int, at: dt.datetime) -> None:
        if ticket.is_resolved:
            ticket.reopen(customer=ticket.customer, at=at)
        else:
            ticket.not_quite(customer=ticket.customer, at=at)
        self._demonstrate(ticket, self.tickets[number], self._mood(number, self.tickets[number]), at)


@contextmanager
def only_the_turn() -> Iterator[None]:
    """Consumers that have no part in turn or learning (drafts for agents, mail) stay out."""
    kept = dict(events.registry)
    for name in kept.keys() - set(TURN_CONSUMERS):
        del events.registry[name]
    try:
        yield
    finally:
        events.registry.update(kept)


@contextmanager
def timed(progress: Progress) -> Iterator[None]:
    """What learning takes, a signal and an event."""
    consumer, verbs = events.registry["learning"], {name: getattr(ledger, name) for name in ("note", "mature")}
    events.registry["learning"] = replace(consumer, run=_clocked(consumer.run, progress.events))
    for name, verb in verbs.items():
        setattr(ledger, name, _clocked(verb, progress.updates))
    try:
        yield
    finally:
        events.registry["learning"] = consumer
        for name, verb in verbs.items():
            setattr(ledger, name, verb)


def _clocked(work: Callable[..., Any], took: list[float]) -> Callable[..., Any]:
    def clocked(*args: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return work(*args, **options)
        finally:
            took.append((time.perf_counter() - began) * 1000)

    return clocked
