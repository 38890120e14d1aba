"""Processes that one owner starts and stops: the databases, the web server, the workers.

A data directory has one owner at a time, held by a file lock. What the owner starts is written down, so that
the next owner can stop what a killed one left behind, and nothing else.
"""

import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

import psutil

LOG_LIMIT = 20 * 1024 * 1024


class Problem(Exception):
    """One sentence for the person at the keyboard: what is wrong, and what to do about it."""


class Taken(Problem):
    """Another process owns the data directory."""


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int

    def rights(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


@dataclass(frozen=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_with: signal.Signals
    patience: float

    @property
    def failed(self) -> bool:
        return self.process.poll() is not None

    def last_words(self, lines: int = 5) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.strip().splitlines()[-lines:])


class Owner:
    """`with Owner(data_dir, "make demo") as owner:` holds the directory; leaving stops what was started, last first."""

    def __init__(self, data_dir: Path, purpose: str) -> None:
        self.data_dir = data_dir.resolve()
        self.purpose = purpose
        self.children: list[Child] = []
        self._lock: IO[str] | None = None
        self._register = self.data_dir / "run" / "processes.json"

    def __enter__(self) -> Self:
        self._register.parent.mkdir(parents=True, exist_ok=True)
        self._lock = lock(self.data_dir, self.purpose)
        sweep(self._register)
        return self

    def __exit__(self, *_: object) -> None:
        for child in reversed(self.children):
            self.stop(child)
        self._write()
        if self._lock:
            self._lock.truncate(0)
            self._lock.close()

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        account: Account | None = None,
        stop_with: signal.Signals = signal.SIGTERM,
        patience: float = 15,
    ) -> Child:
        """In a session of its own: Ctrl-C reaches the owner only, which then stops its children in order."""
        log = open_log(self.data_dir / "logs" / f"{name}.log")
        with log, deferred_signals():
            process = subprocess.Popen(
                [str(part) for part in command],
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **(account.rights() if account else {}),
            )
            child = Child(name, process, Path(log.name), stop_with, patience)
            self.children.append(child)
            self._write()
        return child

    def stop(self, child: Child) -> None:
        if child in self.children:
            self.children.remove(child)
        end(child.process.pid, child.stop_with, child.patience, wait=child.process.wait)
        self._write()

    def first_failed(self) -> Child | None:
        return next((child for child in self.children if child.failed), None)

    def _write(self) -> None:
        rows = [row for child in self.children if (row := identity(child.process.pid))]
        self._register.write_text(json.dumps(rows))


@contextmanager
def deferred_signals() -> Iterator[None]:
    """A Ctrl-C just after a process was started must not come before it is written down."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda number, frame: caught.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
        for first in caught[:1]:
            os.kill(os.getpid(), first)


def lock(data_dir: Path, purpose: str) -> IO[str]:
    held = (data_dir / "run" / "owner.lock").open("a+")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.seek(0)
        holder = held.read().strip() or "another process"
        held.close()
        raise Taken(f"{data_dir} is in use by {holder}: stop that first, or choose another folder with DATA_DIR=… .") from None
    held.truncate(0)
    held.write(f"`{purpose}` (process {os.getpid()})")
    held.flush()
    return held


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    with path.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def open_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    too_long = path.exists() and path.stat().st_size > LOG_LIMIT
    return path.open("wb" if too_long else "ab")


def identity(pid: int) -> dict[str, float] | None:
    """A process id alone may have been given to somebody else since; with its start time it is certain."""
    try:
        return {"pid": pid, "created": psutil.Process(pid).create_time()}
    except psutil.Error:
        return None


def sweep(register: Path) -> None:
    """Stop what an owner that was killed left running."""
    try:
        rows = json.loads(register.read_text())
    except (OSError, ValueError):
        return
    for row in reversed(rows):
        now = identity(int(row["pid"]))
        if now and abs(now["created"] - row["created"]) < 1:
            # Postgres takes SIGTERM as "wait until every client has gone"; SIGINT stops all kinds quickly.
            end(int(row["pid"]), signal.SIGINT, 15, wait=psutil.Process(int(row["pid"])).wait)
    register.unlink(missing_ok=True)


def end(pid: int, how: signal.Signals, patience: float, *, wait: Callable[..., Any]) -> None:
    """Ask the leader, wait, then kill what remains of its group."""
    with suppress(ProcessLookupError, psutil.Error, subprocess.TimeoutExpired):
        os.kill(pid, how)
        wait(timeout=patience)
    with suppress(ProcessLookupError, PermissionError, psutil.Error, subprocess.TimeoutExpired):
        os.killpg(pid, signal.SIGKILL)
        wait(timeout=5)


def wait_until(
    ready: Callable[[], bool], *, what: str, seconds: float, child: Child | None = None, hint: Callable[[], str] | None = None
) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if child and child.failed:
            raise stopped(child, what)
        if time.monotonic() > deadline:
            where = hint() if hint else f"its log is {child.log}" if child else "it gave no reason"
            raise Problem(f"{what} did not answer within {seconds:.0f} seconds: {where}.")
        time.sleep(0.05)


def stopped(child: Child, what: str) -> Problem:
    return Problem(f"{what} stopped; its log {child.log} ends with:\n{child.last_words()}")
