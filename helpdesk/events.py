"""Who acts on what happened, once each.

An app registers a consumer for the verbs it cares about. The signal after the commit is only a nudge: what it failed to start,
`catch_up` finds in the Event table. That an event was consumed is recorded in the same transaction as the effect.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from helpdesk import nudge
from helpdesk.models import Event, EventConsumption

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
CATCH_UP_DAYS = 7
GRACE = dt.timedelta(seconds=20)  # what is younger than this is still on its normal way

_inline: ContextVar[bool] = ContextVar("inline", default=False)


@dataclass(frozen=True)
class Consumer:
    name: str
    verbs: frozenset[str]
    run: Callable[[Event], None]
    here: Callable[[], bool]


registry: dict[str, Consumer] = {}


def consumer(
    name: str, verbs: set[str], *, here: Callable[[], bool] = lambda: False
) -> Callable[[Callable[[Event], None]], Callable[[Event], None]]:
    """Register a function of an Event. `here()` true: run right after the commit in this process, not in a worker."""

    def register(run: Callable[[Event], None]) -> Callable[[Event], None]:
        registry[name] = Consumer(name, frozenset(verbs), run, here)
        return run

    return register


@contextmanager
def inline() -> Iterator[None]:
    """Within this block consumers run right after each commit, in this process: for loading history, backtests and tests."""
    token = _inline.set(True)
    try:
        yield
    finally:
        _inline.reset(token)


def is_inline() -> bool:
    return _inline.get()


def announce(event: Event) -> None:
    """Start every consumer of its verb, here or in a worker. Never raises: the change has been committed and stands."""
    elsewhere = []
    for each in list(registry.values()):
        if event.verb not in each.verbs:
            continue
        if _inline.get() or each.here():
            _consume(each, event.pk, event)
        else:
            elsewhere.append(each.name)
    if elsewhere:
        from helpdesk.tasks import consume as task

        nudge.soon(task, elsewhere, event.pk)


def consume(name: str, event_id: int) -> bool:
    """Run a consumer on an event unless it has done so already. True when it ran and its effect was kept."""
    return _consume(registry[name], event_id)


def _consume(each: Consumer, event_id: int, event: Event | None = None) -> bool:
    """`event`: as it was just recorded, where it is still at hand."""
    try:
        with transaction.atomic():
            if not _claim(each.name, event_id):
                return False
            each.run(event or Event.objects.select_related("ticket__customer__organisation").get(pk=event_id))
    except Exception as error:
        logger.exception("%s failed on event %s", each.name, event_id)
        _remember_failure(each.name, event_id, error)
        return False
    return True


def _claim(name: str, event_id: int) -> bool:
    """Mark it done in this transaction, unless it has been. Whoever claims it at the same moment waits for this one to end."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [event_id, name, timezone.now()])
        return cursor.fetchone() is not None


# A row without `done_at` is a failure that is being tried again.
_CLAIM = """
INSERT INTO helpdesk_eventconsumption AS known (event_id, consumer, done_at, attempts, error) VALUES (%s, %s, %s, 0, '')
ON CONFLICT (event_id, consumer) DO UPDATE SET done_at = EXCLUDED.done_at, error = '' WHERE known.done_at IS NULL
RETURNING id
"""


def _remember_failure(name: str, event_id: int, error: Exception) -> None:
    row, _ = EventConsumption.objects.get_or_create(event_id=event_id, consumer=name)
    EventConsumption.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1, error=f"{type(error).__name__}: {error}"[:2000])


def missed(name: str, *, now: dt.datetime) -> list[int]:
    """Events of the last days that this consumer has neither dealt with nor given up, oldest first."""
    over = EventConsumption.objects.filter(event=OuterRef("pk"), consumer=name).exclude(done_at=None, attempts__lt=MAX_ATTEMPTS)
    recent = Event.objects.filter(verb__in=registry[name].verbs, recorded_at__range=(now - dt.timedelta(days=CATCH_UP_DAYS), now - GRACE))
    return list(recent.filter(~Exists(over)).order_by("pk").values_list("pk", flat=True)[:500])


def catch_up(*, now: dt.datetime | None = None) -> int:
    """Consume what nobody consumed: a process died between commit and queue, or Redis was away."""
    now = now or timezone.now()
    return sum(consume(name, event_id) for name in list(registry) for event_id in missed(name, now=now))
