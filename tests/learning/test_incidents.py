"""Incidents as they come up: from tickets to a raised incident, what customers and agents see of it, and how it ends."""

import datetime as dt
import json

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from helpdesk import outbox
from helpdesk.identity import CUSTOMER_KEY
from helpdesk.models import Event, Message, Outbox, SiteSettings, Ticket
from helpdesk.search.embedder import embed
from learning import bugreport, incidents
from learning.models import Decision, Incident, LearnedResolution, Report
from learning.signals import incident_leaves, incident_over, incident_raised
from learning.wording import words
from tests.factories import make_customer, make_organisation, make_team, make_ticket, make_user

pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(microsecond=0)
SAID = [
    "Tablets stop to sync with error 503 since {n}, uploads hang",
    "Error 503 again: uploads from tablets hang and sync stops ({n})",
    "Sync stops, uploads hang on tablets, shows error 503 v6.14.{n}",
    "503 error while tablets sync; all uploads hang {n}",
]
TOPICS = ["invoice seats billing", "permit signature guest", "template question logic", "photo upside rotated", "password reset mail"]


@pytest.fixture(autouse=True)
def afresh():
    incidents.forget()
    yield
    incidents.forget()


@pytest.fixture
def history(ada):
    """Four weeks of ordinary tickets, eight a day, none of them today."""
    midnight = NOW.replace(hour=0, minute=0, second=0)
    texts = [f"{TOPICS[n % 5]} about thing{n % 37}" for n in range(224)]
    times = [midnight - dt.timedelta(hours=3 * (n + 1)) for n in range(224)]
    tickets = Ticket.objects.bulk_create(
        [Ticket(subject=text, customer=ada, opened_at=at, updated_at=at, state="resolved") for text, at in zip(texts, times, strict=True)]
    )
    Report.objects.bulk_create(
        [
            Report(ticket=ticket, at=at, vector=vector, words=sorted(words(text)), account=f"c{n}", is_known=True)
            for n, (ticket, text, at, vector) in enumerate(zip(tickets, texts, times, embed(texts), strict=True))
        ]
    )


@pytest.fixture
def breaks(history, happening):
    """So many customers report the same thing, five minutes apart."""

    def report(count=8, at=NOW, **fields):
        tickets = []
        for n in range(count):
            customer = fields.get("customer") or make_customer(f"Customer {chr(65 + n)}", verified_at=fields.get("verified", NOW))
            with happening():
                text = SAID[n % 4].format(n=n)
                tickets.append(make_ticket(customer, text, at=at + dt.timedelta(minutes=5 * n), **fields.get("ticket", {})))
        return tickets

    return report


def browser(person):
    client = Client()
    if isinstance(person, type(make_user)) or hasattr(person, "role"):
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    else:
        session = client.session
        session[CUSTOMER_KEY] = person.pk
        session.save()
    return client


# --- Raising ----------------------------------------------------------------------------------------------------------


def test_what_many_report_is_raised_once_and_later_reports_join_it(breaks):
    heard = []
    incident_raised.connect(lambda sender, incident_id, **_: heard.append(incident_id), weak=False, dispatch_uid="test")
    try:
        tickets = breaks(9)
    finally:
        incident_raised.disconnect(dispatch_uid="test")
    incident = Incident.objects.get()
    assert heard == [incident.pk]
    assert incident.state == "open"
    assert set(Ticket.objects.filter(report__incident=incident)) == set(tickets)
    assert incident.first_seen == tickets[0].opened_at
    assert incident.raised_at <= tickets[7].opened_at
    assert incident.last_seen == tickets[8].opened_at
    assert Event.objects.filter(verb="incident.raised").count() == 1
    assert {"503", "sync"} & set(incident.terms)
    assert all(0 < similarity <= 1.0001 for similarity in incident.reports.values_list("similarity", flat=True))


