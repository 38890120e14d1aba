"""A turn: a customer's message in; an answer, one question back, or a hand-off to people out. Every decision is logged."""

from __future__ import annotations

import datetime as dt
import logging
import re
import time
from collections.abc import Callable
from dataclasses import replace

from assistant import llm
from assistant.llm import LLMUnavailable
from assistant.passages import Passage, passages_of
from assistant.reading import Reading, read
from helpdesk import live, office
from helpdesk.models import Message, SiteSettings, Source, Ticket
from helpdesk.search.embedder import EmbedderUnavailable
from learning import decisions
from learning.models import Decision
from learning.models.decision import CONTROL
from learning.question import Ranking, Scored
from learning.serving import serve

logger = logging.getLogger(__name__)

ANSWERS_A_TICKET = 3  # after that, people: nobody should be sent round in circles
STREAM_EVERY = 0.15  # seconds between two glimpses of an answer that is being written
_CITES = re.compile(r"[ \t]*\[\d{1,2}\]")
_MARKS = re.compile(r"\[([^\[\]\n]*)(?:\](?:\([^()\s]*\)?)?)?|[*`]+|^#+[ \t]+", re.MULTILINE)


def take(message: Message, *, at: dt.datetime | None = None) -> Decision | None:
    """Deal with one message of a customer. None when there was nothing to decide, or no way to."""
    ticket, at = message.ticket, at or message.at
    if ticket.handler != Ticket.Handler.ASSISTANT or ticket.is_resolved or _is_past(message, ticket):
        return None
    if not SiteSettings.load().assistant_enabled:
        hand_off(ticket, reason="assistant_off", at=at)
        return None
    if not message.body:  # a file and no word: it cannot look inside
        hand_off(ticket, reason="only_files", at=at)
        return None
    started = time.perf_counter()
    try:
        reading = read(message, at=at)
    except EmbedderUnavailable:
        logger.exception("No vectors: ticket %s goes to people", ticket.pk)
        hand_off(ticket, reason="embedder_down", at=at)
        return None
    who = {"customer_id": ticket.customer_id, "message_id": message.pk}
    ranking = serve(reading.question, reading.candidates, reading.recalled, **who, is_first=message.seq == 1)
    ranking = _heed(ranking, message, ticket)
    decision = ticket.just_decided = decisions.log(
        ticket=ticket,
        message=message,
        question=reading.question,
        ranking=ranking,
        latency_ms={"answer": round((time.perf_counter() - started) * 1000, 2)},
        at=at,
    )
    act(ticket, message, reading, ranking, decision, at)
    return decision


def _is_past(message: Message, ticket: Ticket) -> bool:
    """Something has been said since; a note between colleagues is nothing to the customer."""
    return ticket.last_seq != message.seq and ticket.messages.public().filter(seq__gt=message.seq).exists()


def _heed(ranking: Ranking, message: Message, ticket: Ticket) -> Ranking:
    """What the customer chose or went through before outweighs the score."""
    chosen = [each for each in ranking.scored if each.source_id == message.meta.get("option")]
    if chosen:
        rest = [each for each in ranking.scored if each is not chosen[0]]
        return replace(ranking, scored=[*chosen, *rest], action="answer", reason="The customer chose this of several.")
    if message.seq == 1:
        return ranking
    answered = ticket.messages.filter(author=Message.Author.ASSISTANT, meta__kind__in=["answer", "clarify"])
    tried = list(answered.values_list("meta__kind", flat=True))
    if ranking.action == "clarify" and "clarify" in tried:
        return replace(ranking, action="hand_off", reason="One question back is enough.")
    if len(tried) >= ANSWERS_A_TICKET:
        return replace(ranking, action="hand_off", reason="Several answers have missed.")
    return ranking


