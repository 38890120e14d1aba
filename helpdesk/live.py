"""Hints to open screens that something changed. Only hints: the client fetches what is true, and polls when no socket is open."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from typing import Any

from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

AGENTS = "agents"


def agents_group(closed_team: int | None) -> str:
    """All agents, or those who may see the tickets of a private team."""
    return f"{AGENTS}.{closed_team}" if closed_team else AGENTS


def ticket_group(number: int) -> str:
    return f"ticket.{number}"


def hint(group: str, payload: dict[str, Any]) -> None:
    """Tell everybody in the group, without waiting for it; a dead Redis costs the hint and nothing else."""
    layer = get_channel_layer()
    if layer is not None:
        asyncio.run_coroutine_threadsafe(_send(layer, group, {"type": "hint", "payload": payload}), _loop(os.getpid()))


async def _send(layer: Any, group: str, message: dict[str, Any]) -> None:
    try:
        await layer.group_send(group, message)
    except Exception as error:  # whatever the layer's client raises
        logger.info("No live hint to %s: %s", group, error)


_starting = threading.Lock()
_loops: dict[int, asyncio.AbstractEventLoop] = {}


def _loop(process: int) -> asyncio.AbstractEventLoop:
    """One loop a process, on a thread of its own: with a loop for each hint there would be a connection for each, and a request would wait for it."""
    with _starting:
        if process not in _loops:
            loop = _loops[process] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="live hints", daemon=True).start()
        return _loops[process]
