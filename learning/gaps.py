"""Questions that no article answers, gathered into gaps as they settle; and what becomes of a gap once its article is out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from django.db import connection, transaction
from django.db.models import Count, QuerySet

from helpdesk.events import consumer
from helpdesk.models import Chunk, Customer, Event, Source
from helpdesk.models.events import SYSTEM
from helpdesk.search.index import index_source, outline
from learning import gap_facts, gathering, ledger, matching, merging, retest, trial, unanswered
from learning.demonstrations import solving_reply
from learning.models import Gap, GapQuestion, LearnedResolution
from learning.unanswered import Asked

LOCK = 0x6A95  # two workers at once would found the same gap twice
LOOSE = 1_000  # of the newest questions that belong to no gap yet
WATCHED = 200  # gaps whose article is out
LATER = 2_000  # of the newest questions since then
TAUGHT = 50  # of its questions that teach a new article


@consumer("gaps", {"article.published", "article.archived"})
def consume(event: Event) -> None:
    for gap in Gap.objects.filter(article=event.data.get("article")):
        if event.verb == "article.archived":
            gap.reopen("Its article was archived", at=event.at)
        elif gap.publish(at=event.at) or gap.state == Gap.State.PUBLISHED:
            teach(gap, event)


@transaction.atomic
def find(at: dt.datetime) -> list[Gap]:
    """Take in what has settled, found new gaps, and judge those whose article is out. The gaps that have changed.

    Bounded: it reads the newest questions of the last 90 days and embeds only what agents answered in gaps that have grown. A gap keeps its
    questions, its name and its number when others join.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    asked = unanswered.asked(at)
    changed = _take_in(asked)
    changed |= _join(at)
    if founded := _found(at):
        changed |= founded | _join(at)  # what was a little too far to found it with the others
    changed |= _put_on_trial(asked, at)
    rate = gap_facts.answered_share(asked)
    found = list(Gap.objects.filter(pk__in=changed).select_related("article__source"))
    for gap in found:
        gap_facts.refresh(gap, rate, at=at)
    return found


def teach(gap: Gap, event: Event) -> None:
    """Its new article says what agents had answered: credit it with the questions whose answers it matches, then try it on all of them.

    What was learned from those tickets gives way to it: a text that somebody wrote for everybody is better than one written for one customer.
    """
    source = Source.objects.get(article=gap.article)
    if not Chunk.objects.filter(source=source, vector__isnull=False).exists():
        index_source(source, outline(source.title, source.body))
    articles = Source.objects.filter(kind=Source.Kind.ARTICLE, is_live=True)
    taught = []
    for question in _solved_by_people(gap):
        reply = solving_reply(question.ticket)
        if reply is not None and matching.match(reply.body, [question.decision], articles) == source:
            ledger.note(question.decision, "demonstrated", event=event, at=event.at, source=source)
            taught.append(question.ticket_id)
    replaced = LearnedResolution.objects.filter(ticket__in=taught).exclude(state=LearnedResolution.State.RETIRED)
    for resolution in replaced:
        merging.replace(resolution, source, by=None, at=event.at)
    try_again(gap, at=event.at)


def try_again(gap: Gap, *, at: dt.datetime) -> None:
    """How many of its questions would be answered now."""
    source = Source.objects.filter(article=gap.article_id).first() if gap.article_id else None
    gap.tested = retest.retest(gap_facts.decisions(gap), source.pk if source else None, at=at)
    gap.save(update_fields=["tested"])


def leave_out_all(customer: Customer, *, at: dt.datetime) -> None:
    """As if this customer had not asked: their questions join nothing, and a gap that too few others asked about is none."""
    theirs = GapQuestion.objects.filter(customer=customer)
    touched = list(Gap.objects.filter(questions__in=theirs).distinct().select_related("article__source"))
    tickets = set(theirs.values_list("ticket_id", flat=True))
    theirs.update(gap=None, is_apart=True)
    rate = gap_facts.answered_share(unanswered.asked(at)) if touched else 0.0
    for gap in touched:
        rest = gap.questions.filter(is_later=False)
        few = rest.count() < gathering.LEAST or rest.values("customer").distinct().count() < gathering.LEAST_VOICES
        if few and gap.is_unwritten and gap.article_id is None:
            Event.record("gap.forgotten", by=SYSTEM, at=at, gap=gap.pk)
            gap.delete()
        else:
            _remember(gap, rest.exists(), tickets, rate, at)


