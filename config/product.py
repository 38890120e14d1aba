"""The four processes that Whetstone is, beside its databases. `make demo` and the browser tests start the same ones."""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from config.embedded import Addresses
from config.processes import Child, Owner, stopped, wait_until

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("web", "live", "worker", "beat")
WEB = min(2, os.cpu_count() or 1)  # processes for pages: Python runs one request at a time in each
THREADS = 8  # requests that one of them may have before it


def environment(environ: Mapping[str, str], addresses: Addresses, data_dir: Path, port: int, secret: str) -> dict[str, str]:
    return {
        **environ,
        "DATABASE_URL": addresses.DATABASE_URL,
        "REDIS_URL": addresses.REDIS_URL,
        "DATA_DIR": str(data_dir),
        "WHETSTONE_EMBEDDED": "1",
        "WHETSTONE_SECRET_KEY": environ.get("WHETSTONE_SECRET_KEY") or secret,
        "WHETSTONE_LIVE_PORT": str(port + 1),
        "WHETSTONE_URL": environ.get("WHETSTONE_URL") or f"http://localhost:{port}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
    }


def command(name: str, data_dir: Path, port: int) -> list[str]:
    granian = [sys.executable, "-m", "granian", "--host", "127.0.0.1", "--no-access-log", "--workers-kill-timeout", "5"]
    celery = [sys.executable, "-m", "celery", "-A", "config"]
    schedule = str(data_dir / "run" / "beat-schedule")
    return {
        "web": [
            *(*granian, "--workers", str(WEB), "--interface", "wsgi", "--port", str(port)),
            *("--blocking-threads", str(THREADS), "--no-ws", "config.wsgi:application"),
        ],
        "live": [*granian, "--workers", "1", "--interface", "asginl", "--port", str(port + 1), "config.asgi:application"],
        "worker": [*celery, "worker", "--loglevel", "INFO", "--concurrency", "2", "--without-gossip", "--without-mingle"],
        "beat": [*celery, "beat", "--loglevel", "WARNING", "--schedule", schedule, "--pidfile="],
    }[name]


def start(name: str, owner: Owner, environ: Mapping[str, str], port: int) -> Child:
    # A bounded pool for what serves many at once; a worker's processes keep one connection each.
    pool = {"web": str(THREADS), "live": "4"}.get(name, "0")
    return owner.start(name, command(name, owner.data_dir, port), env={**environ, "WHETSTONE_DB_POOL": pool}, cwd=ROOT, patience=10)


def wait_ready(port: int, owner: Owner, seconds: float = 300) -> None:
    """Until every check of /readyz passes; a process that dies meanwhile ends the wait."""
    last: dict[str, object] = {}

    def ready() -> bool:
        if failed := owner.first_failed():
            raise stopped(failed, f"The {failed.name} process")
        status, last["answer"] = ask(f"http://127.0.0.1:{port}/readyz")
        return status == 200

    wait_until(
        ready,
        seconds=seconds,
        what="Whetstone",
        hint=lambda: f"/readyz last said {last.get('answer')}, the logs are in {owner.data_dir}/logs",
    )


def ask(url: str) -> tuple[int, object]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  (our own address)
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")[:600]
    except (OSError, ValueError) as error:
        return 0, str(error)
