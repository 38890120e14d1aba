"""What the product below asks of the assistant."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from assistant.others import others
from assistant.why import why
from helpdesk.models import Message
from helpdesk.signals import others_wanted, why_wanted
from learning.models import Decision


@receiver(why_wanted)
def tell_why(sender: Any, message: Message, **kwargs: Any) -> list[str]:
    """The sentences that customers may read; the numbers behind them are for agents."""
    decision = _behind(message)
    return why(decision).sentences if decision else []


@receiver(others_wanted)
def tell_others(sender: Any, message: Message, **kwargs: Any) -> list[dict[str, Any]]:
    decision = _behind(message) if message.kind == "answer" else None
    return others(decision, message.ticket) if decision else []


def _behind(message: Message) -> Decision | None:
    return Decision.objects.filter(pk=message.meta.get("decision"), ticket=message.ticket_id).first()
