"""The sockets a page opens: `ws/live/` for agents and the portal, `ws/widget/` for the widget's frame.

They carry hints and copies; what is true is fetched over HTTP through the same doors as every page, and all that is *said* goes that way too,
so that a socket may be lost at any moment. Frames are bounded in size and number, and what waits for a slow reader is bounded as well.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import path
from django.utils import timezone

from helpdesk import live, standing
from helpdesk.formatting import clean_line
from helpdesk.hub import hub
from helpdesk.identity import customer_of
from helpdesk.models import Customer, Team, Ticket, User, Visit
from helpdesk.standing import SIGNED_OUT
from helpdesk.widget import telling

FRAME_LIMIT = 2_000  # characters
WATCH_LIMIT = 20
FRAMES, SECONDS = 60, 10  # that a page may send
ROOM = 64  # frames that wait for a slow reader
INTRODUCTION = 10.0  # seconds within which the widget must say who it is
TYPING_EVERY = 0.5  # seconds
PREVIEW = 160  # characters of what a customer is typing
TOO_BIG, TOO_MUCH, NO_SENSE = 1009, 1008, 1007


class Line(AsyncWebsocketConsumer):
    """One socket, as the hub's `Reader`."""

    channel_layer_alias = ""  # the hub listens for all of them
    session_key = auth_hash = ""
    user_id = visit_id = 0
    ignores: frozenset[str] = frozenset()
    lives_on_hints = True
    joined: set[str]

    async def open(self, *groups: str) -> None:
        """Belongs to the groups before the page hears that the line is open, and looks what there is: nothing falls between the two."""
        self.joined = set()
        self.watched: set[int] = set()
        self.typed_at = 0.0
        self._waiting: deque[str] = deque()
        self._ready = asyncio.Event()
        self._frames: deque[float] = deque(maxlen=FRAMES)
        hub().enter(self)
        for group in groups:
            hub().join(self, group)
        self._writer = asyncio.create_task(self._write())

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "_writer"):
            hub().leave(self)
            self._writer.cancel()

    def put(self, text: str) -> None:
        """Send it when the reader is ready. One that does not read loses its place in the row, and looks by itself later."""
        if len(self._waiting) >= ROOM:
            self.fall_behind()
        else:
            self._waiting.append(text)
            self._ready.set()

    def tell(self, **payload: Any) -> None:
        self.put(json.dumps(payload))

    def fall_behind(self) -> None:
        self._waiting.clear()
        self._waiting.append('{"kind": "behind"}')
        self._ready.set()

    async def _write(self) -> None:
        with suppress(Exception):  # the reader is gone, and `disconnect` comes
            await self.accept()  # what others put before waits behind it
            while True:
                await self._ready.wait()
                while self._waiting:
                    await self.send(text_data=self._waiting.popleft())
                self._ready.clear()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        now = time.monotonic()
        self._frames.append(now)
        if text_data is None or len(text_data) > FRAME_LIMIT:
            await self.close(code=TOO_BIG)
        elif len(self._frames) == FRAMES and now - self._frames[0] < SECONDS:
            await self.close(code=TOO_MUCH)
        else:
            try:
                content = json.loads(text_data)
            except (ValueError, RecursionError):  # no JSON, or nested without end
                await self.close(code=NO_SENSE)
                return
            if isinstance(content, dict):
                await self.heard(content)

    async def heard(self, content: dict[str, Any]) -> None:
        raise NotImplementedError

    def _is_typing_too_fast(self) -> bool:
        now = time.monotonic()
        if now - self.typed_at < TYPING_EVERY:
            return True
        self.typed_at = now
        return False


class LiveConsumer(Line):
    """`{"watch": 12}`: tell me of this ticket, if I may see it. From agents also `{"view": 12}`: this is the one before my eyes (0: none),
    said again now and then, so that who comes later hears of it; `{"typing": 12, "note": false}`: I write in it."""

    viewing = 0

    async def connect(self) -> None:
        self.viewer = await database_sync_to_async(self._viewer)()
        if self.viewer is None:
            await self.close(code=SIGNED_OUT)
            return
        self.session_key = self.scope["session"].session_key or ""
        if isinstance(self.viewer, User):
            self.user_id, self.auth_hash = self.viewer.pk, self.viewer.get_session_auth_hash()
            private = await database_sync_to_async(self._private_teams)()
            await database_sync_to_async(standing.seen)([self])
            await self.open(live.AGENTS, live.user_group(self.user_id), *(live.agents_group(team) for team in private))
        else:
            await self.open()

    async def heard(self, content: dict[str, Any]) -> None:
        number, typing, view = (content.get(name) for name in ("watch", "typing", "view"))
        if type(number) is int and len(self.watched) < WATCH_LIMIT:
            await self._watch(number)
        elif type(view) is int and isinstance(self.viewer, User):
            await self._look(view)
        elif type(typing) is int and typing in self.watched | {self.viewing} and not self._is_typing_too_fast():
            await self._tell_typing(typing, is_note=bool(content.get("note")))

    async def disconnect(self, code: int) -> None:
        await self._look_away()
        await super().disconnect(code)

    async def _tell_typing(self, number: int, *, is_note: bool) -> None:
        """To the customer only what becomes a reply."""
        if isinstance(self.viewer, User):
            said = {"kind": "typing", "number": number, "name": self.viewer.first_name}
            if not is_note:
                await live.send(_layer(), live.outside_group(number), said)
            await live.send(_layer(), live.inside_group(number), {**said, "user": self.viewer.pk, "note": is_note})

    async def _look(self, number: int) -> None:
        if number != self.viewing:
            await self._look_away()
        if not number or not await database_sync_to_async(self._may_see)(number):
            await self._look_away()
            return
        is_new, self.viewing = self.viewing != number, number
        hub().join(self, live.inside_group(number))
        await self._show(number, "looking", is_new=is_new)

    async def _look_away(self) -> None:
        number, self.viewing = self.viewing, 0
        if number:
            if number not in self.watched:
                hub().part(self, live.inside_group(number))
            await self._show(number, "gone")

    async def _show(self, number: int, doing: str, *, is_new: bool = False) -> None:
        who = {"user": self.viewer.pk, "name": self.viewer.first_name, "initials": self.viewer.initials, "hue": self.viewer.hue}
        await live.send(
            _layer(), live.inside_group(number), {"kind": "presence", "number": number, "doing": doing, "is_new": is_new, **who}
        )

    async def _watch(self, number: int) -> None:
        if not await database_sync_to_async(self._may_see)(number):
            self.tell(kind="refused", number=number)
            return
        self.watched.add(number)
        hub().join(self, live.ticket_group(number))
        hub().join(self, live.inside_group(number) if isinstance(self.viewer, User) else live.outside_group(number))
        self.tell(kind="watching", number=number)

    def _viewer(self) -> Any:
        user = self.scope.get("user")
        if isinstance(user, User) and user.is_active:
            return user
        return customer_of(self.scope["session"])

    def _private_teams(self) -> list[int]:
        return list(Team.objects.filter(is_private=True).exclude(pk__in=self.viewer.closed_team_ids).values_list("pk", flat=True))

    def _may_see(self, number: int) -> bool:
        return Ticket.objects.visible_to(self.viewer).filter(pk=number).exists()


