"""What leaves the machine: once, later when the peer is down, and never inside a request."""

import datetime as dt

import pytest
from django.core import mail
from django.utils import timezone

from helpdesk import outbox
from helpdesk.models import Outbox
from helpdesk.models.outbox import LAST_ATTEMPT

pytestmark = pytest.mark.django_db


def queue(key="k1", **payload):
    return Outbox.enqueue("mail", to="ada@client.example", payload={"subject": "Hello", "text": "Hi", **payload}, key=key)


def test_the_same_mail_is_queued_once_and_sent_once():
    first, second = queue(), queue()
    assert first == second
    assert [outbox.send(first.pk) for _ in range(2)] == [True, False]
    [sent] = mail.outbox
    assert sent.to == ["ada@client.example"]
    assert sent.extra_headers["Message-ID"].startswith(f"<outbox-{first.pk}-")
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"


def test_a_peer_that_is_down_is_tried_again_later_and_given_up_in_the_end(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    row, now = queue(), timezone.now()
    assert outbox.send(row.pk, now=now) is False
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("failed", 1) and "refused" in row.last_error
    assert now < row.next_at <= now + dt.timedelta(seconds=10)
    assert outbox.send(row.pk, now=now) is False  # not due yet
    for _ in range(LAST_ATTEMPT):
        outbox.drain(now=now + dt.timedelta(days=10))
        now += dt.timedelta(days=1)
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("dead", LAST_ATTEMPT)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    row.retry()
    assert outbox.drain() == 1 and len(mail.outbox) == 1


def test_a_subject_with_a_line_break_never_leaves():
    row = queue(subject="Hello\nBcc: everybody@client.example")
    assert outbox.send(row.pk) is False
    assert mail.outbox == []