# --- Inside -------------------------------------------------------------------------------------------------------------


def _take_in(asked: Sequence[Asked]) -> set[int]:
    """A row for each question that no article answered; it goes when an article has after all. The gaps that have lost or changed one."""
    kinds = {each.decision: each for each in asked}
    known = {row.decision_id: row for row in GapQuestion.objects.filter(decision__in=kinds, is_later=False)}
    later = set(GapQuestion.objects.filter(decision__in=kinds, is_later=True).values_list("decision_id", flat=True))
    new = [each for each in asked if each.kind and each.decision not in known and each.decision not in later]
    GapQuestion.objects.bulk_create(
        GapQuestion(decision_id=each.decision, ticket_id=each.ticket, customer_id=each.customer, kind=each.kind or "", at=each.at)
        for each in sorted(new, key=lambda each: (each.at, each.decision))
    )
    # What was taught by the article of its own gap is still one of its questions.
    gone = [row for row in known.values() if kinds[row.decision_id].kind is None and not _is_taught(row, kinds[row.decision_id])]
    changed = [row for row in known.values() if (kind := kinds[row.decision_id].kind) and row.kind != kind]
    for row in changed:
        row.kind = kinds[row.decision_id].kind or row.kind
    GapQuestion.objects.bulk_update(changed, ["kind"], batch_size=500)
    GapQuestion.objects.filter(pk__in=[row.pk for row in gone]).delete()
    return {row.gap_id for row in [*gone, *changed] if row.gap_id is not None}


def _is_taught(row: GapQuestion, asked: Asked) -> bool:
    return row.gap_id is not None and asked.article in _articles().get(row.gap_id, ())


def _articles() -> dict[int, list[int]]:
    """By gap the source of its article."""
    rows = Gap.objects.filter(article__source__isnull=False).values_list("pk", "article__source")
    return {gap: [source] for gap, source in rows}


def _loose() -> list[GapQuestion]:
    rows = GapQuestion.objects.filter(gap=None, is_apart=False).order_by("-at", "-pk")[:LOOSE]
    return sorted(rows, key=lambda row: (row.at, row.pk))


def _join(at: dt.datetime) -> set[int]:
    """Questions that belong to a gap that is there, a dismissed one too."""
    gaps, loose = list(Gap.objects.order_by("-pk")[:WATCHED]), _loose()
    vectors = unanswered.vectors_of([row.decision_id for row in loose])
    places = gathering.nearest(
        np.array([vectors[row.decision_id] for row in loose]), np.array([np.asarray(gap.middle, np.float32) for gap in gaps])
    )
    joined: dict[int, list[GapQuestion]] = {}
    for row, place in zip(loose, places, strict=True):
        if place is not None:
            joined.setdefault(gaps[place].pk, []).append(row)
    for pk, rows in joined.items():
        _attach(pk, rows)
        Event.record("gap.grew", by=SYSTEM, at=at, gap=pk, linked=[row.ticket_id for row in rows])
    return set(joined)


def _found(at: dt.datetime) -> set[int]:
    loose = _loose()
    vectors = unanswered.vectors_of([row.decision_id for row in loose])
    matrix = np.array([vectors[row.decision_id] for row in loose])
    founded = set()
    for places in gathering.found(matrix, [row.customer_id for row in loose]):
        rows = [loose[place] for place in places]
        gap = Gap.objects.create(title="…", opened_at=at, middle=matrix[places].mean(axis=0))
        _attach(gap.pk, rows)
        gap_facts.name(gap, at=at)
        Event.record("gap.opened", by=SYSTEM, at=at, gap=gap.pk, linked=[row.ticket_id for row in rows])
        founded.add(gap.pk)
    return founded


def _attach(gap: int, rows: Sequence[GapQuestion]) -> None:
    GapQuestion.objects.filter(pk__in=[row.pk for row in rows]).update(gap=gap)
    members = GapQuestion.objects.filter(gap=gap, is_later=False).order_by("-at").values_list("decision_id", flat=True)[:LOOSE]
    vectors = list(unanswered.vectors_of(list(members)).values())
    Gap.objects.filter(pk=gap).update(middle=np.mean(vectors, axis=0))


