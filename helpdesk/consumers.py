"""The one socket a page opens. It carries hints only; what is true is fetched over HTTP, through the same doors as every page."""

from __future__ import annotations

from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.urls import path

from helpdesk import live
from helpdesk.identity import customer_of
from helpdesk.models import Team, Ticket, User

FRAME_LIMIT = 2_000  # characters; the only thing a client says is which ticket it looks at
WATCH_LIMIT = 20


class LiveConsumer(AsyncJsonWebsocketConsumer):
    groups_joined: set[str]
    watched: int

    async def connect(self) -> None:
        self.groups_joined, self.watched = set(), 0
        self.viewer = await database_sync_to_async(self._viewer)()
        if self.viewer is None:
            await self.close(code=4401)
            return
        await self.accept()
        if isinstance(self.viewer, User):
            await self._join(live.AGENTS)
            for team in await database_sync_to_async(self._private_teams)():
                await self._join(live.agents_group(team))

    async def disconnect(self, code: int) -> None:
        for group in self.groups_joined:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        if text_data is None or len(text_data) > FRAME_LIMIT:
            await self.close(code=1009)
            return
        try:
            content = await self.decode_json(text_data)
        except (ValueError, RecursionError):  # no JSON, or nested without end
            await self.close(code=1007)
            return
        await self.receive_json(content)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """`{"watch": 12}`: tell me of this ticket, if I may see it."""
        number = content.get("watch") if isinstance(content, dict) else None
        if type(number) is not int or self.watched >= WATCH_LIMIT:
            return
        if await database_sync_to_async(self._may_see)(number):
            await self._join(live.ticket_group(number))
            self.watched += 1
            await self.send_json({"kind": "watching", "number": number})
        else:
            await self.send_json({"kind": "refused", "number": number})

    async def hint(self, event: dict[str, Any]) -> None:
        await self.send_json(event["payload"])

    async def _join(self, group: str) -> None:
        await self.channel_layer.group_add(group, self.channel_name)
        self.groups_joined.add(group)

    def _viewer(self) -> Any:
        user = self.scope.get("user")
        if isinstance(user, User) and user.is_active:
            return user
        return customer_of(self.scope["session"])

    def _private_teams(self) -> list[int]:
        return list(Team.objects.filter(is_private=True).exclude(pk__in=self.viewer.closed_team_ids).values_list("pk", flat=True))

    def _may_see(self, number: int) -> bool:
        return Ticket.objects.visible_to(self.viewer).filter(pk=number).exists()


websocket_urlpatterns = [path("ws/live/", LiveConsumer.as_asgi())]
