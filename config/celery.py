"""The Celery application, with the whole beat timetable on one page."""

import os
from contextlib import suppress

from celery import Celery
from celery.signals import celeryd_init, worker_process_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("whetstone")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Due times live in Postgres; beat only looks at them. Every task here may run twice.
app.conf.beat_schedule = {
    "catch up on events nobody consumed": {"task": "helpdesk.tasks.catch_up", "schedule": 30.0},
    "send what waits in the outbox": {"task": "helpdesk.tasks.drain_outbox", "schedule": 10.0},
    "say replies that nobody took back in time": {"task": "helpdesk.tasks.say_held_replies", "schedule": 2.0},
    "beat of the worker's heart": {"task": "helpdesk.tasks.heartbeat", "schedule": 10.0},
    "embed what was published while the embedder was down": {"task": "helpdesk.tasks.embed_missing", "schedule": 60.0},
    "wake snoozed tickets": {"task": "helpdesk.tasks.wake_snoozed", "schedule": 60.0},
    "give what waits to who has room for it": {"task": "helpdesk.tasks.give_waiting", "schedule": 30.0},
    "tell agents by mail what they have not seen": {"task": "helpdesk.tasks.mail_digests", "schedule": 300.0},
    "go on with what was begun on many tickets": {"task": "helpdesk.tasks.go_on_with_batches", "schedule": 60.0},
    "forget files that nobody sent": {"task": "helpdesk.tasks.forget_unsent_files", "schedule": 3600.0},
    "forget sign-in codes that have expired": {"task": "helpdesk.tasks.forget_old_codes", "schedule": 3600.0},
    "let held signals mature": {"task": "learning.tasks.mature", "schedule": 300.0},
    "move learned answers on, or retire them": {"task": "learning.tasks.judge_learned_answers", "schedule": 300.0},
    "refit what the assistant weighs, when enough is new": {"task": "learning.tasks.refit", "schedule": 900.0},
    "work out the figures of the last days": {"task": "learning.tasks.measure", "schedule": 900.0},
    "gather what no article answers": {"task": "learning.tasks.find_gaps", "schedule": 1800.0},
    "let incidents rest that went quiet": {"task": "learning.tasks.close_quiet_incidents", "schedule": 300.0},
}

POLITE = 5  # of nice(1): on a busy machine pages and sockets come first, and what is learned a little later


@celeryd_init.connect
def be_polite(**_: object) -> None:
    """Before it has children, which take after it."""
    os.nice(POLITE)


@worker_process_init.connect
def warm_up(**_: object) -> None:
    """Each process loads what an answer takes before its first task: nobody who asks first waits for it."""
    from assistant import turn  # noqa: F401  (and with it all that it imports)
    from helpdesk.search.embedder import EmbedderUnavailable, embed_one

    with suppress(EmbedderUnavailable):  # it is tried again when somebody asks
        embed_one("How can I begin?")


@worker_ready.connect
def first_heartbeat(**_: object) -> None:
    """A worker is seen as soon as it is there, not at the next tick of beat."""
    app.send_task("helpdesk.tasks.heartbeat")
