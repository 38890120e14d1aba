"""Nonsense and malice from outside: a clear refusal, or text that stays text on every page that shows it."""

from html.parser import HTMLParser

import pytest

from helpdesk import events, outbox
from helpdesk.models import ApiKey, ArticleFeedback, Customer, Event, Ticket
from tests.access.world import session_of
from tests.factories import make_admin, make_article, make_customer, make_organisation, make_ticket, make_user

pytestmark = pytest.mark.django_db(transaction=True)

HUGE = "x" * 1_000_000
EVIL = '<script>pwn()</script>"><img src=x onerror=pwn()><svg onload=pwn()> [go](javascript:pwn()) <a href="javascript:pwn()">x</a>'


@pytest.fixture
def as_(client):
    def be(person):
        client.cookies["sessionid"] = session_of(person)
        return client

    return be


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("/ask/", {"question": ""}, 422),
        ("/ask/", {"question": " \x00\n"}, 422),
        ("/ask/", {"question": HUGE}, 422),
        ("/sign-in/", {"email": "not an address"}, 422),
        ("/sign-in/", {"email": "a@b.example\nBcc: eve@evil.example"}, 422),
        ("/questions/{}/messages/", {"body": ""}, 422),
        ("/questions/{}/messages/", {"body": HUGE}, 422),
        ("/questions/{}/verdict/", {"verdict": "maybe"}, 400),
        ("/questions/{}/verdict/", {"verdict": "not_quite", "comment": HUGE}, 422),
        ("/questions/99999999/messages/", {"body": "Hello"}, 404),
        ("/questions/{}/verdict/", None, 405),
        ("/articles/guide/feedback/", None, 405),
    ],
)
def test_a_form_refuses_in_words(as_, path, data, status):
    make_article("Guide", slug="guide")
    ada = make_customer()
    ticket = make_ticket(ada)
    client, before = as_(ada), Event.objects.count()
    path = path.format(ticket.pk)
    response = client.get(path) if data is None else client.post(path, data) if "sign-in" not in path else type(client)().post(path, data)
    assert response.status_code == status
    assert Event.objects.count() == before


@pytest.mark.parametrize(
    ("method", "key", "body", "status"),
    [
        ("post", "good", {"question": "", "customer": {"email": "a@b.example"}}, 400),
        ("post", "good", {"question": "\x00", "customer": {"email": "a@b.example"}}, 400),
        ("post", "good", {"question": HUGE, "customer": {"email": "a@b.example"}}, 413),
        ("post", "good", {"question": "x" * 100_000, "customer": {"email": "a@b.example"}}, 400),
        ("post", "good", {"question": ["How?"], "customer": "Ada"}, 400),
        ("post", "good", {"question": "How?", "customer": {"email": "a@b.example"}, "ticket": 10**30}, 404),
        ("post", "unknown", {"question": "How?", "customer": {"email": "a@b.example"}}, 401),
        ("post", "", {"question": "How?", "customer": {"email": "a@b.example"}}, 401),
        ("get", "good", None, 405),
        ("delete", "good", None, 405),
    ],
)
def test_the_api_refuses_in_words(client, method, key, body, status):
    known = ApiKey.issue(name="CRM", scopes=["ask"], by=make_admin())[1]
    headers = {"Authorization": f"Bearer {known if key == 'good' else 'wsk_' + key}"} if key else {}
    response = getattr(client, method)("/api/v1/ask", body, content_type="application/json", headers=headers)
    assert response.status_code == status
    assert response.json()["error"]["message"]
    assert not Ticket.objects.exists()


class Danger(HTMLParser):
    """What a browser would run."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.found, self.inside = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.inside = tag if tag in {"script", "style"} else ""
        for name, value in attributes:
            runs = name.startswith("on") or (
                name in {"href", "src", "action", "formaction"} and (value or "").strip().lower().startswith("javascript:")
            )
            if runs and "pwn" in (value or ""):
                self.found.append(f"<{tag} {name}={value}>")

    def handle_data(self, data):
        if self.inside == "script" and "pwn" in data:
            self.found.append(f"<script>{data}")

    def handle_endtag(self, tag):
        self.inside = ""


def test_the_detector_sees_what_it_looks_for():
    assert len(Danger(EVIL).found) == 4


def test_scripts_stay_text_wherever_they_are_shown(as_, mailoutbox):
    brightwater = make_organisation(EVIL[:160])
    ada = make_customer("Ada", organisation=brightwater, title=EVIL[:120], traits={EVIL: EVIL})
    article = make_article("Guide", slug="guide")
    ines, morgan = make_user(), make_admin()
    Customer.objects.filter(pk=ada.pk).update(name=EVIL[:160])
    ticket = _write_everywhere(as_, ada, ines)
    article.feedback.create(helpful=False, comment=EVIL, reader="r")
    with events.inline():
        outbox.drain(now=Event.objects.last().at.replace(year=2100))
    pages = {
        ada: ["/questions/", f"/questions/{ticket.pk}/", "/ask/?q=" + EVIL, "/search/?q=" + EVIL],
        ines: ["/inbox/all/", f"/inbox/all/{ticket.pk}/", f"/inbox/all/?q={EVIL}", f"/tickets/{ticket.pk}/draft/"],
        morgan: [
            *("/admin/helpdesk/customer/", f"/admin/helpdesk/customer/{ada.pk}/change/", "/admin/helpdesk/organisation/"),
            *(
                "/admin/helpdesk/event/",
                "/admin/helpdesk/articlefeedback/",
                "/admin/helpdesk/outbox/",
                f"/admin/helpdesk/customer/?q={EVIL}",
            ),
        ],
    }
    shown = 0
    for person, paths in pages.items():
        for path in paths:
            response = as_(person).get(path)
            assert response.status_code == 200, path
            page = response.content.decode()
            assert not Danger(page).found, path
            shown += "pwn()" in page
    assert shown > 10  # it is there, as text
    assert any("pwn()" in mail.body for mail in mailoutbox)
    assert not any(Danger(html).found for mail in mailoutbox for html, _ in mail.alternatives)


def _write_everywhere(as_, ada, ines):
    """Every public form and the API, then the agents' forms."""
    with events.inline():
        client = as_(ada)
        client.post("/ask/", {"question": EVIL, "details": EVIL, "page": EVIL, "client_msg_id": "e1"})
        ticket = ada.tickets.get()
        client.post(f"/questions/{ticket.pk}/messages/", {"body": EVIL})
        client.post(f"/questions/{ticket.pk}/verdict/", {"verdict": "person", "comment": EVIL})
        client.post("/articles/guide/feedback/", {"verdict": "not_quite", "comment": EVIL})
        client = as_(ines)
        for kind in ("reply", "note"):
            assert client.post(f"/tickets/{ticket.pk}/messages/", {"body": EVIL, "kind": kind, "teach": "on"}).status_code == 302
        client.post(f"/tickets/{ticket.pk}/tags/", {"tag": EVIL})
        key = ApiKey.issue(name="CRM", scopes=["tickets:write"], by=make_admin())[1]
        claim = {"email": "eve@evil.example", "name": EVIL[:160]}
        context = {"page": EVIL, "title": EVIL, "error": EVIL, "locale": "<b>pwn()"}
        opened = client.post(
            "/api/v1/tickets/",
            {"customer": claim, "subject": EVIL[:200], "body": EVIL, "context": context},
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )
        assert opened.status_code == 201
    assert ArticleFeedback.objects.filter(comment__contains="pwn").exists()
    return ticket
