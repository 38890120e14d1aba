"""Start a task in a worker without waiting for the broker.

Only a nudge: whatever is lost with it, the timetable finds (`events.catch_up`, `outbox.drain`). So that a request neither
pays for the broker's round trip nor hangs on a broker that is away, one thread in each process does the publishing.
"""

from __future__ import annotations

import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

logger = logging.getLogger(__name__)

WAITING_AT_MOST = 1_000  # with a broker that is away a nudge takes seconds; the rest is left to the timetable

_starting = threading.Lock()
_publishers: dict[int, ThreadPoolExecutor] = {}
_waiting = threading.BoundedSemaphore(WAITING_AT_MOST)


def soon(task: Any, *args: Any) -> None:
    """Publish a Celery task. Never raises, never waits; nudges are published in order, those of a process that ends before it does."""
    if not _waiting.acquire(blocking=False):
        logger.warning("Too many tasks wait to be queued: %s%r is left to the timetable.", task.name, args)
        return
    try:
        _publisher(os.getpid()).submit(_publish, task, args)
    except RuntimeError:  # the interpreter is going down
        _waiting.release()


def _publish(task: Any, args: tuple[Any, ...]) -> None:
    try:
        task.delay(*args)
    except Exception:  # whatever the broker's client raises
        logger.warning("Could not queue %s%r; the timetable will find it.", task.name, args)
    finally:
        _waiting.release()


def _publisher(process: int) -> ThreadPoolExecutor:
    """A thread doesn't survive a fork, so that each process has its own."""
    with _starting:
        if process not in _publishers:
            _publishers[process] = ThreadPoolExecutor(max_workers=1, thread_name_prefix="nudge")
        return _publishers[process]
