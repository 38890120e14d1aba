"""Signals that cross the border of learning. Sent on commit with ids; the Event row is the truth, the signal a nudge."""

from django.dispatch import Signal

# incident_id: int. Many customers report the same thing; `Incident.report` and `bugreport.markdown` say what.
incident_raised = Signal()

# incident_id: int. An agent said that it is fixed, or dismissed it.
incident_over = Signal()
