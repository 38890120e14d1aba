"""What is known of a gap: its name, its examples, what agents answered, the article drafted from that, and what an article should bring."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from helpdesk.formatting import clean_line
from helpdesk.models import Message
from helpdesk.search.embedder import EmbedderUnavailable, embed
from learning import bursts, excerpts, incidents, retest
from learning.demonstrations import solving_reply
from learning.models import Decision, Gap, GapQuestion
from learning.resolutions import anonymous, depersonalise, title_of
from learning.screening import objection
from learning.unanswered import Asked
from learning.wording import words

READ = 60  # of its newest questions: enough to say what they have in common
EXAMPLES, ANSWERS, PAGES = 4, 8, 5
EXAMPLE_LIMIT, ANSWER_LIMIT = 300, 900
COMPARED = 150  # of the newest questions that an article solved: what came long ago came to a beginner
NAME_WORDS = 3


def answered_share(asked: Sequence[Asked]) -> float:
    """Of questions that an article covers, the share that is answered from it without people and without a complaint, in (0, 1).

    Counted over the newest COMPARED that are known to be covered. People do not always say which article it would have been, so that
    what they answered is undercounted, and this is an upper guess. It starts at a half, with the weight of four questions.
    """
    covered = [each for each in asked if each.article is not None][:COMPARED]
    return (sum(each.is_answered for each in covered) + 2) / (len(covered) + 4)


def name(gap: Gap, *, at: dt.datetime) -> None:
    """In the words of the question that says best what they have in common. Given once: a gap keeps it."""
    rows = _quotable(_members(gap))
    texts = {row.pk: f"{row.ticket.subject}\n{row.decision.question}" for row in rows}
    told = bursts.telling([words(text) for text in texts.values()], incidents.usual(at), most=8)
    in_common = f"Questions about {', '.join(told[:3])}" if told else "Questions that no article answers"
    gap.title = (_title(rows, told) or in_common)[:200]
    gap.save(update_fields=["title"])


def refresh(gap: Gap, rate: float, *, at: dt.datetime) -> None:
    """Count and draft it anew. What an agent has written into the draft stays; a gap whose article is out keeps its figures."""
    if not gap.is_unwritten:
        return
    rows = _members(gap)
    quotable = _quotable(rows)
    answers = _answers(quotable)
    agreed = _agreement(answers)
    gap.tested = retest.retest(decisions(gap), _source(gap), at=at)
    now = gap.tested["now"] / gap.tested["of"] if gap.tested["of"] else 0.0
    gap.lift = round((1 - now) * rate * agreed, 4)  # what nothing answers now, as far as an article would
    found = [words(f"{row.ticket.subject}\n{row.decision.question}") for row in rows]
    gap.terms = bursts.telling(found, incidents.usual(at), most=4)
    gap.facts = {
        "kinds": dict(Counter(row.kind for row in rows)),
        "examples": _examples(gap, quotable),
        "answers": [{"ticket": ticket, "text": text[:ANSWER_LIMIT]} for ticket, text in answers[:EXAMPLES]],
        "answered": len(answers),
        "pages": Counter(row.ticket.page for row in rows if row.ticket.page).most_common(PAGES),
        "category": _category(rows),
        "rate": round(rate, 4),
        "agreed": round(agreed, 4),
        "now": round(now, 4),
    }
    gap.count()
    if gap.edited_by_id is None and gap.article_id is None:
        gap.draft_title, gap.draft_body, gap.facts["left_out"] = gap.title, *_draft([text for _, text in answers])
    gap.save(update_fields=["customers", "tested", "lift", "expected", "terms", "facts", "draft_title", "draft_body"])


def decisions(gap: Gap) -> list[Decision]:
    """Of its questions from before the article, the newest that can be asked again."""
    found = Decision.objects.filter(pk__in=gap.questions.filter(is_later=False).values("decision"), vector__isnull=False)
    found = found.select_related("customer").only("ticket", "customer", "question", "vector", "page", "segment")
    return list(found.order_by("-at", "-pk")[: retest.MOST])


# --- Inside -------------------------------------------------------------------------------------------------------------


def _members(gap: Gap) -> list[GapQuestion]:
    found = gap.questions.filter(is_later=False).select_related("ticket__customer", "ticket__team", "decision__source")
    found = found.defer(
        "decision__candidates", "decision__features", "decision__logodds", "decision__source__tsv", "decision__source__body"
    )
    return list(found.order_by("-at", "-pk")[:READ])


def _quotable(rows: Iterable[GapQuestion]) -> list[GapQuestion]:
    """Tickets of private teams count, and are never quoted."""
    return [row for row in rows if row.ticket.team is None or not row.ticket.team.is_private]


def _typical(rows: Sequence[GapQuestion]) -> list[GapQuestion]:
    """The nearest to their middle first."""
    if not rows:
        return []
    vectors = np.array([np.asarray(row.decision.vector, np.float32) for row in rows])
    order = np.argsort(-(vectors @ vectors.mean(axis=0)), kind="stable")
    return [rows[place] for place in order[:EXAMPLES]]


def _title(rows: Sequence[GapQuestion], told: Sequence[str]) -> str:
    """The subject that names them all best: with many shared words, few numbers, nobody's name, and not long; a question where no subject says enough."""

    def worth(text: str) -> float:
        shared = len(words(text) & set(told))
        return shared - 0.5 * len(re.findall(r"\d+", text)) - 0.08 * abs(len(text.split()) - 7)

    typical = _typical(rows)
    subjects = [(row, row.ticket.subject.rstrip("…")) for row in typical if len(row.ticket.subject.split()) >= NAME_WORDS]
    best = sorted(subjects, key=lambda found: -worth(found[1]))
    found = []
    for row, text in best or [(row, row.decision.question) for row in typical]:
        title = clean_line(title_of(anonymous(text, [row.ticket.customer.name])), limit=120)
        if "[" not in title:
            return title
        found.append(title)
    return next(iter(found), "")


