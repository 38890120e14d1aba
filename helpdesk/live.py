"""Hints to open screens that something changed. Only hints: the client fetches what is true, and polls when no socket is open."""

from __future__ import annotations

import logging
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

AGENTS = "agents"


def agents_group(closed_team: int | None) -> str:
    """All agents, or those who may see the tickets of a private team."""
    return f"{AGENTS}.{closed_team}" if closed_team else AGENTS


def ticket_group(number: int) -> str:
    return f"ticket.{number}"


def hint(group: str, payload: dict[str, Any]) -> None:
    """Tell everybody in the group; a dead Redis costs the hint and nothing else."""
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(group, {"type": "hint", "payload": payload})
    except Exception as error:  # whatever the layer's client raises
        logger.info("No live hint to %s: %s", group, error)
