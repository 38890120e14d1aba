"""Agents are told of what others did in their tickets: in the product, and in one mail of what they have not seen."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk import notifying
from helpdesk.models import AgentSettings, Event, Notification, Outbox
from helpdesk.models.notifications import grouped, is_quiet, unread_count
from tests.factories import make_article, make_customer, make_team, make_ticket, make_user

pytestmark = pytest.mark.django_db
LATER = dt.timedelta(minutes=11)


@pytest.fixture
def ines(client):
    agent = make_user()
    client.force_login(agent)
    return agent


@pytest.fixture
def tom():
    return make_user("Tom Aldridge")


def tell_all():
    """What the consumer does with each event."""
    for event in Event.objects.select_related("ticket__team").order_by("pk"):
        notifying.tell(event)


def kinds(user):
    return list(Notification.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


def given_to(user, by, **fields):
    ticket = make_ticket(handler="team", **fields)
    ticket.assign(to=user, by=by)
    return ticket


class TestWhoIsTold:
    def test_of_a_ticket_given_to_them_and_of_what_the_customer_does_in_it(self, ines, tom):
        ticket = given_to(ines, tom)
        ticket.say("Still sideways", customer=ticket.customer)
        ticket.resolve(by=tom)
        ticket.say("It came back", customer=ticket.customer)
        tell_all()
        tell_all()  # an event may be consumed twice
        assert kinds(ines) == ["assigned", "wrote", "reopened", "wrote"]
        assert kinds(tom) == []

    def test_never_of_ones_own_doing(self, ines):
        ticket = given_to(ines, ines)
        ticket.resolve(by=ines)
        ticket.reopen(by=ines)
        tell_all()
        assert kinds(ines) == []

    def test_a_team_that_takes_its_tickets_itself(self, ines, tom):
        team = make_team("Billing")
        team.members.set([ines, tom])
        make_ticket(handler="team").assign(team=team, by=tom)
        tell_all()
        assert (kinds(ines), kinds(tom)) == (["team"], [])

    def test_nobody_is_told_of_what_they_may_not_see(self, ines, tom):
        legal = make_team("Legal", is_private=True)
        tom.teams.add(legal)
        ticket = make_ticket(handler="team", team=legal)
        Event.record("message.noted", by=tom, at=timezone.now(), ticket=ticket, mentions=[ines.pk, tom.pk])
        tell_all()
        assert kinds(ines) == []
        visible = given_to(ines, tom)
        tell_all()
        visible.assign(team=legal, by=tom)
        assert (kinds(ines), unread_count(ines)) == (["assigned"], 0)

    def test_nor_of_imported_history_nor_of_a_kind_they_do_not_want(self, ines, tom):
        given_to(ines, tom, at=timezone.now())
        Event.objects.update(at=timezone.now() - dt.timedelta(days=3))
        tell_all()
        assert kinds(ines) == []
        AgentSettings.of(ines).keep(silent_kinds=["assigned"])
        given_to(ines, tom)
        tell_all()
        assert kinds(ines) == []


class TestTheBell:
    def test_counts_tickets_and_one_line_holds_all_that_is_new_in_one(self, client, ines, tom):
        ticket, other = given_to(ines, tom, body="Photos are sideways"), given_to(ines, tom, body="An invoice")
        for n in range(3):
            ticket.say(f"And {n}", customer=ticket.customer)
        tell_all()
        page = client.get("/inbox/notifications/").content.decode()
        assert '<span class="count" data-urgent>2<' in page
        assert "The customer wrote, and 3 more" in page
        assert [(line.ticket.pk, line.number) for line in grouped(ines)] == [(ticket.pk, 4), (other.pk, 1)]

    def test_reading_the_ticket_clears_it(self, client, ines, tom):
        ticket, other = given_to(ines, tom), given_to(ines, tom)
        tell_all()
        client.get(f"/inbox/all/{ticket.pk}/")
        assert [line.ticket.pk for line in grouped(ines, only_unread=True)] == [other.pk]
        client.post("/inbox/notifications/")
        assert unread_count(ines) == 0

    def test_many_lines_cost_as_many_queries_as_few(self, client, ines, tom):
        def cost(number):
            while Notification.objects.count() < number:
                given_to(ines, tom)
                tell_all()
            with CaptureQueriesContext(connection) as queries:
                client.get("/inbox/notifications/")
            return len(queries)

        client.get("/inbox/notifications/")
        assert cost(3) == cost(12)


class TestMail:
    def test_one_digest_of_what_was_not_seen_and_not_again(self, ines, tom):
        ticket, seen = given_to(ines, tom, body="Photos are <b>sideways</b>"), given_to(ines, tom, body="Seen")
        tell_all()
        Notification.clear(ines, seen)
        now = timezone.now()
        assert notifying.mail_digests(at=now) == 0  # they may be reading it now
        assert notifying.mail_digests(at=now + LATER) == 1
        mail = Outbox.objects.get(to=ines.email)
        assert mail.payload["subject"] == "1 ticket with something new"
        assert f"/tickets/{ticket.pk}/" in mail.payload["text"]
        assert "&lt;b&gt;sideways" in mail.payload["html"]
        assert notifying.mail_digests(at=now + dt.timedelta(hours=3)) == 0

    def test_at_most_every_hour_or_day_or_never(self, ines, tom):
        given_to(ines, tom)
        tell_all()
        now = timezone.now() + LATER
        assert notifying.mail_digests(at=now) == 1
        given_to(ines, tom)
        tell_all()
        Notification.objects.filter(mailed_at=None).update(at=now)
        assert notifying.mail_digests(at=now + dt.timedelta(minutes=30)) == 0
        ines.settings.refresh_from_db()
        ines.settings.keep(digest="daily")
        assert notifying.mail_digests(at=now + dt.timedelta(hours=2)) == 0
        ines.settings.keep(digest="never")
        assert notifying.mail_digests(at=now + dt.timedelta(days=2)) == 0
        ines.settings.keep(digest="hourly")
        assert notifying.mail_digests(at=now + dt.timedelta(days=2)) == 1

    def test_not_of_kinds_they_want_no_mail_of_and_not_in_quiet_hours(self, ines, tom):
        given_to(ines, tom)
        tell_all()
        chosen = AgentSettings.of(ines)
        now = timezone.now().replace(hour=3) + dt.timedelta(days=1)
        chosen.keep(quiet_from=dt.time(22), quiet_to=dt.time(7))
        assert notifying.mail_digests(at=now) == 0
        assert notifying.mail_digests(at=now.replace(hour=8)) == 1
        given_to(ines, tom)
        tell_all()
        chosen.refresh_from_db()
        chosen.keep(quiet_from=None, quiet_to=None, unmailed_kinds=["assigned"])
        assert notifying.mail_digests(at=now + dt.timedelta(days=2)) == 0

    @pytest.mark.parametrize(
        ("start", "end", "zone", "hour", "quiet"),
        [(22, 7, "UTC", 23, True), (22, 7, "UTC", 6, True), (22, 7, "UTC", 7, False), (12, 14, "UTC", 13, True), (12, 14, "UTC", 14, False),
         (22, 7, "Asia/Tokyo", 20, True), (22, 7, "Asia/Tokyo", 23, False), (5, 5, "UTC", 5, False)],
    )  # fmt: skip
    def test_quiet_hours_are_where_they_are(self, start, end, zone, hour, quiet):
        chosen = AgentSettings(quiet_from=dt.time(start), quiet_to=dt.time(end), time_zone=zone)
        assert is_quiet(chosen, dt.datetime(2026, 11, 30, hour, tzinfo=dt.UTC)) == quiet


class TestSettings:
    def test_are_kept_and_what_makes_no_sense_is_refused(self, client, ines):
        sent = {"density": "compact", "digest": "daily", "told": ["assigned"], "mailed": [], "quiet_from": "22:00", "quiet_to": "07:00",
                "time_zone": "Europe/Berlin"}  # fmt: skip
        assert client.post("/inbox/settings/", sent).status_code == 302
        chosen = AgentSettings.objects.get(user=ines)
        assert (chosen.density, chosen.digest, chosen.silent_kinds) == ("compact", "daily", ["wrote", "reopened", "mentioned", "team"])
        assert len(chosen.unmailed_kinds) == 5
        assert 'data-density="compact"' in client.get("/inbox/all/").content.decode()
        for wrong in ({"quiet_to": ""}, {"time_zone": "Mars/Base"}, {"density": "huge"}, {"told": ["everything"]}):
            assert client.post("/inbox/settings/", {**sent, **wrong}).status_code == 422


class TestPalette:
    def test_finds_tickets_customers_and_articles_and_nothing_hidden(self, client, ines):
        ticket = make_ticket(make_customer("Zenobia Amara", email="zen@client.example"), body="Turnstile stuck")
        make_ticket(body="Turnstile confidential", handler="team", team=make_team("Legal", is_private=True))
        make_article("Repair a turnstile")
        found = client.get("/inbox/palette/", {"q": "turnstile"}, headers={"HX-Request": "true"}).content.decode()
        assert f"/inbox/everything/{ticket.pk}/" in found
        assert "Repair a turnstile" in found
        assert "confidential" not in found
        for words in ["zenob", "zen@client.example", "amara zen"]:
            assert "Zenobia Amara" in client.get("/inbox/palette/", {"q": words}).content.decode()
        for odd in ["'", "' | x", "\\", ":*", "", "(((", "é"]:
            assert client.get("/inbox/palette/", {"q": odd}).status_code == 200