def _examples(gap: Gap, rows: Sequence[GapQuestion]) -> list[dict[str, Any]]:
    """The typical ones; taking the people out of a text costs some queries, so that it is done once."""
    known = {each["ticket"]: each for each in gap.facts.get("examples", [])}
    return [known.get(row.ticket_id) or _example(row) for row in _typical(rows)]


def _example(row: GapQuestion) -> dict[str, Any]:
    body = row.decision.question.removeprefix(row.ticket.subject).strip() or row.decision.question
    people = [row.ticket.customer.name]
    text = anonymous(depersonalise(body, people), people)
    return {"ticket": row.ticket_id, "at": row.at.isoformat(), "text": clean_line(text, limit=EXAMPLE_LIMIT)}


def _answers(rows: Sequence[GapQuestion]) -> list[tuple[int, str]]:
    """What agents answered, newest first, without the people in it."""
    found = []
    for row in [row for row in rows if row.kind in {GapQuestion.Kind.PEOPLE, GapQuestion.Kind.TAUGHT, GapQuestion.Kind.FAILED}][:ANSWERS]:
        reply = _replied(row)
        if reply is not None:
            people = [row.ticket.customer.name, *([reply.user.name] if reply.user else [])]
            found.append((row.ticket_id, depersonalise(reply.body, people)))
    return [(ticket, text) for ticket, text in found if text]


def _replied(row: GapQuestion) -> Message | None:
    return solving_reply(row.ticket) if row.ticket.is_resolved else None


def _agreement(answers: Sequence[tuple[int, str]]) -> float:
    """How much agents' answers say the same: what they answer differently, one article will not answer."""
    if not answers:
        return 0.5
    try:
        return excerpts.agreement(embed([text[:1_500] for _, text in answers]))
    except EmbedderUnavailable:
        return 2 / 3


def _draft(answers: Sequence[str]) -> tuple[str, list[str]]:
    """The article, and why sentences were left out of it."""
    parts, left_out = [], []
    for answer in answers:
        kept = []
        for sentence in excerpts.sentences(answer):
            if because := objection(sentence):
                left_out.append(because)
            else:
                kept.append(sentence)
        parts.append(kept)
    try:
        flat = embed([sentence for part in parts for sentence in part]) if any(parts) else np.zeros((0, 0), np.float32)
    except EmbedderUnavailable:
        return "\n\n".join(parts[0]) if parts else "", left_out
    ends = np.cumsum([len(part) for part in parts])
    vectors = [flat[end - len(part) : end] for part, end in zip(parts, ends.tolist(), strict=True)]
    return excerpts.markdown(*excerpts.compose(parts, vectors)), sorted(set(left_out))


def _category(rows: Sequence[GapQuestion]) -> int | None:
    """Where the sources stand that were ranked first."""
    found = Counter(row.decision.source.category_id for row in rows if row.decision.source and row.decision.source.category_id)
    return next((category for category, _ in found.most_common(1)), None)


def _source(gap: Gap) -> int | None:
    source = getattr(gap.article, "source", None) if gap.article else None
    return source.pk if source else None
