"""`GET ws/widget/poll/`: for the widget where sockets are blocked on the way. An answer waits until there is something new, as a frame on the socket would.

It is asked of the process that holds the sockets, since a request that waits would cost the web process one of its few threads.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from channels.db import database_sync_to_async
from channels.generic.http import AsyncHttpConsumer
from django.conf import settings
from django.http.request import validate_host
from django.utils import timezone

from helpdesk import live
from helpdesk.hub import hub
from helpdesk.models import Visit
from helpdesk.widget import telling

PATIENCE = 25.0  # seconds that an answer waits: proxies give up after thirty or sixty
MOST = 2_000  # that wait in one process
BEHIND = '{"kind": "behind"}'


class Poll(AsyncHttpConsumer):
    """A reader of the hub for as long as one request waits."""

    channel_layer_alias = ""
    session_key = auth_hash = ""
    user_id = visit_id = 0
    ignores = frozenset({"ticket", "read"})
    lives_on_hints = False
    waiting = 0  # in this process

    async def handle(self, body: bytes) -> None:
        headers = {name.lower(): value.decode("latin-1") for name, value in self.scope["headers"]}
        allowed = cors(headers.get(b"origin", ""))
        if self.scope["method"] == "OPTIONS":
            await self.send_response(204, b"", headers=allowed)
            return
        status, told = await self._answer(headers.get(b"authorization", ""))
        shown = [*allowed, (b"Content-Type", b"application/json"), (b"Cache-Control", b"no-store")]
        await self.send_response(status, json.dumps(told).encode(), headers=shown)

    async def _answer(self, authorization: str) -> tuple[int, dict[str, Any]]:
        scheme, _, token = authorization.partition(" ")
        visit = await database_sync_to_async(Visit.objects.by_token)(token, timezone.now()) if scheme == "Visit" else None
        if visit is None:
            return 401, {"error": {"message": "This visit is over. Begin a new one."}}
        asked = parse_qs(self.scope["query_string"].decode("latin-1"))
        number, after = (whole(asked.get(name, [""])[0]) for name in ("number", "after"))
        found = await database_sync_to_async(telling.to)(visit.customer, number, after)
        if found is None:
            return 404, {"error": {"message": "There is no such conversation."}}
        last, frame = found
        if frame["version"] != asked.get("version", [""])[0] or Poll.waiting >= MOST:
            return 200, {"frames": [frame]}
        return 200, {"frames": await self._wait(visit, number, last)}

    async def _wait(self, visit: Visit, number: int, last: tuple[int, Any]) -> list[Any]:
        self.visit_id, self.joined, self._frames = visit.pk, set[str](), asyncio.Queue[str]()
        Poll.waiting += 1
        try:
            hub().enter(self)
            hub().join(self, live.outside_group(number))
            hub().join(self, live.ticket_group(number))
            hub().follow(self, number, last)
            first = await asyncio.wait_for(self._frames.get(), PATIENCE)
            return [json.loads(text) for text in (first, *(self._frames.get_nowait() for _ in range(self._frames.qsize())))]
        except TimeoutError:
            return []
        finally:
            Poll.waiting -= 1
            hub().leave(self)

    # --- What the hub expects of a reader ---

    def put(self, text: str) -> None:
        if self._frames.qsize() < 16:
            self._frames.put_nowait(text)

    def fall_behind(self) -> None:
        self.put(BEHIND)

    async def close(self, code: int) -> None:
        """The visit is over: the answer says nothing, and the next request is refused."""
        self.put(BEHIND)


def cors(origin: str) -> list[tuple[bytes, bytes]]:
    """The frame stands on our own address; the port of the sockets may be another one. No cookie is read, so that there is none to borrow."""
    host = urlsplit(origin).hostname or ""
    if not host or not validate_host(host, settings.ALLOWED_HOSTS):
        return [(b"Vary", b"Origin")]
    return [
        (b"Access-Control-Allow-Origin", origin.encode("latin-1")),
        (b"Access-Control-Allow-Headers", b"authorization"),
        (b"Access-Control-Max-Age", b"600"),
        (b"Vary", b"Origin"),
    ]


def whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