def _remember(gap: Gap, has_questions: bool, gone: set[int], rate: float, at: dt.datetime) -> None:
    """A gap without some of its questions: its middle, name and draft come from the others. What an agent wrote stays."""
    if has_questions:
        _attach(gap.pk, [])
        gap.refresh_from_db(fields=["middle"])
    gap.facts = {
        key: [each for each in told if each["ticket"] not in gone] if key in {"examples", "answers"} else told
        for key, told in gap.facts.items()
    }
    gap.save(update_fields=["facts"])
    if gap.is_unwritten and gap.article_id is None and gap.edited_by_id is None:
        gap_facts.name(gap, at=at)
    gap_facts.refresh(gap, rate, at=at)


def _put_on_trial(asked: Sequence[Asked], at: dt.datetime) -> set[int]:
    """Questions of a gap that came after its article: what they came to closes the gap, or opens it again."""
    gaps = list(Gap.objects.written().select_related("article__source").order_by("-pk")[:WATCHED])
    if not gaps:
        return set()
    since = min(gap.published_at for gap in gaps if gap.published_at)
    coming = [each for each in asked if each.at > since][:LATER]
    known = {row.decision_id: row for row in GapQuestion.objects.filter(decision__in=[each.decision for each in coming])}
    vectors = unanswered.vectors_of([each.decision for each in coming])
    places = gathering.nearest(
        np.array([vectors[each.decision] for each in coming]), np.array([np.asarray(gap.middle, np.float32) for gap in gaps])
    )
    touched = set()
    for each, place in zip(coming, places, strict=True):
        row = known.get(each.decision)
        gap = next((gap for gap in gaps if row and gap.pk == row.gap_id), gaps[place] if place is not None and row is None else None)
        if gap is not None and gap.published_at and each.at > gap.published_at and _outcome(gap, each, row):
            touched.add(gap.pk)
    for gap in gaps:
        if gap.pk in touched:
            _judge(gap, at)
    return touched


def _outcome(gap: Gap, asked: Asked, row: GapQuestion | None) -> bool:
    """Keep what it came to. False when nothing is known yet, or another article was the answer."""
    kind = asked.kind
    if kind is None and gap.article is not None and asked.article == gap.article.source.pk:
        kind = GapQuestion.Kind.ANSWERED if asked.is_answered else GapQuestion.Kind.HANDED_OFF
    if kind is None or (row is not None and (row.is_apart or (row.is_later and row.kind == kind))):
        return False
    values = {"gap": gap, "ticket_id": asked.ticket, "customer_id": asked.customer, "kind": kind, "at": asked.at, "is_later": True}
    GapQuestion.objects.update_or_create(decision_id=asked.decision, defaults=values)
    return True


def _judge(gap: Gap, at: dt.datetime) -> None:
    latest = list(latest_of(gap).values_list("kind", flat=True))
    answered, failed = (latest.count(kind) for kind in (GapQuestion.Kind.ANSWERED, GapQuestion.Kind.FAILED))
    found = trial.Trial(answered, failed, len(latest) - answered - failed)
    if found.holds and gap.close(found.as_json(), at=at):
        return
    gap.trial = found.as_json()
    gap.save(update_fields=["trial"])
    if found.fails:
        gap.reopen("Most later questions were not solved by its article", at=at)


def _solved_by_people(gap: Gap) -> list[GapQuestion]:
    kinds = [GapQuestion.Kind.PEOPLE, GapQuestion.Kind.TAUGHT]
    found = gap.questions.filter(kind__in=kinds, is_later=False).select_related("ticket__customer", "decision__customer")
    return list(found.order_by("-at")[:TAUGHT])


def latest_of(gap: Gap) -> QuerySet[GapQuestion]:
    """The later questions that count."""
    return gap.questions.filter(is_later=True).order_by("-at", "-pk")[: trial.LATEST]


def counts() -> dict[str, int]:
    """How many there are of each state."""
    return dict(Gap.objects.values_list("state").annotate(Count("pk")))
