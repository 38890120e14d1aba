"""Views that agents keep and share, and tags under one name."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpdesk import inbox
from helpdesk.models import Batch, SavedView, Tag, Ticket
from tests.factories import make_admin, make_team, make_ticket, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ines(client):
    agent = make_user()
    client.force_login(agent)
    return agent


def with_team(body="Where is the invoice?", **fields):
    return make_ticket(body=body, handler="team", **fields)


def numbers(response):
    return {int(number) for number in re.findall(r'id="row-(\d+)"', response.content.decode())}


class TestViews:
    def test_one_is_kept_listed_with_its_count_searched_in_and_edited(self, client, ines):
        invoice, refund = with_team(tags=["billing"]), with_team("A refund, please", tags=["billing"])
        with_team("Something else")
        made = client.post("/inbox/views/", {"name": "Money", "query": "is:open tag:billing", "audience": "private"})
        saved = SavedView.objects.get()
        assert made["Location"] == f"/inbox/v{saved.pk}/"
        page = client.get(f"/inbox/v{saved.pk}/")
        assert numbers(page) == {invoice.pk, refund.pk}
        assert re.search(r'Money</span><span class="count">2<', page.content.decode())
        assert numbers(client.get(f"/inbox/v{saved.pk}/", {"q": "refund"})) == {refund.pk}
        assert client.get(f"/inbox/v{saved.pk}/{refund.pk}/").status_code == 200
        client.post(f"/inbox/views/{saved.pk}/", {"name": "Refunds", "query": "refund", "audience": "private"})
        assert numbers(client.get(f"/inbox/v{saved.pk}/")) == {refund.pk}
        client.delete(f"/inbox/views/{saved.pk}/")
        assert client.get(f"/inbox/v{saved.pk}/").status_code == 404
        assert Ticket.objects.count() == 3

    def test_who_sees_and_who_edits(self, client, ines):
        billing = make_team("Billing")
        tom, rosa, morgan = make_user("Tom Aldridge", teams=[billing]), make_user("Rosa Weber"), make_admin()
        ines.teams.add(billing)
        kept = {audience: SavedView.objects.create(owner=ines, name=audience, audience=audience, team=billing if audience == "team" else None)
                for audience in ["private", "team", "everybody"]}  # fmt: skip

        def seen(agent):
            return {view.name for view in inbox.saved_views(agent)}

        assert [seen(agent) for agent in (ines, tom, rosa)] == [{"private", "team", "everybody"}, {"team", "everybody"}, {"everybody"}]
        assert "private" not in seen(morgan)
        client.force_login(tom)
        assert [client.get(f"/inbox/{view.slug}/").status_code for view in kept.values()] == [404, 200, 200]
        assert [client.post(f"/inbox/views/{view.pk}/", {"_method": "delete"}).status_code for view in kept.values()] == [404, 404, 404]
        client.force_login(morgan)
        assert client.post(f"/inbox/views/{kept['everybody'].pk}/", {"_method": "delete"}).status_code == 302

    def test_a_view_of_a_team_one_is_not_in_and_filters_that_mean_nothing_are_refused(self, client, ines):
        ines.teams.add(make_team("Mine"))
        refused = client.post("/inbox/views/", {"name": "X", "query": "", "audience": "team", "team": make_team("Theirs").pk})
        assert refused.status_code == 422
        refused = client.post("/inbox/views/", {"name": "X", "query": "is:nonsense", "audience": "private"})
        assert (refused.status_code, "means nothing here" in refused.content.decode()) == (422, True)
        assert not SavedView.objects.exists()

    def test_the_order_is_each_agents_own(self, client, ines):
        first, second = (SavedView.objects.create(owner=ines, name=name, audience="everybody") for name in ("first", "second"))
        client.post(f"/inbox/views/{second.pk}/place/", {"move": "up"})
        ines.refresh_from_db()
        assert [view.name for view in inbox.saved_views(ines)] == ["second", "first"]
        assert [view.name for view in inbox.saved_views(make_user("Tom Aldridge"))] == ["first", "second"]
        client.post(f"/inbox/views/{first.pk}/place/", {"move": "down"})  # it is at the end already

    def test_the_page_costs_the_same_with_many(self, client, ines):
        def cost(number):
            while SavedView.objects.count() < number:
                SavedView.objects.create(owner=ines, name=f"View {SavedView.objects.count()}", query="tag:billing")
            with CaptureQueriesContext(connection) as queries:
                client.get("/inbox/all/")
            return len(queries)

        client.get("/inbox/all/")
        assert cost(2) == cost(20)


class TestTags:
    def test_those_that_exist_are_offered(self, client, ines):
        with_team(tags=["billing"]).tag(add=["Big Bill", "sso"], by=ines)
        assert client.get("/inbox/tags/names/?q=bil").json() == {"tags": ["billing", "big-bill"]}
        assert client.get("/inbox/tags/names/").json()["tags"] == ["big-bill", "billing", "sso"]

    def test_renamed_and_merged_everywhere_with_an_event_each_and_taken_back(self, client, ines):
        one, both = with_team(tags=["billing"]), with_team(tags=["billing", "money"])
        hidden = with_team(team=make_team("Legal", is_private=True), tags=["billing"])
        view = SavedView.objects.create(owner=ines, name="Money", query="is:open tag:billing -tag:spam")
        client.post(f"/inbox/tags/{Tag.objects.get(name='billing').pk}/", {"name": "Money"})
        batch = Batch.objects.get()
        batch.run()
        assert [Ticket.objects.get(pk=ticket.pk).tags for ticket in (one, both, hidden)] == [["money"]] * 3
        assert [ticket.events.filter(verb="ticket.tagged").count() for ticket in (one, both)] == [1, 1]
        view.refresh_from_db()
        assert view.query == "is:open tag:money -tag:spam"
        assert list(Tag.objects.values_list("name", flat=True)) == ["money"]
        batch.ask_undo()
        batch.run()
        assert [Ticket.objects.get(pk=ticket.pk).tags for ticket in (one, both)] == [["billing"], ["billing", "money"]]
