"""`manage.py import_corpus FOLDER`: your own articles and past tickets, through the product's own verbs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from rich.progress import track

from helpdesk import corpus, intake
from helpdesk.events import inline
from helpdesk.models import Article, Customer, Organisation, Ticket, User


class Command(BaseCommand):
    help = "Load a corpus folder (articles.jsonl, tickets.jsonl). Running it again changes only what has changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--tickets", action="store_true", help="Also the past tickets, so that the assistant learns from them")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = corpus.read(options["folder"], with_tickets=options["tickets"])
        except corpus.CorpusError as error:
            raise CommandError(str(error)) from error
        with inline():
            new, changed, unchanged = corpus.load_articles(found.articles)
            self.stdout.write(f"Articles: {new} new, {changed} changed, {unchanged} as they were.")
            if options["tickets"]:
                self._tickets(found)

    def _tickets(self, found: corpus.Corpus) -> None:
        agent = User.objects.filter(is_active=True).order_by("pk").first()
        if agent is None:
            raise CommandError("Past tickets need an agent who answered them: create a user first.")
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit TO off")
        slugs = {article.key: corpus.slug_of(article.key) for article in found.articles}
        before = Ticket.objects.count()
        for past in track(found.tickets, description="Past tickets", transient=True, disable=not self.stdout.isatty()):
            self._replay(past, found.name, slugs, agent)
        self.stdout.write(f"Tickets: {Ticket.objects.count() - before} new of {len(found.tickets)}.")

    def _replay(self, past: corpus.PastTicket, name: str, slugs: dict[str, str], agent: User) -> None:
        """Opened with people and answered by them, as it was: the assistant had no part in it, and learns from how it ended."""
        ticket = intake.open_ticket(
            customer=_customer(past, name),
            body=past.question,
            context={"page": past.page},
            handler=Ticket.Handler.TEAM,
            client_msg_id=f"{name}:{past.key}"[:64],
            at=past.at,
        )
        body = past.reply
        if past.resolved_by:
            article = Article.objects.get(slug=slugs[past.resolved_by])
            body = f"{body or 'This is described here:'}\n\n[{article.title}]({article.get_absolute_url()})"
        if body and not ticket.is_resolved:
            ticket.reply(body, by=agent, client_msg_id="imported", at=past.at)
            ticket.resolve(by=agent, at=past.at)


def _customer(past: corpus.PastTicket, name: str) -> Customer:
    external = f"{name}:{past.customer}"[:190]
    known = Customer.objects.filter(external_id=external).first()
    if known:
        return known
    plan, lifecycle = past.segment.get("plan", ""), past.segment.get("lifecycle", "active")
    organisation = Organisation.objects.create(name=past.customer[:160], plan=plan, lifecycle=lifecycle) if past.segment else None
    address = f"{corpus.slug_of(external).lower()}@imported.invalid"
    return Customer.objects.create(
        name=past.customer[:160], email=address, external_id=external, organisation=organisation, verified_at=past.at, created_at=past.at
    )