def test_an_event_that_is_delivered_twice_counts_once(breaks):
    tickets = breaks(6)
    event = Event.objects.get(ticket=tickets[-1], verb="ticket.opened")
    before = list(Report.objects.order_by("pk").values_list("pk", "incident"))
    incidents.consume(event)
    assert list(Report.objects.order_by("pk").values_list("pk", "incident")) == before


def test_one_customer_is_no_incident(breaks, ada):
    breaks(10, customer=ada)
    assert not Incident.objects.exists()


def test_colleagues_of_one_organisation_are_one_voice(breaks, happening):
    northline = make_organisation("Northline")
    for n in range(8):
        with happening():
            make_ticket(make_customer(f"Person {n}", organisation=northline), SAID[n % 4].format(n=n), at=NOW + dt.timedelta(minutes=4 * n))
    assert not Incident.objects.exists()


def test_unverified_senders_of_the_same_words_are_no_incident(history, happening):
    for n in range(12):
        with happening():
            make_ticket(
                make_customer(f"Stranger {n}", verified_at=None), "Cheap loans for tablets, sync now", at=NOW + dt.timedelta(minutes=2 * n)
            )
    assert not Incident.objects.exists()


def test_tickets_that_people_have_from_the_start_count_too(breaks):
    breaks(8, ticket={"handler": "team"})
    assert not Decision.objects.filter(ticket__report__incident__isnull=False).exists()
    assert Incident.objects.get().reports.count() >= 6


def test_with_the_assistant_off_it_is_still_seen(breaks):
    SiteSettings.objects.update_or_create(pk=1, defaults={"assistant_enabled": False})
    breaks(8)
    assert Incident.objects.count() == 1


def test_without_vectors_tickets_are_taken_and_not_counted(breaks, settings):
    from helpdesk.search import embedder

    settings.EMBEDDER = "tests.search.fakes.Broken"
    embedder.forget_embedder()
    tickets = breaks(6)
    assert len(tickets) == 6
    assert not Report.objects.filter(ticket__in=tickets).exists()


def test_spam_is_taken_out(breaks, happening, ines):
    tickets = breaks(8)
    with happening():
        tickets[0].mark_spam(by=ines)
    assert Report.objects.get(ticket=tickets[0]).incident is None
    assert Event.objects.filter(verb="incident.detached").count() == 1


# --- The report -------------------------------------------------------------------------------------------------------


def test_the_bug_report_counts_and_quotes_without_personal_data(breaks, happening):
    breaks(8, ticket={"context": {"page": "/mobile/sync", "error": "E_CHUNK_63"}})
    with happening():
        make_ticket(
            make_customer("Zoe"), "Tablets sync error 503, uploads hang, write to zoe@client.example", at=NOW + dt.timedelta(minutes=50)
        )
    incident = Incident.objects.get()
    text = bugreport.markdown(incident)
    assert text.startswith(f"# {incident.title}\n")
    assert "/mobile/sync (8)" in text
    assert "E_CHUNK_63 (8)" in text
    assert "6.14.2 (1)" in text
    assert "error 503 (" in text
    for personal in ("zoe@client.example", "Brandt"):
        assert personal not in json.dumps(incident.report) + text


def test_what_a_private_team_has_is_counted_and_not_quoted(breaks, ines):
    legal = make_team("Legal", is_private=True)
    tickets = breaks(8, ticket={"team": legal, "handler": "team"})
    incident = Incident.objects.get()
    assert incident.report["tickets"] == 8
    assert incident.report["examples"] == []
    assert incident.title == "Several customers report the same"
    page = browser(ines).get(incident.get_absolute_url()).content.decode()
    assert tickets[0].subject not in page
    assert "8 more are not shown" in page


# --- Notices ----------------------------------------------------------------------------------------------------------


