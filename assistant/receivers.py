"""What the product below asks of the assistant."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from assistant.why import why
from helpdesk.models import Message
from helpdesk.signals import why_wanted
from learning.models import Decision


@receiver(why_wanted)
def tell_why(sender: Any, message: Message, **kwargs: Any) -> list[str]:
    """The sentences that customers may read; the numbers behind them are for agents."""
    decision = Decision.objects.filter(pk=message.meta.get("decision"), ticket=message.ticket_id).first()
    return why(decision).sentences if decision else []
