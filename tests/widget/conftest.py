"""Fieldnote's own web app carries the widget; its server signs who is in front of it."""

import base64
import datetime as dt
import json

import jwt
import pytest
from django.utils import timezone

QUESTION = "How do I add a guest to a permit?"


class Widget:
    """The frame, as far as the server sees it."""

    def __init__(self, client, site, identity=""):
        self.client = client
        begun = client.post("/widget/visits/", {"site": site.key, "identity": identity}, content_type="application/json").json()
        self.token = begun["token"]

    def call(self, method, path, data=None, token=None):
        headers = {"Authorization": f"Visit {self.token if token is None else token}"}
        body = {"data": data or {}, "content_type": "application/json"} if method != "get" else {"data": data or {}}
        answer = getattr(self.client, method)(f"/widget/conversations/{path}", headers=headers, **body)
        return answer.status_code, answer.json() if answer.content else {}

    def ask(self, text=QUESTION, key="m-1", **place):
        return self.call("post", "", {"text": text, "client_msg_id": key, **({"place": place} if place else {})})

    def say(self, number, text, key="m-2", **more):
        return self.call("post", f"{number}/messages/", {"text": text, "client_msg_id": key, **more})


@pytest.fixture
def site(db):
    from helpdesk.models import Site

    return Site.objects.create(name="Fieldnote app", origins=["https://app.fieldnote.example"])


def signed(site, *, secret="", algorithm="HS256", lasting=dt.timedelta(minutes=10), **claims):
    """What the site's server would sign; a claim of None is left out."""
    told = {"sub": "u-17", "exp": int((timezone.now() + lasting).timestamp()), **claims}
    return jwt.encode({name: value for name, value in told.items() if value is not None}, secret or site.secret, algorithm=algorithm)


def unsigned(**claims):
    """The old trick: a token that says of itself that it needs no signature."""
    parts = [{"alg": "none", "typ": "JWT"}, {"sub": "u-17", "exp": int(timezone.now().timestamp()) + 600, **claims}]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


@pytest.fixture
def visit(client, site):
    """`visit()` opens the widget and returns (status, answer)."""

    def begin(key="", identity="", of=site):
        answer = client.post("/widget/visits/", {"site": of.key, "key": key, "identity": identity}, content_type="application/json")
        return answer.status_code, answer.json()

    return begin


@pytest.fixture
def widget(client, site):
    def opened(**claims):
        return Widget(client, site, signed(site, **claims) if claims else "")

    return opened
