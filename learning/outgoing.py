"""What leaves the house about incidents: for each that is raised, and each that is over, a row in the outbox, which whatever is connected takes from there."""

from __future__ import annotations

from helpdesk.models import Outbox
from helpdesk.outbox import NotNeeded, sender
from learning import bugreport
from learning.models import Incident
from learning.signals import incident_leaves

KIND = "incident"


def announce(incident: Incident, what: str) -> None:
    """`what`: "raised", "fixed" or "dismissed". Idempotent: each leaves once."""
    Outbox.enqueue(KIND, to="whatever is connected", payload={"incident": incident.pk, "what": what}, key=f"incident-{incident.pk}-{what}")


@sender(KIND)
def send(row: Outbox) -> None:
    """The bug report as it stands now. A receiver that fails has it tried again, and knows by the key what it has taken already."""
    incident = Incident.objects.filter(pk=row.payload["incident"]).first()
    if incident is None or not incident_leaves.has_listeners(Incident):
        raise NotNeeded
    incident_leaves.send(
        sender=Incident, incident=incident, what=row.payload["what"], report=bugreport.markdown(incident), key=row.idempotency_key
    )