class WidgetConsumer(Line):
    """First `{"visit": TOKEN}`: in a frame, since addresses stand in logs. In it or later `{"watch": 12, "after": 3}`: what was said after the
    message numbered 3, and whatever is said from then on; `{"typing": 12, "text": "…"}`; `{"page": "/permits"}`: where they are now."""

    visit: Visit | None = None
    ignores = frozenset({"ticket", "read"})  # what they hint at comes by itself
    lives_on_hints = False

    async def connect(self) -> None:
        await self.open()
        self._late = asyncio.get_running_loop().call_later(INTRODUCTION, lambda: asyncio.ensure_future(self.close(code=SIGNED_OUT)))

    async def disconnect(self, code: int) -> None:
        self._late.cancel()
        await super().disconnect(code)
        for number in getattr(self, "watched", ()):
            if not hub().groups.get(live.outside_group(number)):  # they have no other tab
                await self._say_where(number, is_here=False)

    async def heard(self, content: dict[str, Any]) -> None:
        token, number, after, typing, page = (content.get(name) for name in ("visit", "watch", "after", "typing", "page"))
        after = after if type(after) is int else 0
        if isinstance(token, str) and self.visit is None:
            await self._introduce(token, number if type(number) is int else 0, after)
        elif self.visit is None:
            await self.close(code=SIGNED_OUT)
        elif type(number) is int and len(self.watched) < WATCH_LIMIT:
            self._follow(number, await database_sync_to_async(self._since)(number, after))
            await self._say_where(number)
        elif type(typing) is int and typing in self.watched and not self._is_typing_too_fast():
            text = content.get("text")
            name = self.visit.customer.first_name if self.visit.customer else "Visitor"
            said = {
                "kind": "typing",
                "number": typing,
                "name": name,
                "text": clean_line(text, limit=PREVIEW) if isinstance(text, str) else "",
            }
            await live.send(_layer(), live.inside_group(typing), said)
        elif isinstance(page, str):
            await database_sync_to_async(self.visit.moved)(page, timezone.now())
            for number in self.watched:
                await self._say_where(number)

    async def _introduce(self, token: str, number: int, after: int) -> None:
        """And at once, where they say so, the conversation that is open: of a thousand who come back each asks once."""
        self.visit, told = await database_sync_to_async(self._visitor)(token, number, after)
        if self.visit is None:
            await self.close(code=SIGNED_OUT)
            return
        self._late.cancel()
        self.visit_id = self.visit.pk
        self.tell(kind="welcome")
        if number:
            self._follow(number, told)
            await self._say_where(number)

    def _follow(self, number: int, told: telling.Told | None) -> None:
        if told is None:
            self.tell(kind="refused", number=number)
            return
        last, frame = told
        self.watched.add(number)
        hub().join(self, live.ticket_group(number))
        hub().join(self, live.outside_group(number))
        self.tell(**frame)
        hub().follow(self, number, last)

    async def _say_where(self, number: int, *, is_here: bool = True) -> None:
        """To the agents who look at it, of what is followed."""
        if number not in self.watched:
            return
        page = self.visit.page if self.visit else ""
        await live.send(_layer(), live.inside_group(number), {"kind": "presence", "number": number, "here": is_here, "page": page})

    @staticmethod
    def _visitor(token: str, number: int, after: int) -> tuple[Visit | None, telling.Told | None]:
        visit = Visit.objects.by_token(token, timezone.now())
        return visit, telling.to(visit.customer, number, after) if visit and number else None

    def _since(self, number: int, after: int) -> telling.Told | None:
        assert self.visit is not None  # `heard`
        # Anew each time: with their first word somebody becomes a customer.
        self.visit.customer = Customer.objects.filter(visits=self.visit).select_related("organisation").first()
        return telling.to(self.visit.customer, number, after)


def _layer() -> Any:
    from channels.layers import get_channel_layer

    return get_channel_layer()


websocket_urlpatterns = [path("ws/live/", LiveConsumer.as_asgi()), path("ws/widget/", WidgetConsumer.as_asgi())]
