"""Without Redis there are no hints and no queue. Questions are still asked and answered, quickly, and nothing of it is lost."""

import datetime as dt
import re
import time

import httpx
import pytest
from django.db.models import Q
from django.utils import timezone

from config import product
from helpdesk import events, outbox, tasks
from helpdesk.models import Outbox
from tests import hands
from tests.factories import make_customer, make_user
from tests.faults import eventually, unconsumed

PATIENCE = 3  # seconds a request


class Visitor:
    """Somebody with a browser's manners: cookies, and the form's token."""

    def __init__(self, server, **who):
        key = server.do(hands.session_of_agent, who["agent"]) if "agent" in who else server.do(hands.session_of_customer, who["customer"])
        self.client = httpx.Client(base_url=server.url(""), cookies={"sessionid": key}, follow_redirects=True, timeout=20)

    def get(self, path):
        return self._timed("GET", path)

    def post(self, path, **data):
        return self._timed("POST", path, data=data, headers={"X-CSRFToken": self.client.cookies.get("csrftoken", "")})

    def _timed(self, method, path, **options):
        started = time.monotonic()
        response = self.client.request(method, path, **options)
        taken = time.monotonic() - started
        assert response.status_code == 200, f"{method} {path}: {response.status_code}"
        assert taken < PATIENCE * (1 + len(response.history)), f"{method} {path} took {taken:.1f} s"
        return response


@pytest.fixture
def without_redis(server):
    server.stop("redis")
    yield
    if not any(child.name == "redis" for child in server.owner.children):
        server.start("redis")


def drain():
    """What the timetable does every few seconds, as if the time had come for everything."""
    later = timezone.now() + dt.timedelta(hours=2)
    events.catch_up(now=later)
    outbox.drain(now=later)


def unsent():
    """What was due or tried and did not get out; what is meant for tomorrow is not late, and what was read meanwhile need not."""
    due = Q(next_at__lte=timezone.now() + dt.timedelta(hours=2)) | Q(attempts__gt=0)
    return list(Outbox.objects.exclude(state__in=["sent", "skipped"]).filter(due).values_list("kind", "state", "last_error"))


def test_without_redis_people_ask_and_are_answered(server, without_redis):
    ada = Visitor(server, customer=server.do(lambda: make_customer().email))
    ines = Visitor(server, agent=server.do(lambda: make_user().email))
    ada.get("/ask/")
    asked = ada.post("/ask/", question="Does the torque wrench log survive a factory reset?", client_msg_id="f5-1")
    number = int(re.search(r"/questions/(\d+)/", str(asked.url))[1])
    assert "torque wrench" in asked.text
    assert "torque wrench" in ines.get("/inbox/all/").text
    assert "torque wrench" in ines.get(f"/inbox/all/{number}/").text
    ines.post(
        f"/tickets/{number}/messages/",
        body="It does: the log is kept on the office side, so a reset loses nothing.",
        kind="reply",
        teach="on",
    )
    assert "kept on the office side" in ada.get(f"/questions/{number}/").text
    ada.post(f"/questions/{number}/messages/", body="Good to know, and the photos?")
    assert "and the photos?" in ines.get(f"/inbox/all/{number}/").text

    server.start("redis")
    server.do(drain)
    assert server.do(unconsumed, number) == []
    assert server.do(unsent) == []


def test_the_worker_finds_its_way_back_to_redis(server, without_redis):
    assert product.ask(server.url("/readyz"))[0] == 503
    server.start("redis")
    server.do(forget_heartbeat)
    server.do(tasks.heartbeat.delay)
    eventually(lambda: product.ask(server.url("/readyz"))[0] == 200, "the worker is back", seconds=60)


def forget_heartbeat():
    from django.core.cache import cache

    from helpdesk.health import HEARTBEAT

    cache.delete(HEARTBEAT)
