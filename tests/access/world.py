"""One private conversation, and everybody who comes by its door.

Ada's ticket lies with Legal, a private team. What only the permitted may read carries the mark ZEBRA, what only agents may read OKAPI.
"""

from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from assistant.models import Draft
from helpdesk.identity import CUSTOMER_KEY
from helpdesk.models import (
    ApiKey,
    Article,
    Attachment,
    Batch,
    DevMail,
    Event,
    Macro,
    Message,
    Organisation,
    Participant,
    Rating,
    Resolution,
    SavedView,
    Source,
    Tag,
    Ticket,
    User,
)
from learning.models import Audit, Decision, Gap, GapQuestion, Incident, LearnedResolution, Policy, Report, Suspicion
from tests.factories import make_admin, make_article, make_category, make_customer, make_organisation, make_team, make_ticket, make_user

CAST = ("nobody", "owner", "colleague", "sharer", "stranger", "agent", "outsider", "admin")
KEYS = ("key", "blunt", "foreign")  # every scope, no scope, every scope but made by the outsider
SCOPES = ["ask", "tickets:read", "tickets:write"]
SECRET, NOTE = "ZEBRA", "OKAPI"


@dataclass
class World:
    people: dict[str, Any]
    ticket: Ticket
    decision: Decision
    draft: Draft
    articles: dict[str, Article]
    mail: DevMail
    incident: Incident
    gap: Gap
    suspicion: Suspicion
    learned: LearnedResolution
    macro: Macro
    files: dict[str, str]
    keys: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)

    @property
    def audit(self):
        return Audit.objects.get(decision=self.decision)

    @property
    def parts(self):
        """What a route is about, by a part of its name; the others are about the decision."""
        return {
            "mail": self.mail,
            "verdict": self.audit,
            "incident": self.incident,
            "policy": Policy.objects.get(),
            "gap": self.gap,
            "suspicion": self.suspicion,
            "learned": self.learned,
            "view": SavedView.objects.get(),
            "batch": Batch.objects.get(),
            "inbox:tag": Tag.objects.get(),
            "macro": self.macro,
        }

    @property
    def owner(self):
        return self.people["owner"]

    def client(self, who: str) -> Client:
        """This person's browser, or a program with this key."""
        if who in KEYS:
            return Client(headers={"Authorization": f"Bearer {self.keys[who]}"}, raise_request_exception=False)
        client = Client(raise_request_exception=False)
        if key := self.sessions[who]:
            client.cookies["sessionid"] = key
        return client

    def set_scene(self, who: str) -> None:
        """The sharer is the colleague, once their organisation shares its tickets."""
        if who == "sharer":
            Organisation.objects.filter(pk=self.owner.organisation_id).update(shares_tickets=True)

    def objects(self, route: str) -> Any:
        """The object that a page of the admin is about: the first of its model."""
        model = next((each for each in apps.get_models() if f":{each._meta.app_label}_{each._meta.model_name}_" in route), None)
        first = model._default_manager.order_by("pk").first() if model else None
        return first.pk if first else 1

    def state(self) -> dict[str, Any]:
        """Whatever an uninvited request could have changed."""
        return {
            "events": Event.objects.count(),
            "messages": Message.objects.count(),
            "files": Attachment.objects.count(),
            "tickets": list(
                Ticket.objects.order_by("pk").values_list(
                    "pk", "state", "handler", "assignee", "team", "priority", "tags", "last_seq", "merged_into", "customer", "shown_from"
                )
            ),
            "incidents": list(Incident.objects.order_by("pk").values_list("pk", "state", "title", "public_text")),
            "gaps": list(Gap.objects.order_by("pk").values_list("pk", "state", "title", "draft_body", "article")),
            "gathered": GapQuestion.objects.exclude(gap=None).count(),
            "suspicions": list(Suspicion.objects.values_list("pk", "state")),
            "learned": list(LearnedResolution.objects.values_list("pk", "state", "answer", "article", "replaced_by")),
            "linked": Report.objects.exclude(incident=None).count(),
            "copies": list(Participant.objects.values_list("ticket", "customer")),
            "macros": list(Macro.objects.values_list("pk", "name", "uses")),
            "ratings": list(Rating.objects.values_list("ticket", "score")),
            "resolutions": Resolution.objects.count(),
            "drafts": list(Draft.objects.values_list("pk", "state")),
            "policies": list(Policy.objects.values_list("pk", "state")),
            "audits": list(Audit.objects.values_list("pk", "verdict")),
            "views": list(SavedView.objects.values_list("pk", "name", "query")),
            "tags": list(Tag.objects.values_list("name")),
            "batches": list(Batch.objects.values_list("pk", "undo_asked_at")),
            "articles": list(Article.objects.order_by("pk").values_list("pk", "status", "version")),
        }


