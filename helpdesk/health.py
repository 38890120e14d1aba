"""Whether the process is alive (`/healthz`) and whether everything it needs is (`/readyz`)."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from redis import Redis

HEARTBEAT = "worker-heartbeat"
STALE_AFTER = 45  # seconds


def beat_heart() -> None:
    cache.set(HEARTBEAT, time.time(), timeout=600)


@csrf_exempt
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@csrf_exempt
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    checks = {name: _ask(check) for name, check in CHECKS.items()}
    ready = all(check["ok"] for check in checks.values())
    return JsonResponse({"status": "ready" if ready else "not ready", "checks": checks}, status=200 if ready else 503)


def _ask(check: Callable[[], None]) -> dict[str, object]:
    started = time.perf_counter()
    try:
        check()
    except Exception as error:  # a check that cannot be made is a check that failed
        return {"ok": False, "error": f"{type(error).__name__}: {error}"[:200]}
    return {"ok": True, "ms": round((time.perf_counter() - started) * 1000, 1)}


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_redis() -> None:
    client = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1)
    try:
        client.ping()
    finally:
        client.close()


def check_worker() -> None:
    seen = cache.get(HEARTBEAT)
    if seen is None:
        raise RuntimeError("no worker has been seen yet")
    if time.time() - seen > STALE_AFTER:
        raise RuntimeError(f"the worker was last seen {time.time() - seen:.0f} seconds ago")


def check_embedder() -> None:
    from helpdesk.search.embedder import embed_one

    embed_one("ready?")


CHECKS = {"database": check_database, "redis": check_redis, "worker": check_worker, "embedder": check_embedder}
