"""Signals that cross the border of learning. Sent on commit with ids; the Event row is the truth, the signal a nudge."""

from django.dispatch import Signal

# incident_id: int. Many customers report the same thing; `Incident.report` and `bugreport.markdown` say what.
incident_raised = Signal()

# incident_id: int. An agent said that it is fixed, or dismissed it.
incident_over = Signal()

# incident: Incident, what: "raised", "fixed" or "dismissed", report: str in Markdown, key: str. Sent by the outbox, again if a receiver raises:
# what follows elsewhere (an issue in a tracker, a line in a chat) is made once for a key.
incident_leaves = Signal()