def make_world() -> World:
    brightwater = make_organisation()
    legal = make_team("Legal", is_private=True)
    people = {
        "nobody": None,
        "owner": make_customer("Ada Okonkwo", organisation=brightwater),
        "colleague": make_customer("Bo Lindqvist", organisation=brightwater),
        "stranger": make_customer("Mallory Vane", organisation=make_organisation("Otherworks")),
        "agent": make_user("Ines Carvalho", teams=[legal]),
        "outsider": make_user("Rosa Weber", teams=[make_team("Billing")]),
        "admin": make_admin(),
    }
    category = make_category("Permits", slug="permits")
    articles = {
        audience: make_article(f"{audience} guide", f"For {audience} readers.", slug=audience, audience=audience, category=category)
        for audience in ("public", "customers", "internal")
    }
    articles["draft"] = make_article("draft guide", slug="draft", publish=False, category=category)
    ticket, decision, draft = make_conversation(people, legal)
    weights = {"threshold": 0.85, "strict_threshold": 0.96, "episodes": 250, "offset": 0.0, "slope": 1.0, "pages": {}}
    Policy.objects.create(version="v1.1", weights=weights, at=timezone.now())
    SavedView.objects.create(owner=people["agent"], name="Refunds", query="tag:refund", audience="everybody")
    Tag.objects.create(name="refund")
    Batch.begin("resolve", Ticket.objects.none(), by=people["agent"], words="Resolve")
    mail = DevMail.objects.create(to="ada@client.example", subject="Your code", text="123456")
    world = World(
        people,
        ticket,
        decision,
        draft,
        articles,
        mail,
        make_incident(ticket),
        make_gap(ticket, decision),
        make_suspicion(articles["public"]),
        make_learned(ticket),
        Macro.objects.create(name=f"{NOTE} dunning", body="Pay up.", tags=["late"], audience="team", audience_team=legal),
        make_files(people),
    )
    world.sessions = {who: session_of(people["colleague" if who == "sharer" else who]) for who in CAST}
    for name, scopes, maker in (("key", SCOPES, "admin"), ("blunt", [], "admin"), ("foreign", SCOPES, "outsider")):
        world.keys[name] = ApiKey.issue(name=name, scopes=scopes, by=people[maker])[1]
    return world


def make_files(people) -> dict[str, str]:
    """Keys of what goes with Ada's last message, with the note, and with nothing yet."""
    keys = {}
    for which, mark, person in (("sent", SECRET, "owner"), ("noted", NOTE, "agent"), ("unsent", SECRET, "owner")):
        put = Attachment.put(SimpleUploadedFile(f"{mark}.txt", f"{mark} in a file".encode()), by=people[person])
        keys[which] = put.key
        if which != "unsent":
            message = Message.objects.filter(is_note=which == "noted", author="agent" if which == "noted" else "customer").latest("seq")
            Attachment.tie([put], message)
    return keys


def session_of(person) -> str:
    session = SessionStore()
    if person is None:
        return ""
    if isinstance(person, User):
        session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(person.pk), "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    else:
        session[CUSTOMER_KEY] = person.pk
    session.create()
    return session.session_key


def make_incident(ticket) -> Incident:
    """Ada's ticket is one of those that report it."""
    now = timezone.now()
    incident = Incident.objects.create(
        title="Contracts cannot be opened", first_seen=now, last_seen=now, raised_at=now, centre=[0.05] * 384, public_text="We are on it."
    )
    Report.objects.create(ticket=ticket, at=now, vector=[0.05] * 384, account="c1", is_known=True, incident=incident, similarity=1.0)
    return incident


def make_gap(ticket, decision) -> Gap:
    """Ada's ticket is one of its questions."""
    now = timezone.now()
    gap = Gap.objects.create(title="Ending a contract", opened_at=now, middle=[0.05] * 384, draft_body="Write to us.")
    GapQuestion.objects.create(gap=gap, decision=decision, ticket=ticket, customer=ticket.customer, kind="handed_off", at=now)
    return gap


def make_learned(ticket) -> LearnedResolution:
    """What was learned from Ada's ticket, and waits."""
    source = Source.objects.create(kind="resolution", title=f"{SECRET} clause", body=f"{SECRET} clause four.", audience="customers")
    return LearnedResolution.objects.create(
        source=source, question=f"{SECRET} clause", answer=f"{SECRET} clause four.", state="draft", ticket=ticket, at=timezone.now()
    )


def make_suspicion(article) -> Suspicion:
    """The guide for everybody may be out of date."""
    now = timezone.now()
    return Suspicion.objects.create(source=article.source, since=now, raised_at=now, evidence=5.0)


def make_conversation(people, team) -> tuple[Ticket, Decision, Draft]:
    now = timezone.now()
    ticket = make_ticket(people["owner"], f"{SECRET} how do I end the contract?", subject=f"{SECRET} contract", handler="team", team=team)
    ticket.reply(f"{SECRET} which contract is it?", by=people["agent"])
    ticket.note(f"{NOTE} they owe us money", by=people["agent"])
    said = ticket.say(f"{SECRET} the one of last year", customer=people["owner"])
    decision = Decision.objects.create(
        ticket=ticket,
        message=said,
        customer=people["owner"],
        source=Source.objects.get(article__slug="public"),
        kind="hand_off",
        confidence=0.4,
        threshold=0.8,
        policy="shipped",
        question=f"{SECRET} contract",
        at=now,
    )
    Audit.objects.create(decision=decision, drawn_at=now)
    draft = Draft.objects.create(
        ticket=ticket, message=said, decision=decision, body=f"{NOTE} draft", confidence=0.4, threshold=0.8, at=now
    )
    return ticket, decision, draft
