"""Hints to open screens that something changed. Only hints: what is true stands in Postgres, and every reader finds it there without them.

All hints go to one group of the layer, which every process that holds sockets hears once; who of its sockets is meant, `hub` knows.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from typing import Any

from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

HINTS = "hints"
AGENTS = "agents"


def agents_group(closed_team: int | None) -> str:
    """All agents, or those who may see the tickets of a private team."""
    return f"{AGENTS}.{closed_team}" if closed_team else AGENTS


def user_group(user: int) -> str:
    """Every screen of one agent."""
    return f"{AGENTS}.user.{user}"


def ticket_group(number: int) -> str:
    """Whoever looks at it."""
    return f"ticket.{number}"


def inside_group(number: int) -> str:
    """The agents among them."""
    return f"ticket.{number}.inside"


def outside_group(number: int) -> str:
    """The customers among them."""
    return f"ticket.{number}.outside"


def hint(group: str, payload: dict[str, Any]) -> None:
    """Tell everybody in the group, without waiting for it; a dead Redis costs the hint and nothing else."""
    layer = get_channel_layer()
    if layer is not None:
        asyncio.run_coroutine_threadsafe(send(layer, group, payload), _loop(os.getpid()))


async def send(layer: Any, group: str, payload: dict[str, Any]) -> None:
    try:
        await layer.group_send(HINTS, {"type": "hint", "to": group, "payload": payload})
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