def test_who_is_affected_reads_a_notice_and_nobody_else(breaks):
    tickets = breaks(8)
    incident = Incident.objects.get()
    affected, mallory = browser(tickets[0].customer), browser(make_customer("Mallory Vane"))
    notice = "and are working on it. If that is what you see"
    for address in (f"/questions/{tickets[0].pk}/", "/ask/"):
        assert notice in affected.get(address).content.decode()
    assert notice not in mallory.get("/ask/").content.decode()
    assert notice in mallory.get("/ask/", {"q": "tablets sync error 503 uploads hang"}).content.decode()
    assert notice not in mallory.get("/ask/", {"q": "where is my invoice"}).content.decode()
    incident.announce("", by=make_user(), at=NOW)
    assert "banner--info" not in affected.get("/ask/").content.decode()


def test_agents_see_it_above_the_thread(breaks, ines):
    tickets = breaks(8)
    page = browser(ines).get(f"/inbox/all/{tickets[0].pk}/").content.decode()
    assert "Part of an incident:" in page
    assert Incident.objects.get().get_absolute_url() in page


# --- Where it goes ----------------------------------------------------------------------------------------------------


def leaving():
    return sorted(Outbox.objects.filter(kind="incident").values_list("payload__what", "state"))


def test_what_is_connected_hears_of_it_and_a_failure_is_tried_again(breaks, happening, ines):
    told, is_down = [], [True]

    def take(sender, incident, what, report, key, **_):
        if is_down[0]:
            raise ConnectionError("The tracker is down")
        told.append((what, report.splitlines()[0], key))

    incident_leaves.connect(take, weak=False, dispatch_uid="test")
    try:
        breaks(9)
        incident = Incident.objects.get()
        outbox.drain(now=NOW + dt.timedelta(hours=1))
        assert leaving() == [("raised", "failed")]
        is_down[0] = False
        with happening():
            incident.fix("Mended.", by=ines, at=timezone.now())
            incident.fix("Mended.", by=ines, at=timezone.now())
        outbox.drain(now=NOW + dt.timedelta(hours=3))
    finally:
        incident_leaves.disconnect(dispatch_uid="test")
    assert leaving() == [("fixed", "sent"), ("raised", "sent")]
    assert sorted(told) == [(what, f"# {incident.title}", f"incident-{incident.pk}-{what}") for what in ("fixed", "raised")]


def test_with_nothing_connected_nothing_is_owed(breaks):
    breaks(9)
    outbox.drain(now=NOW + dt.timedelta(hours=1))
    assert leaving() == [("raised", "skipped")]


# --- How it ends ------------------------------------------------------------------------------------------------------


def test_fixed_everybody_is_told_once_and_nothing_is_learned_of_it(breaks, happening, ines):
    tickets = breaks(8)
    incident, over = Incident.objects.get(), []
    incident_over.connect(lambda sender, incident_id, **_: over.append(incident_id), weak=False, dispatch_uid="test")
    text = "Syncing works again since half past ten, and what was waiting on your tablets goes out by itself."
    try:
        with happening():
            assert incident.fix(text, by=ines, at=NOW + dt.timedelta(hours=1))
    finally:
        incident_over.disconnect(dispatch_uid="test")
    with happening():
        assert not incident.fix("Again", by=ines, at=NOW + dt.timedelta(hours=2))
    incidents.tell(incident, at=NOW + dt.timedelta(hours=3))
    told = Message.objects.filter(author="agent", body=text)
    assert sorted(told.values_list("ticket", flat=True)) == [ticket.pk for ticket in tickets]
    assert set(told.values_list("user", flat=True)) == {ines.pk}
    assert not any(message.meta["teach"] for message in told)
    assert over == [incident.pk]
    for ticket in tickets:
        ticket.refresh_from_db()
        with happening():
            ticket.resolve(by=ines, at=NOW + dt.timedelta(hours=4))
    assert not LearnedResolution.objects.exists()
    assert "working on it" not in browser(tickets[0].customer).get(f"/questions/{tickets[0].pk}/").content.decode()


