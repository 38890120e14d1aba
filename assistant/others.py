"""What else may answer a question whose answer missed."""

from __future__ import annotations

from typing import Any

from assistant.reading import missed
from helpdesk.models import Source, Ticket
from learning.models import Decision

MOST = 2
LIKELY = 0.25  # that it is this one, now that it is none of those they have seen
LEFT = 1e-6


def others(decision: Decision, ticket: Ticket) -> list[dict[str, Any]]:
    """Of the candidates of the same decision, those that are likely once what was shown is known to be wrong, and that its customer may read now.

    The rest of the probability is that of no answer at all, which mostly has the greater part of it: then there is nothing to offer.
    """
    shown = missed(ticket)
    left = max(1.0 - sum(each["score"] for each in decision.served if each["source"] in shown), LEFT)
    likely = [each["source"] for each in decision.served if each["source"] not in shown and each["score"] / left >= LIKELY][:MOST]
    readable = Source.objects.rankable_for(ticket.customer).defer("tsv").in_bulk(likely)
    return [{"source": pk, "title": readable[pk].title} for pk in likely if pk in readable]
