"""The cast. Ines works the inbox, Tom is her colleague, Rosa is in another (private) team, Morgan is the admin.

Ada is a customer, Bo her colleague in the same organisation, Mallory a stranger who must see nothing of theirs.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from django.utils import timezone

from helpdesk import intake
from helpdesk.models import Article, Category, Customer, Organisation, Team, Ticket, User

PASSWORD = "correct-horse-battery"
_counter = count(1)


def make_user(name: str = "Ines Carvalho", role: str = "agent", teams: list[Team] | None = None, **fields: Any) -> User:
    email = fields.pop("email", f"{name.split()[0].lower()}{next(_counter)}@desk.example")
    user = User.objects.create_user(email, PASSWORD, name=name, role=role, **fields)
    user.teams.set(teams or [])
    return user


def make_admin(name: str = "Morgan Ellery", **fields: Any) -> User:
    return make_user(name, role="admin", **fields)


def make_team(name: str = "Technical", **fields: Any) -> Team:
    return Team.objects.create(**{"name": f"{name} {next(_counter)}", "slug": f"{name.lower()}-{next(_counter)}", **fields})


def make_organisation(name: str = "Brightwater Utilities", **fields: Any) -> Organisation:
    return Organisation.objects.create(**{"name": name, "plan": "Business", "lifecycle": "active", **fields})


def make_customer(name: str = "Ada Okonkwo", **fields: Any) -> Customer:
    return Customer.objects.create(
        **{"name": name, "email": f"{name.split()[0].lower()}{next(_counter)}@client.example", "verified_at": timezone.now(), **fields}
    )


def make_category(name: str = "Permits", **fields: Any) -> Category:
    return Category.objects.create(**{"name": name, "slug": f"{name.lower()}-{next(_counter)}", **fields})


def make_article(title: str = "Let somebody sign without an account", body: str = "", publish: bool = True, **fields: Any) -> Article:
    article = Article.objects.create(
        **{
            "title": title,
            "slug": f"article-{next(_counter)}",
            "body": body or "A guest signature does not count as a seat.\n\n1. Open the permit.\n2. Choose **Signatures > Add a guest**.",
            **fields,
        }
    )
    return article.publish() if publish else article


def make_ticket(customer: Customer | None = None, body: str = "How can a subcontractor sign without a seat?", **fields: Any) -> Ticket:
    return intake.open_ticket(customer=customer or make_customer(), body=body, **fields)
