"""A conversation through the widget: Ada, whom the site vouches for, somebody unknown, and Mallory who should see none of it."""

import datetime as dt

import pytest
from django.utils import timezone

from helpdesk import profile
from helpdesk.events import inline
from helpdesk.models import Customer, Event, Message, Outbox, Site, Ticket, Visit
from helpdesk.models.sites import TOKEN_LIFETIME
from helpdesk.search.index import index_source, outline
from learning.models import Incident, Report
from tests.factories import make_article, make_customer, make_ticket, make_user
from tests.widget.conftest import QUESTION

pytestmark = pytest.mark.django_db


class TestTalking:
    def test_somebody_unknown_asks_and_is_a_visitor_from_the_first_word_on(self, widget):
        there = widget()
        assert there.call("get", "") == (200, {"conversations": []}) and not Customer.objects.exists()
        code, found = there.ask()
        assert code == 201 and Customer.objects.get().is_visitor
        assert [(each["seq"], each["author"], each["is_mine"]) for each in found["messages"]] == [(1, "customer", True)]
        assert Ticket.objects.get().channel == "chat"
        assert there.call("get", "")[1]["conversations"][0]["number"] == found["number"]

    def test_what_was_sent_twice_was_said_once(self, widget):
        there = widget(sub="u-17")
        number = there.ask()[1]["number"]
        assert there.ask()[1]["number"] == number and Ticket.objects.count() == 1
        first, again = there.say(number, "It is permit 12."), there.say(number, "It is permit 12.")
        assert first[1]["messages"] == again[1]["messages"] and Message.objects.count() == 2
        assert first[1]["messages"][0]["client_msg_id"] == "m-2"

    def test_only_what_is_new_is_fetched_and_never_a_note(self, widget):
        there, ines = widget(sub="u-17"), make_user("Inês Carvalho")
        number = there.ask()[1]["number"]
        ticket = Ticket.objects.get()
        ticket.note("He is always like that.", by=ines)
        ticket.reply("Open the permit and choose **Guests**.", by=ines)
        code, found = there.call("get", f"{number}/", {"after": 1})
        assert code == 200 and [each["author"] for each in found["messages"]] == ["agent"]
        assert found["helper"] == "Inês Carvalho" and "<strong>Guests</strong>" in found["messages"][0]["html"]
        assert "always like that" not in str(found)
        assert there.call("get", f"{number}/", {"after": found["messages"][0]["seq"]})[1]["messages"] == []

    def test_where_they_are_goes_with_it_without_what_follows_the_question_mark(self, widget):
        actions = [{"kind": "click", "what": "Invite", "selector": "#invite", "at": "2026-11-23T10:00:00Z"}]
        there = widget(sub="u-17")
        where = {
            "page": "/permits/new?token=abc#x",
            "title": "New permit",
            "viewport": "1280x900",
            "actions": actions,
            "password": "hunter2",
        }
        assert there.ask(**where)[0] == 201
        context = Ticket.objects.get().context
        assert (context["page"], context["title"], context["viewport"]) == ("/permits/new", "New permit", "1280x900")
        assert context["actions"] == [{"kind": "click", "what": "Invite", "selector": "#invite", "at": "2026-11-23T10:00:00+00:00"}]
        assert "hunter2" not in str(context)

    def test_a_verdict_and_a_rating_are_the_portals(self, widget, ada_asked):
        there, ticket = ada_asked
        ticket.answer("Open the permit and choose Guests.", meta={"kind": "answer"})
        code, found = there.call("get", f"{ticket.pk}/")
        assert found["judged"] == 2 and not found["is_pending"]
        assert there.call("post", f"{ticket.pk}/verdict/", {"verdict": "solved", "answer": 2})[1]["is_resolved"]
        assert there.call("post", f"{ticket.pk}/rating/", {"score": 5})[0] == 200
        assert Event.objects.filter(verb="ticket.solved").count() == Event.objects.filter(verb="ticket.rated").count() == 1
        assert there.call("post", f"{ticket.pk}/verdict/", {"verdict": "solved", "answer": 2})[0] == 200
        assert Event.objects.filter(verb="ticket.solved").count() == 1

    def test_one_of_several_is_picked_and_nothing_that_was_not_offered(self, widget, ada_asked):
        there, ticket = ada_asked
        ticket.answer(
            "Which one?", meta={"kind": "clarify", "options": [{"source": 7, "title": "Guests"}, {"source": 8, "title": "Seats"}]}
        )
        assert there.call("get", f"{ticket.pk}/")[1]["messages"][-1]["options"][1] == {"source": 8, "title": "Seats"}
        assert there.say(ticket.pk, "", option="9")[0] == 400
        assert there.say(ticket.pk, "", key="pick", option="8")[0] == 201
        assert there.say(ticket.pk, "", key="pick", option="8")[0] == 201
        assert Message.objects.filter(ticket=ticket, body="Seats", meta__option=8).count() == 1

    def test_what_was_read_is_read(self, widget, ada_asked):
        there, ticket = ada_asked
        ticket.reply("Open the permit.", by=make_user())
        assert there.call("get", "")[1]["conversations"][0]["is_unread"]
        assert there.call("post", f"{ticket.pk}/reading/")[0] == 204
        assert not there.call("get", "")[1]["conversations"][0]["is_unread"]