def test_a_private_ticket_stays_with_its_team_when_an_outsider_tells_of_the_fix(breaks, happening, ines):
    legal = make_team("Legal", is_private=True)
    tickets = breaks(8, ticket={"team": legal, "handler": "team"})
    with happening():
        Incident.objects.get().fix("It works again.", by=ines, at=NOW + dt.timedelta(hours=1))
    tickets[0].refresh_from_db()
    assert (tickets[0].assignee, tickets[0].team) == (None, legal)
    assert tickets[0].messages.filter(author="agent").count() == 1


def test_quiet_it_rests_and_a_late_report_wakes_it(breaks, happening):
    breaks(8)
    incident = Incident.objects.get()
    assert incidents.close_quiet(NOW + dt.timedelta(hours=2)) == 0
    assert incidents.close_quiet(NOW + dt.timedelta(hours=13)) == 1
    incident.refresh_from_db()
    assert (incident.state, incident.closed_at) == ("watching", incident.last_seen + dt.timedelta(hours=12))
    with happening():
        make_ticket(make_customer("Late"), SAID[0].format(n=9), at=NOW + dt.timedelta(hours=20))
    incident.refresh_from_db()
    assert (incident.state, incident.closed_at, Incident.objects.count()) == ("open", None, 1)


def test_dismissed_it_gathers_nothing_more(breaks, happening, ines):
    breaks(8)
    incident = Incident.objects.get()
    assert incident.dismiss(by=ines, at=NOW + dt.timedelta(hours=1))
    assert not incident.dismiss(by=ines, at=NOW + dt.timedelta(hours=1))
    assert Event.objects.filter(verb="incident.dismissed").count() == 1
    with happening():
        late = make_ticket(make_customer("Late"), SAID[0].format(n=9), at=NOW + dt.timedelta(hours=1))
    assert late.report.incident is None


# --- The pages --------------------------------------------------------------------------------------------------------


def test_an_agent_edits_the_notice_takes_a_ticket_out_and_marks_it_fixed(breaks, happening, ines):
    tickets = breaks(8)
    incident, client = Incident.objects.get(), browser(ines)
    here = incident.get_absolute_url()
    page = client.get(here).content.decode()
    assert "Reports an hour: at most" in page
    client.post(f"{here}notice/", {"title": "Sync is down", "public_text": "Syncing is slow today. We are on it."})
    assert "Syncing is slow today" in browser(tickets[1].customer).get("/ask/").content.decode()
    client.post(f"{here}tickets/{tickets[0].pk}/removal/")
    assert Report.objects.get(ticket=tickets[0]).incident is None
    assert client.post(f"{here}fix/", {"text": " "}).status_code == 422
    with happening():
        client.post(f"{here}fix/", {"text": "All well again."})
    incident.refresh_from_db()
    assert (incident.title, incident.state, incident.fixed_by) == ("Sync is down", "fixed", ines)
    assert not tickets[0].messages.filter(author="agent").exists()
    assert tickets[1].messages.filter(author="agent").count() == 1
    answer = client.get(f"{here}report.md")
    assert answer["Content-Type"].startswith("text/plain")
    assert answer.content.decode().startswith("# Sync is down")


def test_the_list_takes_as_many_queries_for_twenty_as_for_one(ines, django_assert_num_queries):
    client = browser(ines)

    def make(count):
        Incident.objects.bulk_create(
            [Incident(title=f"Incident {n}", first_seen=NOW, last_seen=NOW, raised_at=NOW, centre=np.full(384, 0.05)) for n in range(count)]
        )

    make(25)
    client.get("/incidents/")
    with django_assert_num_queries(7):  # session, agent, closed teams, what they have not seen, site settings, the page, how many are open
        page = client.get("/incidents/").content.decode()
    assert page.count('scope="row"') == 20
    older = client.get("/incidents/", {"before": Incident.objects.order_by("-pk")[19].pk}).content.decode()
    assert older.count('scope="row"') == 5
