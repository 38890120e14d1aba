"""Where files are kept, and how they go: with their row, a day after nobody sent them, or when no row knows them."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from functools import partial
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from helpdesk.models import Attachment
from helpdesk.models.attachments import FOLDER

AT_ONCE = 500
SHELVES = 256  # folders, by the first two digits of the key


@receiver(post_delete, sender=Attachment)
def go_with_the_row(sender: Any, instance: Attachment, **kwargs: Any) -> None:
    """Also when its conversation or its customer is deleted. After the commit: a deletion that was taken back leaves its file."""
    transaction.on_commit(partial(_remove, instance.file.name or ""))


def forget_unsent(*, at: dt.datetime) -> int:
    """What was put down and never sent."""
    with transaction.atomic():  # whoever sends one at this very moment has it locked, and keeps it
        rows = list(Attachment.objects.abandoned(at).select_for_update(skip_locked=True).values_list("pk", flat=True)[:AT_ONCE])
        return Attachment.objects.filter(pk__in=rows).delete()[0]


def forget_strays(*, at: dt.datetime, shelves: int = 4) -> int:
    """Files without a row: a process died between the two. A few folders each hour, so that each is looked at every few days."""
    first = int(at.timestamp() // 3600) * shelves
    removed = 0
    for shelf in range(first, first + shelves):
        folder = f"{FOLDER}/{shelf % SHELVES:02x}"
        if not default_storage.exists(folder):
            continue
        names = default_storage.listdir(folder)[1]
        known = set(Attachment.objects.filter(key__in=names).values_list("key", flat=True))
        for name in set(names) - known:
            if at - default_storage.get_modified_time(f"{folder}/{name}") > dt.timedelta(days=1):
                _remove(f"{folder}/{name}")
                removed += 1
    return removed


def _remove(name: str) -> None:
    if name:
        with suppress(OSError):  # `forget_strays` comes by again
            default_storage.delete(name)