@pytest.fixture
def ada_asked(widget):
    there = widget(sub="u-17", name="Ada Okonkwo")
    number = there.ask()[1]["number"]
    return there, Ticket.objects.get(pk=number)


class TestDoors:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("get", ""),
            ("post", ""),
            *(
                (m, f"NUMBER/{p}")
                for m, p in [
                    ("get", ""),
                    ("get", "messages/2/why/"),
                    ("get", "messages/2/others/"),
                    ("post", "messages/"),
                    ("post", "verdict/"),
                    ("post", "rating/"),
                    ("post", "reading/"),
                ]
            ),
        ],
    )
    def test_nobody_without_a_visit_and_nobody_elses(self, client, site, widget, ada_asked, method, path):
        _, ticket = ada_asked
        mallory, path = widget(sub="mallory"), path.replace("NUMBER", str(ticket.pk))
        assert mallory.call(method, path, token="x" * 60)[0] == 401
        if path:
            valid = {"text": "Hello", "client_msg_id": "x", "verdict": "solved", "score": 1}
            assert mallory.call(method, path, valid if method == "post" else None)[0] == 404
            client.force_login(make_user())
            assert client.get(f"/widget/conversations/{ticket.pk}/").status_code == 401, "no cookie is read"
        ticket.refresh_from_db()
        assert ticket.last_seq == 1 and not ticket.is_resolved

    def test_a_token_runs_out_and_a_visit_that_is_over_has_none(self, ada_asked, monkeypatch):
        there, ticket = ada_asked
        Visit.objects.get().end(timezone.now())
        assert there.call("get", f"{ticket.pk}/")[0] == 401
        Visit.objects.update(ended_at=None)
        assert there.call("get", f"{ticket.pk}/")[0] == 200
        Site.objects.update(is_active=False)
        assert there.call("get", f"{ticket.pk}/")[0] == 401
        Site.objects.update(is_active=True)
        monkeypatch.setattr("helpdesk.models.sites.TOKEN_LIFETIME", dt.timedelta(seconds=-1))
        assert there.call("get", f"{ticket.pk}/")[0] == 401
        assert dt.timedelta(minutes=1) < TOKEN_LIFETIME

    def test_a_colleagues_questions_stay_in_the_portal(self, widget, ada_asked):
        there, ticket = ada_asked
        ada = ticket.customer
        other = make_ticket(make_customer("Bo Lind"), QUESTION)
        type(other.customer).objects.filter(pk=other.customer_id).update(organisation=ada.organisation)
        assert there.call("get", f"{other.pk}/")[0] == 404


