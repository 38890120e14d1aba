"""The gaps in a macro's text, filled in. A short list of names and nothing else: a text is never a template."""

from __future__ import annotations

import re
from collections.abc import Callable

from helpdesk.formatting import clean_line
from helpdesk.models import Customer, Macro, Organisation, SiteSettings, Ticket, User
from helpdesk.models.macros import MacroQuerySet

OFFERED = 8
_GAP = re.compile(r"\{\{\s*([a-z_.]{1,40})\s*(?:\|([^{}|\n]{0,80}))?\}\}")
_MARKS = re.compile(r"([\\\[\]*`<>~])")

VARIABLES: dict[str, Callable[[Ticket, User], str]] = {
    "customer.first_name": lambda ticket, _: ticket.customer.first_name,
    "customer.name": lambda ticket, _: ticket.customer.name,
    "customer.email": lambda ticket, _: ticket.customer.address,
    "organisation.name": lambda ticket, _: ticket.organisation.name if ticket.organisation else "",
    "ticket.number": lambda ticket, _: str(ticket.number),
    "ticket.subject": lambda ticket, _: ticket.subject,
    "agent.first_name": lambda _, agent: agent.first_name,
    "agent.name": lambda _, agent: agent.name,
    "company.name": lambda *_: SiteSettings.load().company_name,
}


def render(text: str, *, ticket: Ticket, agent: User) -> str:
    """`{{customer.first_name|there}}`: the name, or “there” where there is none. A name nobody knows stays as it was written.

    What comes in is text of others: one line, without the marks that would make a link or a heading of it, and never looked at again for gaps.
    """

    def fill(gap: re.Match[str]) -> str:
        if gap[1] not in VARIABLES:
            return gap[0]
        value = clean_line(VARIABLES[gap[1]](ticket, agent), limit=200)
        return _MARKS.sub(r"\\\1", value) if value else (gap[2] or "").strip()

    return _GAP.sub(fill, text)


def unknown(text: str) -> list[str]:
    """Names between double braces that mean nothing, in the order they stand."""
    return [name for name in dict.fromkeys(re.findall(r"\{\{\s*([^{}|]*?)\s*(?:\|[^{}]*)?\}\}", text)) if name not in VARIABLES]


def found(agent: User, words: str) -> MacroQuerySet:
    """Those whose name or text has all the words, the most used first."""
    macros = Macro.objects.visible_to(agent).with_people()
    for word in clean_line(words, limit=60).split():
        macros = (
            macros.filter(name__icontains=word)
            if len(word) < 3
            else macros.filter(name__icontains=word) | macros.filter(body__icontains=word)
        )
    return macros.order_by("-uses", "name", "pk")


def sample(agent: User) -> Ticket:
    """A ticket that never was, for a preview."""
    ada = Customer(name="Ada Okonkwo", email="ada@example.com")
    return Ticket(
        pk=48213, subject="Photos are sideways in the report", customer=ada, organisation=Organisation(name="Brightwater Utilities")
    )
