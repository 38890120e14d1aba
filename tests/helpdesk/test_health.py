"""Alive, and ready: in JSON, naming what is missing."""

import pytest
from django.test import Client

from helpdesk.health import beat_heart

pytestmark = pytest.mark.django_db


def test_alive_without_asking_anybody(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").json() == {"status": "ok"}


def test_ready_when_everything_is_there(client):
    beat_heart()
    response = client.get("/readyz")
    assert response.status_code == 200, response.json()
    assert set(response.json()["checks"]) == {"database", "redis", "worker", "embedder"}


def test_what_is_missing_is_named(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz")
    checks = response.json()["checks"]
    assert response.status_code == 503
    assert not checks["redis"]["ok"] and "127.0.0.1:1" in checks["redis"]["error"]
    assert checks["worker"] == {"ok": False, "error": "RuntimeError: no worker has been seen yet"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_they_are_only_read(path):
    assert Client(enforce_csrf_checks=True).post(path).status_code == 405