class TestHostile:
    @pytest.mark.parametrize("text", ["", "   ", "\x00", "x" * 20_001, {"a": 1}, None, ["x"]])
    def test_what_is_no_text_is_refused_and_opens_nothing(self, widget, text):
        there = widget(sub="u-17")
        code, found = there.ask(text)
        assert code == 400 and found["error"]["message"]
        assert not Ticket.objects.exists()

    def test_script_in_every_field_is_shown_as_words(self, widget):
        evil = "<img src=x onerror=alert(1)>"
        there = widget(sub="u-17", name=evil)
        code, found = there.ask(evil, key=evil, page=evil, title=evil, actions=[{"kind": "click", "what": evil}])
        assert code == 201 and "<img" not in found["messages"][0]["html"]

    @pytest.mark.parametrize(
        "place",
        [
            {"actions": [{"kind": "click"}] * 21},
            {"actions": [{"kind": "c", "what": "x" * 81}]},
            {"page": "/" + "x" * 500},
            {"actions": "all"},
            {"title": ["x"]},
        ],
    )
    def test_a_trail_has_an_end(self, widget, place):
        there = widget(sub="u-17")
        assert there.ask(**place)[0] == 400

    def test_a_flood_is_stopped_and_nothing_of_it_is_lost_that_was_taken(self, widget, ada_asked):
        there, ticket = ada_asked
        codes = [there.say(ticket.pk, f"Hello {number}", key=f"f-{number}")[0] for number in range(25)]
        assert codes[:19] == [201] * 19 and set(codes[19:]) == {429}
        assert Message.objects.filter(ticket=ticket).count() == 20
        Message.objects.update(at=timezone.now() - dt.timedelta(minutes=2))
        assert there.say(ticket.pk, "Are you there?", key="later")[0] == 201


class TestBeforeAnybodyAsks:
    def home(self, widget, **place):
        client, token = widget.client, widget.token
        answer = client.post("/widget/home/", place, content_type="application/json", headers={"Authorization": f"Visit {token}"})
        return answer.status_code, answer.json()

    def test_articles_about_the_page_and_what_went_wrong_on_it(self, widget):
        for title, body in {
            "Sign a permit as a guest": "A guest signs on your screen.",
            "Change the plan you pay for": "Under billing.",
        }.items():
            article = make_article(title, body)
            index_source(article.source, outline(title, body))
        code, told = self.home(widget(), page="/permits/12", title="Permits", error="The guest could not sign the permit")
        assert code == 200 and [each["title"] for each in told["articles"]][:1] == ["Sign a permit as a guest"]
        assert told["articles"][0]["url"].startswith("/") and told["expected"]

    def test_a_page_that_says_nothing_of_itself_gets_no_articles(self, widget):
        assert self.home(widget())[1]["articles"] == []

    def test_an_article_for_agents_is_not_suggested(self, widget):
        article = make_article("Sign a permit as a guest", "A guest signs on your screen.", audience="agents")
        index_source(article.source, outline(article.title, article.body))
        assert self.home(widget(), title="Sign a permit as a guest")[1]["articles"] == []

    def test_whoever_an_incident_has_reached_reads_its_notice(self, widget):
        there = widget(sub="u-17", name="Ada Okonkwo")
        there.ask()
        ticket = Ticket.objects.get()
        now = timezone.now()
        incident = Incident.objects.create(
            title="Exports fail", state=Incident.State.OPEN, raised_at=now, last_seen=now, first_seen=now, centre=[1.0] + [0.0] * 383
        )
        Report.objects.update_or_create(
            ticket=ticket, defaults={"incident": incident, "at": now, "vector": [1.0] + [0.0] * 383, "is_known": True}
        )
        assert self.home(there)[1]["notice"] == incident.public_text
        assert self.home(widget())[1]["notice"] == ""


class TestProduct:
    def test_what_the_site_says_of_the_product_is_kept_as_plain_words(self, widget):
        widget(sub="u-17").ask(page="/permits", product={"plan": "Business", "seats": 12, "flags": ["sso", "api"], "trial": False})
        assert Ticket.objects.get().context["product"] == {"plan": "Business", "seats": 12, "flags": ["sso", "api"], "trial": False}

    @pytest.mark.parametrize(
        ("product", "kept"),
        [
            ({"a": {"b": 1}, "c": None, "d": "x" * 500}, {"d": "x" * 79 + "…"}),
            ({f"k{n}": n for n in range(30)}, {f"k{n}": n for n in range(20)}),
            (["x"], {}),
        ],
    )
    def test_what_is_not_plain_is_left_out_and_the_question_is_not_lost(self, widget, product, kept):
        code, _ = widget(sub="u-17").ask(product=product)
        assert code == 201 and Ticket.objects.get().context.get("product", {}) == kept