def act(ticket: Ticket, message: Message, reading: Reading, ranking: Ranking, decision: Decision, at: dt.datetime) -> None:
    if ranking.action == "answer":
        answer(ticket, message, reading, ranking, decision, at)
    elif ranking.action == "clarify":
        ticket.answer(
            "I found more than one thing this could be about. Which one is it?",
            meta={"kind": "clarify", "decision": decision.pk, "options": _choices(ranking.options)},
            at=at,
        )
    else:
        hand_off(ticket, reason="unsure", decision=decision, at=at)


def _choices(options: list[Scored]) -> list[dict[str, object]]:
    """What the customer chooses from, in words that they may read: no query where all are articles."""
    learned = Source.objects.defer("tsv").in_bulk([each.source_id for each in options if each.candidate.is_learned])
    labels = {pk: source.public_label for pk, source in learned.items()}
    return [{"source": each.source_id, "title": labels.get(each.source_id, each.candidate.title)} for each in options]


def answer(ticket: Ticket, message: Message, reading: Reading, ranking: Ranking, decision: Decision, at: dt.datetime) -> None:
    """The passage itself; with a language model, its words on the passages."""
    likely = [each for each in ranking.scored[:3] if each is ranking.first or each.p >= ranking.threshold]
    sources = Source.objects.rankable_for(ticket.customer).defer("tsv").in_bulk([each.source_id for each in likely])
    passages = passages_of([sources[each.source_id] for each in likely if each.source_id in sources], reading.question.vector)
    body, cited = compose(reading.question.text, passages, on_text=_glimpses(ticket))
    if body is None:
        decisions.withdraw(decision, "The passages did not answer the question.")
        hand_off(ticket, reason="not_in_sources", decision=decision, at=at)
        return
    if llm.is_configured() and not Ticket.objects.filter(pk=ticket.pk, handler=Ticket.Handler.ASSISTANT).exists():
        decisions.withdraw(decision, "A person took over while it was being written.")
        return
    meta = {
        "kind": "answer",
        "decision": decision.pk,
        "confidence": round(ranking.confidence, 4) if ranking.policy != CONTROL else None,
        "title": cited[0].source.public_title,
        "citations": [passage.citation() for passage in cited],
    }
    ticket.answer(body, meta=meta, at=at)


def compose(question: str, passages: list[Passage], on_text: Callable[[str], None] | None = None) -> tuple[str | None, list[Passage]]:
    """The answer and the passages it rests on. Without a model, or when it fails, the first passage as it stands."""
    if not passages:  # taken back since it was found
        return None, []
    if llm.is_configured() and not llm.is_tripped():
        from assistant.synthesis import cited_in, synthesise

        try:
            text = synthesise(question, passages, on_text=on_text)
            return text, cited_in(text, passages) if text else []
        except LLMUnavailable as error:
            logger.warning("Quoting the passage instead of the model: %s", error)
    return quote(passages[0]), passages[:1]


def quote(passage: Passage) -> str:
    """The passage, under the heading it stands under when that is not its title."""
    heading = passage.heading if passage.heading != passage.source.title else ""
    return f"**{heading}**\n\n{passage.text}" if heading else passage.text


def _glimpses(ticket: Ticket) -> Callable[[str], None]:
    """Show the answer while it is being written, a few times a second."""
    last = 0.0

    def show(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= STREAM_EVERY:
            last = time.monotonic()
            live.hint(live.ticket_group(ticket.pk), {"kind": "stream", "number": ticket.pk, "text": unmarked(text)})

    return show


def unmarked(text: str) -> str:
    """Markdown that is not finished yet, as plain text in its lines: half a mark would be shown as it is written."""
    return _MARKS.sub(r"\1", _CITES.sub("", text))


def hand_off(ticket: Ticket, *, reason: str, decision: Decision | None = None, at: dt.datetime) -> None:
    ticket.hand_off(
        reason=reason,
        body=f"I don’t have an answer I am sure of, so I have passed this on to a colleague with everything you wrote. {office.promise(ticket, at)}",
        meta={"decision": decision.pk if decision else None},
        at=at,
    )
