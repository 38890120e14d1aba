"""From what happened to who is told: in the product at once, by mail in a digest of what they have not seen meanwhile. Never of one's own doing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial

from django.db import transaction
from django.utils import timezone

from helpdesk import events, live
from helpdesk.events import consumer
from helpdesk.mail import composing
from helpdesk.models import AgentSettings, Event, Notification, Outbox, Ticket, User
from helpdesk.models.notifications import grouped, is_quiet

HISTORY = dt.timedelta(hours=1)  # what is imported with its own time is told to nobody
PATIENCE = dt.timedelta(minutes=10)  # who is here reads it here
EVERY = {"hourly": dt.timedelta(hours=1), "daily": dt.timedelta(hours=24)}
Kind = Notification.Kind


@consumer(
    "notifications", {"ticket.assigned", "message.said", "ticket.reopened", "message.noted", "message.mentioned", "ticket.handed_off"}
)
def tell(event: Event) -> None:
    if event.ticket is None or event.recorded_at - event.at > HISTORY:
        return
    for kind, people in _meant(event, event.ticket):
        for user in _who_may_know(people, event, event.ticket):
            chosen = AgentSettings.of(user)
            if kind not in chosen.silent_kinds:
                _, is_new = Notification.objects.get_or_create(
                    user=user, event=event, kind=kind, defaults={"ticket": event.ticket, "at": event.at}
                )
                if is_new and not is_quiet(chosen, timezone.now()):
                    transaction.on_commit(partial(ring, user.pk))


def ring(user_id: int) -> None:
    if not events.is_inline():
        live.hint(live.user_group(user_id), {"kind": "bell"})


def _meant(event: Event, ticket: Ticket) -> Iterable[tuple[str, list[int]]]:
    owner = [ticket.assignee_id] if ticket.assignee_id else []
    if event.verb == "ticket.assigned" and event.data.get("to"):
        yield Kind.ASSIGNED, [event.data["to"]]
    elif event.verb == "message.said":
        yield Kind.WROTE, owner
    elif event.verb == "ticket.reopened":
        yield Kind.REOPENED, owner
    if mentioned := event.data.get("mentions") or event.data.get("users"):
        yield Kind.MENTIONED, list(mentioned)
    came = event.verb == "ticket.handed_off" or (event.verb == "ticket.assigned" and event.data.get("team") and not event.data.get("to"))
    if came and ticket.team and not owner and ticket.team.gives_out == ticket.team.GivesOut.NOT:
        yield Kind.TEAM, list(ticket.team.members.values_list("pk", flat=True))


def _who_may_know(people: list[int], event: Event, ticket: Ticket) -> list[User]:
    found = User.objects.filter(pk__in=people, is_active=True).exclude(pk=event.user_id or 0).select_related("settings")
    return [user for user in found if Ticket.objects.visible_to(user).filter(pk=ticket.pk).exists()]


# --- By mail ----------------------------------------------------------------------------------------------------------


def mail_digests(*, at: dt.datetime | None = None) -> int:
    at = at or timezone.now()
    waiting = Notification.objects.unread().filter(mailed_at=None, at__lt=at - PATIENCE).order_by()
    people = User.objects.filter(pk__in=waiting.values("user"), is_active=True).select_related("settings")
    return sum(_mail(user, at) for user in people)


def _mail(user: User, at: dt.datetime) -> bool:
    """One mail of all that is unread and was not mailed; not in their quiet hours, and not before its time."""
    chosen = AgentSettings.of(user)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two beats at once send one
        mine = Notification.objects.unread().filter(user=user, mailed_at=None, at__lt=at - PATIENCE).exclude(kind__in=chosen.unmailed_kinds)
        every = EVERY.get(chosen.digest)
        if every is None or is_quiet(chosen, at) or not mine.exists():
            return False
        if chosen.digest_at and at - chosen.digest_at < every:
            return False
        kinds = set(mine.values_list("ticket", flat=True))
        lines = [told for told in grouped(user, only_unread=True) if told.ticket.pk in kinds]
        mine.update(mailed_at=at)
        if not lines:
            return False
        Outbox.enqueue("mail", to=user.email, payload=composing.digest(user, lines), key=f"digest:{user.pk}:{at:%Y%m%d%H%M}")
        chosen.keep(digest_at=at)
    return True
