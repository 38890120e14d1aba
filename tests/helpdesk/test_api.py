"""The API: keys and scopes, one shape of error, repeated calls change nothing, and bad input is refused in words."""

import base64

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from helpdesk.models import ApiKey, Attachment, Message, Ticket
from tests.factories import make_admin, make_customer, make_team, make_ticket, make_user

pytestmark = pytest.mark.django_db
ALL = ["ask", "tickets:read", "tickets:write"]
OPENING = {"customer": {"email": "ada@client.example", "name": "Ada Okonkwo"}, "body": "How can a guest sign?"}


@pytest.fixture
def call(client):
    def make(scopes=ALL, by=None):
        key = ApiKey.issue(name="CRM", scopes=scopes, by=by or make_admin())[1]

        def call(method, path, data=None, **headers):
            headers = {"Authorization": f"Bearer {key}", **headers}
            return getattr(client, method)(f"/api/v1/{path}", data, content_type="application/json", headers=headers)

        return call

    return make


def test_a_ticket_is_opened_read_and_answered(call):
    api = call()
    opened = api("post", "tickets/", OPENING)
    assert opened.status_code == 201
    number = opened.json()["number"]
    assert opened.json()["customer"]["name"] == "Ada Okonkwo"
    assert api("get", f"tickets/{number}/").json()["subject"] == "How can a guest sign?"
    assert api("post", f"tickets/{number}/messages/", {"author": "agent", "body": "Choose **Add a guest**."}).status_code == 201
    said = api("get", f"tickets/{number}/messages/").json()["results"]
    assert [(message["author"], message["name"]) for message in said] == [("customer", "Ada Okonkwo"), ("agent", "Morgan Ellery")]


def test_files_are_listed_and_handed_out_to_who_may_read_the_message(call):
    private = make_team("Legal", is_private=True)
    ticket, put = make_ticket(), Attachment.put(SimpleUploadedFile("notes.txt", b"Guests sign on page 2."), by=(ines := make_user()))
    ticket.reply("See the file.", by=ines, attachments=[put.key])
    unsent = Attachment.put(SimpleUploadedFile("later.txt", b"Not yet."), by=ines)
    api = call()
    (told,) = api("get", f"tickets/{ticket.pk}/messages/").json()["results"][-1]["attachments"]
    assert told == {
        "key": put.key,
        "name": "notes.txt",
        "content_type": "application/octet-stream",
        "size": 22,
        "width": None,
        "height": None,
    }
    got = api("get", f"attachments/{put.key}/")
    assert b"".join(got.streaming_content) == b"Guests sign on page 2." and got["Content-Disposition"].startswith("attachment")
    assert [api("get", f"attachments/{key}/").status_code for key in (unsent.key, "nothing")] == [404, 404]
    Ticket.objects.filter(pk=ticket.pk).update(team=private)
    assert call(by=make_user("Nadia Haddad"))("get", f"attachments/{put.key}/").status_code == 404
    assert call(["tickets:write"])("get", f"attachments/{put.key}/").status_code == 403


def test_repeating_a_post_with_its_key_changes_nothing_more(call):
    api = call()
    first, second = (api("post", "tickets/", OPENING, **{"Idempotency-Key": "k1"}).json() for _ in range(2))
    assert first["number"] == second["number"]
    for _ in range(2):
        api("post", f"tickets/{first['number']}/messages/", {"body": "Hello?"}, **{"Idempotency-Key": "k2"})
    assert Message.objects.count() == 2


@pytest.mark.parametrize(
    ("header", "expected"),
    [("", 401), ("Bearer", 401), ("Bearer wsk_unknown", 401), ("Bearer  ", 401), ("Basic YTpi", 401), ("Bearer wsk_\xff", 401)],
)
def test_without_a_key_nothing_is_said(client, header, expected):
    response = client.get("/api/v1/tickets/", headers={"Authorization": header} if header else {})
    assert response.status_code == expected
    assert response.json()["error"]["code"] in {"not_authenticated", "authentication_failed"}


def test_a_revoked_key_and_a_key_of_somebody_who_left_are_worth_nothing(client):
    morgan = make_admin()
    revoked, left = ApiKey.issue(name="A", scopes=ALL, by=morgan), ApiKey.issue(name="B", scopes=ALL, by=make_user(is_active=False))
    revoked[0].revoke()
    for _, key in (revoked, left):
        assert client.get("/api/v1/tickets/", headers={"Authorization": f"Bearer {key}"}).status_code == 401
    assert ApiKey.objects.filter(key_hash=revoked[1]).count() == 0  # only a hash is kept


