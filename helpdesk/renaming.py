"""One tag becomes another everywhere: on tickets, by their verb; in the views that ask for it, in their words."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction

from helpdesk import nudge
from helpdesk.finding.grammar import read
from helpdesk.models import Batch, SavedView, Tag, Ticket, User


@transaction.atomic
def rename_tag(old: Tag, new: str, *, by: User) -> Batch:
    """Tickets of private teams included: a name that stays in some of them would come back. A worker does it, in pieces, and it can be taken back."""
    tickets = Ticket.objects.filter(tags__contains=[old.name])
    batch = Batch.begin(
        Batch.Action.TAG, tickets, by=by, words=f"Rename the tag {old.name} to {new}", add=[new], remove=[old.name], rename=True
    )
    for view in SavedView.objects.filter(query__contains="tag:"):
        asked = read(view.query)
        asked.parts = [replace(part, text=new) if part.key == "tag" and part.text.lower() == old.name else part for part in asked.parts]
        if str(asked) != view.query:
            view.query = str(asked)[:300]
            view.save(update_fields=["query"])
    Tag.know([new])
    old.delete()
    start(batch)
    return batch


def start(batch: Batch) -> None:
    from helpdesk.tasks import run_batch

    transaction.on_commit(lambda: nudge.soon(run_batch, batch.pk))
