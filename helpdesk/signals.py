"""Signals that cross an app's border. Sent on commit; the Event row is the truth, the signal a nudge."""

from django.dispatch import Signal

# event: Event, with the ticket of whoever recorded it
event_recorded = Signal()

# outbox_id: int, message_id: int or None: what it delivers
outbox_filled = Signal()

# reader_id: int, number: int: an agent has read a ticket to its end
agent_read = Signal()

# customer: Customer or None, text: str, what they see or type; answered with what they should be told now, or nothing
notice_wanted = Signal()

# message: Message of the assistant; answered with a list of sentences for its customer: why it said this
why_wanted = Signal()

# message: Message of the assistant that missed; answered with a list of {"source": int, "title": str}, what else may well answer its question
others_wanted = Signal()
