"""`manage.py load_demo`: Fieldnote, the demo company, with ninety days of history that runs through the product's own verbs."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from assistant.rehearsal import Cast, play
from helpdesk.events import inline
from helpdesk.models import (
    SYSTEM,
    Article,
    Category,
    Customer,
    Event,
    Macro,
    Organisation,
    SavedView,
    Site,
    SiteSettings,
    Source,
    Team,
    Ticket,
    User,
)
from learning import gaps
from learning.maturing import let_go, mature
from learning.measuring import measure
from learning.models import Gap, Metric, Policy
from learning.policies import forget, refit_if_due

FOLDER = settings.BASE_DIR / "helpdesk" / "demo"
PASSWORD = "whetstone-demo"  # noqa: S105  (printed by `make demo`; the demo listens on this machine only)
COMPANY, DOMAIN = "Fieldnote", "fieldnote.example"
PRODUCT = "Fieldnote web app"
LOADED = "demo.loaded"


class Command(BaseCommand):
    help = "Create the demo company unless it is there. Running it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tickets", type=int, default=None, help="Only the newest N past tickets")
        parser.add_argument("--carried-by", type=int, metavar="PORT", help="The widget stands on pages of this port; made a site of")
        parser.add_argument("--keep-in", type=Path, metavar="FILE", help="Where that site's key and secret are kept, for its owner to read")

    def handle(self, *args: Any, **options: Any) -> None:
        if Event.objects.filter(verb=LOADED).exists():
            self.stdout.write("The demo company is there already.")
        else:
            self._load(options["tickets"])
        if options["carried_by"]:
            carry(options["carried_by"], options["keep_in"])

    def _load(self, limit: int | None) -> None:
        if Ticket.objects.exists() and SiteSettings.load().company_name != COMPANY:
            raise CommandError("There are tickets of another company in this database. Load the demo into an empty one.")
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit TO off")  # history that can be loaded again need not wait for the disk
        with inline():
            people = self._people()
            _desk(people.agents)
            self._articles()
            start_over()
            self._history(people, limit)
            measure(timezone.now())
            gaps.find(timezone.now())
        Event.record(LOADED, by=SYSTEM, at=timezone.now())

    def _people(self) -> Cast:
        data = read("people.json")
        SiteSettings.objects.update_or_create(pk=1, defaults={"company_name": COMPANY, "support_email": f"support@{DOMAIN}"})
        teams = {
            each["slug"]: Team.objects.get_or_create(slug=each["slug"], defaults=_only(each, "name", "description"))[0]
            for each in data["teams"]
        }
        agents = {each["key"]: _agent(each) for each in [*data["agents"], data["admin"]]}
        for each in data["agents"]:
            agents[each["key"]].teams.set([teams[slug] for slug in each["teams"]])
        first_team = {agents[each["key"]].pk: teams[each["teams"][0]] for each in data["agents"]}
        now = timezone.now()
        names = {key: agent.name for key, agent in agents.items()}
        organisations = [_organisation(each, names, now) for each in data["organisations"]]
        customers = [_customer(each, organisations, now) for each in data["customers"]]
        return Cast(agents, customers, lambda agent: first_team.get(agent.pk), _topics())

    def _articles(self) -> None:
        now = timezone.now()
        for position, each in enumerate(read("categories.json")):
            Category.objects.update_or_create(
                slug=each["slug"], defaults={**_only(each, "name", "description", "icon", "risk"), "position": position}
            )
        categories = {category.slug: category for category in Category.objects.all()}
        with _bar("Help articles") as bar:
            for each in bar.track(read("articles.jsonl"), description="Help articles"):
                fields = _only(each, "title", "summary", "body", "audience", "locale", "pages")
                article, _ = Article.objects.get_or_create(slug=each["key"], defaults={**fields, "category": categories[each["category"]]})
                article.publish(at=now - dt.timedelta(days=90 + each["updated_days_ago"]))

    def _history(self, cast: Cast, limit: int | None) -> None:
        scripts = sorted(read("tickets.jsonl"), key=lambda script: -script["days_ago"])[-(limit or 10**6) :]
        with _bar("Past tickets") as bar:
            task = bar.add_task("Past tickets", total=len(scripts))
            for finished in play(scripts, cast, now=timezone.now(), tick=overnight):
                bar.update(task, completed=finished)


def carry(port: int, keep_in: Path | None) -> None:
    """The site of the company's own product. Another port is one more place to show the widget; what an admin has changed stays."""
    site = Site.objects.filter(name=PRODUCT).first() or Site(name=PRODUCT)
    site.origins = list(dict.fromkeys([*site.origins, *(f"http://{name}:{port}" for name in ("localhost", "127.0.0.1"))]))
    site.save()
    if keep_in:
        keep_in.unlink(missing_ok=True)  # its rights may have been others
        with os.fdopen(os.open(keep_in, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as kept:
            json.dump({"key": site.key, "secret": site.secret}, kept)


def start_over() -> None:
    """A load that was cut off has left half a history, and what was learned from it."""
    Ticket.objects.all().delete()
    Source.objects.filter(kind=Source.Kind.RESOLUTION).delete()
    Gap.objects.all().delete()
    Policy.objects.all().delete()
    Metric.objects.all().delete()
    forget()


def overnight(at: dt.datetime) -> None:
    """What the timetable does, once a simulated day."""
    mature(at)
    let_go(at)
    refit_if_due(at)


def read(name: str) -> Any:
    path: Path = FOLDER / name
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()] if name.endswith(".jsonl") else json.loads(text)


def _only(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: record[name] for name in names if name in record}


def _agent(each: dict[str, Any]) -> User:
    user = User.objects.filter(email=each["email"]).first()
    return user or User.objects.create_user(each["email"], PASSWORD, **_only(each, "name", "title", "role"))


def _desk(agents: dict[str, User]) -> None:
    """What agents have made for themselves: replies to pick, and lists to look at."""
    data, teams = read("desk.json"), {team.slug: team for team in Team.objects.all()}
    for each in data["macros"]:
        fields = _only(each, "body", "audience", "state", "tags", "priority", "to_me", "uses")
        named = {name: teams[each[name]] for name in ("team", "audience_team") if name in each}
        Macro.objects.get_or_create(name=each["name"], defaults={**fields, **named})
    for each in data["views"]:
        team = teams[each["team"]] if "team" in each else None
        SavedView.objects.get_or_create(
            owner=agents[each["owner"]], name=each["name"], defaults={**_only(each, "query", "audience"), "team": team}
        )


def _organisation(each: dict[str, Any], names: dict[str, str], now: dt.datetime) -> Organisation:
    traits = dict(each["traits"])
    traits["looked_after_by"] = names[traits["looked_after_by"]]
    traits["renews"] = (now + dt.timedelta(days=traits["renews"])).date().isoformat()
    fields = _only(each, "plan", "lifecycle", "shares_tickets", "domain")
    return Organisation.objects.get_or_create(name=each["name"], defaults={**fields, "traits": traits})[0]


def _customer(each: dict[str, Any], organisations: list[Organisation], now: dt.datetime) -> Customer:
    joined = now - dt.timedelta(days=120)
    fields = {**_only(each, "name", "title", "locale", "traits"), "created_at": joined, "verified_at": joined if each["verified"] else None}
    organisation = organisations[each["organisation"]] if each["organisation"] is not None else None
    return Customer.objects.get_or_create(email=each["email"], defaults={**fields, "organisation": organisation})[0]


def _topics() -> dict[str, str]:
    """What agents wrote on matters that no article covers."""
    unwritten = [script for script in read("tickets.jsonl") if script.get("topic")]
    return {
        line["text"]: script["topic"]
        for script in unwritten
        for line in script["conversation"]
        if line["from"] == "agent" and not line.get("note")
    }


def _bar(label: str) -> Progress:
    columns = TextColumn("      {task.description:<16}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=Console())
