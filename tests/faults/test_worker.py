"""A worker is killed in the middle of learning. What a ticket taught is learned once: not never, and not twice."""

import datetime as dt
import os
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg
from django.utils import timezone

from helpdesk import events
from helpdesk.models import Event, Ticket
from learning.models import Episode, LearnedResolution, Signal
from tests.factories import make_customer, make_ticket, make_user
from tests.faults import eventually, quiet


def converse(question, answer):
    """A question that people answer. Returns the ticket's number; it is not resolved yet."""
    ticket = make_ticket(make_customer(), question)
    ticket.refresh_from_db()
    ticket.reply(answer, by=make_user())
    return ticket.pk


def resolve(number):
    ticket = Ticket.objects.get(pk=number)
    ticket.resolve(by=ticket.assignee)
    return Event.objects.get(ticket=number, verb="ticket.resolved").pk


def catch_up():
    """What the timetable does every 30 seconds, for events of any age."""
    events.catch_up(now=timezone.now() + dt.timedelta(minutes=1))


def learned(number):
    """What was shown to be right. Which sources were overruled by it depends on what else there is."""
    signals = Signal.objects.filter(decision__ticket=number, kind="demonstrated").values_list("kind", "state")
    for_it = Episode.objects.filter(decision__ticket=number, credit__gt=0).count()
    return Counter(signals), for_it, LearnedResolution.objects.filter(ticket=number).count()


def deliver(event, times):
    """By several workers at once."""
    with ThreadPoolExecutor(times) as pool:
        return sum(pool.map(lambda _: in_own_connection(events.consume, "learning", event), range(times)))


def in_own_connection(function, *arguments):
    from django.db import connection

    try:
        return function(*arguments)
    finally:
        connection.close()


def waiting(db):
    return db.execute("select pid from pg_locks where relation = 'learning_signal'::regclass and not granted").fetchall()


def holding(db):
    own = "select pg_backend_pid()"
    return db.execute(f"select pid from pg_locks where relation = 'learning_signal'::regclass and pid <> ({own})").fetchall()


def test_what_a_killed_worker_was_learning_is_learned_once(server):
    plain = server.do(
        converse,
        "Where do I find the quarterly tax voucher?",
        "You find every tax voucher under Billing, then Documents, sorted by quarter.",
    )
    server.do(resolve, plain)
    quiet(server, plain)

    killed = server.do(
        converse,
        "How do I calibrate the moisture probe?",
        "Hold the probe in dry air, press both buttons for five seconds, then wait for the beep.",
    )
    quiet(server, killed)
    with psycopg.connect(server.database_url) as lock, psycopg.connect(server.database_url, autocommit=True) as watch:
        lock.execute("lock table learning_signal in access exclusive mode")
        event = server.do(resolve, killed)
        eventually(lambda: waiting(watch), "the worker is in the middle of learning")
        worker = next(child for child in server.owner.children if child.name == "worker")
        os.killpg(worker.process.pid, signal.SIGKILL)
        server.stop("worker")
        lock.rollback()
        eventually(lambda: not holding(watch), "the database drops what the dead worker had begun")
    assert server.do(learned, killed) == (Counter(), 0, 0)

    server.start("worker")
    server.do(catch_up)
    quiet(server, killed)
    once = server.do(learned, killed)
    assert once == server.do(learned, plain)
    assert once[2] == 1 and once[0]

    assert server.do(deliver, event, 8) == 0
    assert server.do(learned, killed) == once