@pytest.mark.parametrize(
    ("scopes", "method", "expected"),
    [
        (["tickets:read"], "post", 403),
        (["tickets:write"], "get", 403),
        (["ask"], "get", 403),
        (["tickets:read"], "get", 200),
        (["tickets:read"], "delete", 405),
    ],
)
def test_scopes(call, scopes, method, expected):
    response = call(scopes)(method, "tickets/", OPENING if method == "post" else None)
    assert response.status_code == expected
    if expected != 200:
        assert response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "customer"),
        ({**OPENING, "body": ""}, "body"),
        ({**OPENING, "body": "\x00 "}, "body"),
        ({**OPENING, "body": "x" * 100_000}, "body"),
        ({**OPENING, "customer": {"email": "not an address"}}, "customer"),
        ([1, 2], "non_field_errors"),
    ],
)
def test_bad_input_is_refused_in_words(call, data, field):
    response = call()("post", "tickets/", data)
    assert response.status_code == 400
    assert field in response.json()["error"]["fields"]
    assert not Ticket.objects.exists()


def test_a_megabyte_is_too_large_and_broken_json_is_said(call, client):
    assert call()("post", "tickets/", {**OPENING, "body": "x" * 1_000_000}).status_code == 413
    key = ApiKey.issue(name="CRM", scopes=ALL, by=make_admin())[1]
    response = client.post("/api/v1/tickets/", "{nope", content_type="application/json", headers={"Authorization": f"Bearer {key}"})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "parse_error")


def test_nonsense_is_refused_in_the_one_shape_of_an_error(call, client):
    api = call()
    number = api("post", "tickets/", OPENING).json()["number"]
    deep = client.post(
        "/api/v1/ask",
        "[" * 100_000,
        content_type="application/json",
        headers={"Authorization": f"Bearer {ApiKey.issue(name='deep', scopes=ALL, by=make_admin())[1]}"},
    )
    junk = [base64.b64encode(each).decode() for each in (b"p=x", b"p=%00", b"p=-1", b"o=99999999999999999999&p=1")]
    answers = [
        deep,
        api("get", "tickets/?customer=%00"),
        *(api("get", f"tickets/{number}/messages/?cursor={cursor}") for cursor in junk[:3]),
        *(api("get", f"tickets/?cursor={cursor}") for cursor in junk[:3]),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert set(answer.json()["error"]) >= {"code", "message"}


def test_who_and_whose_cannot_be_assigned_from_outside(call):
    forged = {**OPENING, "state": "resolved", "number": 7, "assignee": 1, "organisation": 1, "handler": "team", "channel": "email"}
    ticket = Ticket.objects.get(pk=call()("post", "tickets/", forged).json()["number"])
    assert (ticket.state, ticket.handler, ticket.channel, ticket.assignee) == ("open", "assistant", "api", None)


def test_a_key_sees_what_its_maker_sees(call):
    legal = make_team("Legal", is_private=True)
    ticket = make_ticket(team=legal)
    outsider = call(by=make_user())
    assert outsider("get", f"tickets/{ticket.number}/").status_code == 404
    assert outsider("get", "tickets/").json()["results"] == []
    assert outsider("post", f"tickets/{ticket.number}/messages/", {"body": "Hi"}).status_code == 404
    assert call(by=make_user(teams=[legal]))("get", f"tickets/{ticket.number}/").status_code == 200


@pytest.mark.parametrize("rows", [5, 40])
def test_a_list_costs_the_same_for_any_number_of_rows(call, rows, django_assert_num_queries):
    api, ada = call(), make_customer()
    for _ in range(rows):
        make_ticket(ada)
    api("get", "tickets/")
    with django_assert_num_queries(2):  # the key with its maker; the tickets with whom they belong to
        assert len(api("get", "tickets/").json()["results"]) == rows


def test_pages_hold_every_ticket_once(call):
    api, ada = call(), make_customer()
    numbers = {make_ticket(ada).number for _ in range(120)}
    seen, url = [], "tickets/"
    while url:
        page = api("get", url).json()
        seen += [ticket["number"] for ticket in page["results"]]
        url = page["next"] and page["next"].split("/api/v1/")[1]
    assert len(seen) == 120 and set(seen) == numbers
    assert api("get", "tickets/?cursor=nonsense").status_code == 404


def test_the_documentation_is_there_and_names_every_call(client):
    assert client.get("/api/docs/").status_code == 200
    schema = client.get("/api/schema/?format=json").json()
    assert {"/api/v1/tickets/", "/api/v1/tickets/{number}/", "/api/v1/tickets/{number}/messages/"} <= set(schema["paths"])


def test_an_address_that_there_is_not_is_refused_in_the_same_shape(call, client):
    assert call()("get", "nope").json()["error"]["code"] == "not_found"
    assert client.get("/api/v2/").json()["error"]["code"] == "not_found"
    assert client.get("/nope").headers["Content-Type"].startswith("text/html")


def test_an_address_of_a_mailbox_that_is_too_long_is_said(call):
    long = {"question": "How can a guest sign?", "customer": {"email": f"{'a' * 300}@b.example"}}
    response = call()("post", "ask", long)
    assert response.status_code == 400 and "customer" in response.json()["error"]["fields"]
