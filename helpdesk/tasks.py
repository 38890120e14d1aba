"""Celery tasks: two lines, ids only, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from helpdesk import assigning, composing, events, notifying, outbox, storage
from helpdesk.health import beat_heart
from helpdesk.models import Batch, DeskMark, SignInCode, Ticket


@shared_task
def consume(names: list[str], event_id: int) -> None:
    for name in names:
        events.consume(name, event_id)


@shared_task
def catch_up() -> None:
    events.catch_up()


@shared_task
def send_outbox(outbox_id: int) -> None:
    outbox.send(outbox_id)


@shared_task
def drain_outbox() -> None:
    outbox.drain()


@shared_task
def heartbeat() -> None:
    beat_heart()


@shared_task
def embed_missing() -> None:
    from helpdesk.search.index import reembed_missing

    reembed_missing(limit=200)


@shared_task
def forget_old_codes() -> None:
    SignInCode.forget_old(at=timezone.now())


@shared_task
def forget_unsent_files() -> None:
    storage.forget_unsent(at=timezone.now())
    storage.forget_strays(at=timezone.now())
    DeskMark.forget_old(at=timezone.now())


@shared_task
def wake_snoozed() -> None:
    for ticket in Ticket.objects.filter(state=Ticket.State.SNOOZED, snoozed_until__lte=timezone.now())[:500]:
        ticket.wake()


@shared_task
def run_batch(batch_id: int) -> None:
    Batch.objects.select_related("by").get(pk=batch_id).run()


@shared_task
def go_on_with_batches() -> None:
    for batch in Batch.objects.unfinished().select_related("by")[:20]:
        batch.run(seconds=30)


@shared_task
def give_waiting() -> None:
    assigning.give_waiting()


@shared_task
def mail_digests() -> None:
    notifying.mail_digests()


@shared_task
def say_held_replies() -> None:
    composing.say_due(timezone.now())
