"""Whatever others have written, an agent's browser shows it as text and runs none of it."""

import re
from html.parser import HTMLParser

import pytest

from helpdesk.models import Message
from tests.factories import make_customer, make_organisation, make_team, make_ticket, make_user

pytestmark = pytest.mark.django_db
NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg/onload=alert(3)>"


def test_text_of_others_is_text_everywhere(client):
    client.force_login(make_user())
    organisation = make_organisation(name=NASTY, plan=NASTY[:40], traits={NASTY: NASTY})
    ada = make_customer(NASTY, title=NASTY, external_id=NASTY, traits={NASTY: NASTY}, organisation=organisation)
    context = {"page": NASTY, "title": NASTY, "error": NASTY, "actions": [NASTY, {"label": NASTY, "detail": NASTY, "time": NASTY}]}
    ticket = make_ticket(ada, body=NASTY, subject=NASTY, tags=[NASTY[:40]], context=context)
    make_ticket(ada, body=NASTY)
    tom = make_user(NASTY)
    ticket.reply(f"{NASTY} [x](javascript:alert(4)) ![y](https://evil.example/p.gif)", by=tom)
    ticket.note(NASTY, by=tom)
    ticket.assign(to=tom, team=make_team(NASTY[:70], slug="nasty"), by=tom)
    ticket.answer(
        NASTY, meta={"kind": "clarify", "options": [{"title": NASTY}], "citations": [{"n": NASTY, "title": NASTY, "path": NASTY}]}
    )
    Message.objects.filter(ticket=ticket, author="customer").update(html=NASTY)  # a row that came in by another way
    reply = {"body": NASTY, "kind": "reply", "client_msg_id": "m1", "seen_seq": 0}
    answers = [
        client.get(f"/inbox/all/{ticket.pk}/").content.decode(),
        client.get("/inbox/everything/", {"q": NASTY}).content.decode(),
        client.post(f"/tickets/{ticket.pk}/messages/", reply).content.decode(),
    ]
    for page in answers:
        assert found_in(page, dangers) == []


def found_in(page, check):
    """What `check(tag, attributes)` finds in a page, read as a browser reads it."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.extend(check(tag, dict(attributes)))
    parser.feed(page)
    return found


def dangers(tag, attributes):
    if tag == "img" or (tag == "script" and not attributes.get("src")):
        yield tag
    for name, value in attributes.items():
        if name.startswith("on") or (
            name in {"href", "src", "action", "hx-get", "hx-post"} and not re.match(r"[/#?]|mailto:|https?://testserver/", value)
        ):
            yield f"{tag} {name}={value}"
