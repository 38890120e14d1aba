"""What the mails of the product say. Subjects and texts are ours; of what others wrote, an agent's reply is all that is quoted,
but in a copy for whoever has proven that the address is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from helpdesk.formatting import render_reply, sanitise, without_targets
from helpdesk.models import Message, Notification, Rating, SignInCode, SiteSettings, Ticket, User
from helpdesk.models.notifications import Told
from helpdesk.ratings import rating_token


def sign_in(code: SignInCode) -> dict[str, str]:
    link = address("portal:sign_in_link", code.token)
    company = SiteSettings.load().company_name
    return mail("sign_in", f"Your code for {company}: {code.code}", company=company, code=code, link=link)


def received(ticket: Ticket) -> dict[str, str]:
    site = SiteSettings.load()
    return mail(
        "received",
        f"We have your question ({ticket.number})",
        company=site.company_name,
        promise=site.reply_promise,
        customer=ticket.customer,
        link=address("portal:question", ticket.number),
    )


def replied(message: Message) -> dict[str, str]:
    site, ticket = SiteSettings.load(), message.ticket
    return mail(
        "replied",
        f"{site.company_name} has answered your question ({ticket.number})",
        company=site.company_name,
        customer=ticket.customer,
        message=message,
        html=sanitise(message.html),
        files=list(message.attachments.all()),
        link=address("portal:question", ticket.number),
    )


def copied(message: Message) -> dict[str, str]:
    """To somebody in copy: this reply and nothing before it, and no link that opens what is the requester's."""
    site = SiteSettings.load()
    subject = f"{site.company_name}: {message.ticket.subject} ({message.ticket.number})"
    return mail("copied", subject, company=site.company_name, message=message, html=sanitise(without_targets(message.html)))


def forwarded(message: Message, *, body: str, by: User) -> dict[str, str]:
    """One message that an agent chose, to somebody outside."""
    site = SiteSettings.load()
    words = sanitise(render_reply(body)) if body else ""
    return mail(
        "forwarded",
        f"Fwd: {message.ticket.subject}",
        company=site.company_name,
        message=message,
        body=body,
        words=words,
        html=sanitise(without_targets(message.html)),
        agent=by,
    )


def transcript(ticket: Ticket) -> dict[str, str]:
    """All that was said between them and us. Of internal notes nothing."""
    site = SiteSettings.load()
    said = ticket.messages.visible_to(ticket.customer).select_related("user", "customer").prefetch_related("attachments")
    return mail(
        "transcript",
        f"What we wrote about: {ticket.subject} ({ticket.number})",
        company=site.company_name,
        customer=ticket.customer,
        said=[(each, sanitise(without_targets(each.html))) for each in said.order_by("seq")],
        link=address("portal:question", ticket.number),
    )


def rating(ticket: Ticket) -> dict[str, str]:
    site = SiteSettings.load()
    link = address("portal:rating_link", rating_token(ticket))
    scores = [(score, label, f"{link}?score={score}") for score, label in reversed(Rating.Score.choices)]
    question = address("portal:question", ticket.number)
    subject = f"How did we do? ({ticket.number})"
    return mail(
        "rating", subject, company=site.company_name, customer=ticket.customer, ticket=ticket, scores=scores, link=link, question=question
    )


def digest(user: User, lines: Sequence[Told]) -> dict[str, str]:
    """What an agent has not seen. Of what others wrote only the subject, and that is one line."""
    site = SiteSettings.load()
    told = [(line, Notification.Kind(line.kind).told, address("inbox:ticket", line.ticket.pk)) for line in lines]
    subject = f"{len(lines)} ticket{'' if len(lines) == 1 else 's'} with something new"
    return mail("digest", subject, company=site.company_name, user=user, told=told, chosen=address("inbox:settings"))


def mail(name: str, subject: str, **context: Any) -> dict[str, str]:
    return {
        "subject": " ".join(subject.split()),
        "text": render_to_string(f"emails/{name}.txt", context),
        "html": render_to_string(f"emails/{name}.html", context),
    }


def address(name: str, *args: object) -> str:
    return settings.SITE_URL + reverse(name, args=args)