def test_an_agent_reads_the_trail_in_words(widget):
    at = timezone.now()
    steps = [
        {"kind": "click", "what": "New permit", "at": at.isoformat()},
        {"kind": "page", "what": "Permits"},
        {"kind": "request", "what": "POST /api/permits 409"},
        {"kind": "track:exported", "what": "Monthly report"},
    ]
    widget(sub="u-17").ask(page="/permits/new", title="New permit", actions=steps, error="Cannot read properties of undefined")
    trail = profile.trail(Ticket.objects.get())
    assert [(step.what, step.detail, step.is_error) for step in trail] == [
        ("Pressed “New permit”", "", False),
        ("Opened Permits", "", False),
        ("A request was refused", "POST /api/permits 409", True),
        ("Monthly report", "", False),
        ("Saw an error", "Cannot read properties of undefined", True),
        ("New permit", "/permits/new", False),
        ("Asked the question", "", False),
    ]
    assert trail[0].time == f"{timezone.localtime(at):%H:%M}"


def test_an_agent_sees_that_they_are_there_and_where(widget):
    widget(sub="u-17").ask()
    visit = Visit.objects.get()
    visit.moved("/permits/12", timezone.now())
    assert profile.here(visit.customer).page == "/permits/12"
    Visit.objects.update(seen_at=timezone.now() - dt.timedelta(minutes=2))
    assert profile.here(visit.customer) is None


class TestWhenTheyHaveGone:
    """Somebody unknown leaves an address in a chat; Tom answers when they have gone."""

    @pytest.fixture
    def asked(self, widget):
        there = widget()
        there.ask()
        ticket = Ticket.objects.get()
        ticket.hand_off(reason="test")
        there.call("post", f"{ticket.pk}/address/", {"email": "Ada@Brightwater.example", "name": "Ada"})
        return there, Ticket.objects.get(pk=ticket.pk)

    def test_the_reply_goes_to_the_address_and_proves_nothing(self, asked, django_capture_on_commit_callbacks):
        there, ticket = asked
        assert (ticket.customer.name, ticket.customer.email, ticket.customer.is_visitor) == ("Ada", None, True)
        with inline(), django_capture_on_commit_callbacks(execute=True):
            ticket.reply("Choose **Add a guest**.", by=make_user("Tom Aldridge"))
        (mail,) = Outbox.objects.filter(kind="reply_mail")
        assert mail.to == "ada@brightwater.example"
        assert there.call("get", f"{ticket.pk}/")[1]["address"] == "ada@brightwater.example"

    @pytest.mark.parametrize("email", ["", "no address", "a@b", "x" * 260 + "@example.com"])
    def test_what_is_no_address_is_refused(self, widget, email):
        there = widget()
        there.ask()
        number = Ticket.objects.get().pk
        assert there.call("post", f"{number}/address/", {"email": email})[0] == 400

    def test_whoever_the_site_vouches_for_keeps_theirs(self, widget):
        there = widget(sub="u-17", email="ada@brightwater.example", email_verified=True)
        there.ask()
        number = Ticket.objects.get().pk
        there.call("post", f"{number}/address/", {"email": "mallory@elsewhere.example"})
        assert Customer.objects.get().address == "ada@brightwater.example"

    def test_a_copy_goes_to_a_proven_address_only(self, asked, widget):
        there, ticket = asked
        assert there.call("post", f"{ticket.pk}/transcript/")[0] == 400
        known = widget(sub="u-17", email="bo@brightwater.example", email_verified=True)
        _, told = known.ask("What does Bo want to know?")
        mine = Ticket.objects.get(pk=told["number"])
        mine.note("He is on the old plan.", by=make_user())
        for _ in range(2):
            assert known.call("post", f"{mine.pk}/transcript/")[0] == 204
        (copy,) = Outbox.objects.filter(kind="mail", to="bo@brightwater.example")
        assert "What does Bo want to know?" in copy.payload["text"] and "old plan" not in str(copy.payload)

    def test_who_proves_the_address_has_the_conversation_and_the_browser_that_typed_it_has_nothing(self, asked):
        there, ticket = asked
        ada = make_customer(email="ada@brightwater.example")
        secret = make_ticket(ada, body="Our contract ends in May.")
        assert ada.adopt_visitors(at=timezone.now()) == 1 and ada.adopt_visitors(at=timezone.now()) == 0
        assert set(Ticket.objects.visible_to(ada)) == {ticket, secret}
        assert there.call("get", f"{secret.pk}/")[0] == 401 and there.call("get", f"{ticket.pk}/")[0] == 401
