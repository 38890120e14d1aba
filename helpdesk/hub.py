"""The sockets of this process, and what they share: one ear at the layer, one look at Postgres, one check of who may stay.

The layer only hints. Every BEAT the hub looks whether a conversation that somebody follows has moved, so that a hint which was lost (Redis
was stopped, emptied, restarted) costs seconds and no message; it calls to itself through the layer, and when it does not hear its own call it
tells the screens to look by themselves. A conversation that many follow is read and written out once for all of them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

from helpdesk import live, standing
from helpdesk.models import Ticket
from helpdesk.widget import telling

logger = logging.getLogger(__name__)

BEAT = 2.0  # seconds
DEAF_AFTER = 3 * BEAT
SEEN_EVERY, LOOK_EVERY = 10, 4  # beats
AT_ONCE = 3  # conversations that are read; one connection of the pool's four is left for whoever comes in
_CALL = "hub.call"
T = TypeVar("T")


class Reader(Protocol):
    """A socket, or a request that waits. `session_key`, `user_id` and `visit_id` are what its right to stay rests on."""

    session_key: str
    auth_hash: str
    user_id: int
    visit_id: int
    ignores: frozenset[str]  # kinds of hints
    lives_on_hints: bool  # and must look by itself when some were lost
    joined: set[str]

    def put(self, text: str) -> None: ...

    def fall_behind(self) -> None: ...

    async def close(self, code: int) -> None: ...


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """Of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


class Hub:
    def __init__(self) -> None:
        self.lines: set[Reader] = set()
        self.groups: defaultdict[str, set[Reader]] = defaultdict(set)
        self.told: dict[int, tuple[int, Any]] = {}  # of each conversation that is followed: its last seq, and when it was changed
        self.moved: set[int] = set()
        self.heard_at = 0.0
        self._beats = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._wake = asyncio.Event()

    # --- Who is there ---

    def enter(self, line: Reader) -> None:
        self.lines.add(line)
        if not self._tasks:
            self.heard_at = time.monotonic()
            self._tasks = [asyncio.create_task(_for_ever(work)) for work in (self._listen, self._beat, self._push)]

    def join(self, line: Reader, group: str) -> None:
        self.groups[group].add(line)
        line.joined.add(group)

    def part(self, line: Reader, group: str) -> None:
        line.joined.discard(group)
        self.groups[group].discard(line)
        if not self.groups[group]:
            del self.groups[group]

    def leave(self, line: Reader) -> None:
        """The last one puts out the light."""
        self.lines.discard(line)
        for group in list(line.joined):
            self.part(line, group)
        if not self.lines:
            for task in self._tasks:
                task.cancel()
            self._tasks = []
            self.told.clear()

    def follow(self, line: Reader, number: int, last: tuple[int, Any]) -> None:
        """Send this line what is said in a conversation from now on. `last`: what it has been sent already."""
        self.join(line, _following(number))
        self.told.setdefault(number, last)
        if self.told[number] != last:
            self.stir(number)

    def stir(self, number: int) -> None:
        if _following(number) in self.groups:
            self.moved.add(number)
            self._wake.set()

    def dispatch(self, group: str, payload: dict[str, Any]) -> None:
        if lines := self.groups.get(group):
            text = json.dumps(payload)
            for line in lines:
                if payload.get("kind") not in line.ignores:
                    line.put(text)
        if payload.get("kind") in {"ticket", "read"} and isinstance(payload.get("number"), int):
            self.stir(payload["number"])

    @property
    def is_deaf(self) -> bool:
        return time.monotonic() - self.heard_at > DEAF_AFTER

    # --- What it does all the time ---

    async def _listen(self) -> None:
        layer = get_channel_layer()
        if layer is None:
            await asyncio.sleep(BEAT)
            return
        channel = await layer.new_channel()
        await layer.group_add(live.HINTS, channel)
        for line in self.lines:  # whoever came before, or stayed while Redis was away, may have missed some
            if line.lives_on_hints:
                line.fall_behind()
        while _goes_on():
            message = await layer.receive(channel)
            self.heard_at = time.monotonic()
            if message.get("to") != _CALL:
                self.dispatch(message.get("to", ""), message.get("payload") or {})

    async def _beat(self) -> None:
        while _goes_on():
            await asyncio.sleep(BEAT)
            self._beats += 1
            if (layer := get_channel_layer()) is not None:
                await live.send(layer, _CALL, {})
            if self.is_deaf and self._beats % LOOK_EVERY == 0:
                for line in self.lines:
                    line.fall_behind()
            for line, code in await _read(standing.fallen, self.lines.copy()):
                await line.close(code=code)
            if self._beats % SEEN_EVERY == 0:
                await _read(standing.seen, self.lines.copy())
            await self._look()

    async def _look(self) -> None:
        followed = [number for number in self.told if _following(number) in self.groups]
        for number in set(self.told) - set(followed):
            del self.told[number]
        for number, now in (await _read(_last_of, followed)).items():
            if self.told.get(number) != now:
                self.stir(number)

    async def _push(self) -> None:
        while _goes_on():
            await self._wake.wait()
            self._wake.clear()
            numbers, self.moved = iter(self.moved), set()
            # Side by side, so that one that Postgres takes long for holds up none of the others.
            await asyncio.gather(*(self._push_all(numbers) for _ in range(AT_ONCE)))

    async def _push_all(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            before, lines = self.told.get(number, (0, None)), self.groups.get(_following(number))
            if not lines:
                continue
            told = await _read(telling.since, number, before[0])
            if told is None:
                continue
            now, frame = told
            self.told[number] = (max(now[0], before[0]), now[1])
            text = json.dumps(frame)
            for line in list(lines):
                line.put(text)


def _following(number: int) -> str:
    return f"conversation.{number}"


def _last_of(numbers: Iterable[int]) -> dict[int, tuple[int, Any]]:
    found = Ticket.objects.filter(pk__in=list(numbers)).values_list("pk", "last_seq", "updated_at")
    return {pk: (seq, updated) for pk, seq, updated in found}


async def _read(function: Callable[..., T], *args: Any) -> T:
    """In a thread. Whoever is cancelled meanwhile ends here: asgiref waits for the thread, and forgets that it was asked to end."""
    found = await database_sync_to_async(function)(*args)
    if not _goes_on():
        raise asyncio.CancelledError
    return found


def _goes_on() -> bool:
    """Libraries on the way may have swallowed the request to end."""
    task = asyncio.current_task()
    return task is None or not task.cancelling()


async def _for_ever(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Whatever breaks, a database that is away or a Redis that is, it starts again."""
    while _goes_on():
        try:
            await work()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            logger.warning("The sockets' hub lost a thread and takes it up again: %s", error)
            await asyncio.sleep(1)
