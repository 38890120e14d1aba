"""Every address of the product, for everybody who may come by. The table says who may; what is not in it fails, by name."""

import re

import pytest
from django.db import connection, transaction
from django.urls import URLResolver, get_resolver

from helpdesk.health import CHECKS
from helpdesk.models import Ticket, User
from helpdesk.ratings import rating_token
from tests.access import table
from tests.access.world import CAST, KEYS, NOTE, SECRET, make_world

pytestmark = pytest.mark.django_db  # says that there must be a database; `world` opens it

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
CLOSED = {"door", "no", "-"}
SIGN_INS = ("/accounts/login/", "/sign-in/", "/admin/login/")
AGENTS = {"agent", "outsider", "admin"}
ALLAUTH = ("account_", "mfa_", "socialaccount_", "openid_connect_", "/accounts/")
FEW = ("stranger", "admin")  # for methods that no page has
TOLD = {"owner", "sharer", "agent", "admin", "key"}  # who may read the conversation


def routes(resolver=None, name="", address="/"):
    """{name: address} of every URL pattern; an unnamed one goes by its address."""
    found = {}
    for each in (resolver or get_resolver()).url_patterns:
        whole = address + str(each.pattern)
        if isinstance(each, URLResolver):
            found |= routes(each, f"{name}{each.namespace}:" if each.namespace else name, whole)
        else:
            found[f"{name}{each.name}" if each.name else whole] = whole
    return found


def rows(text, cast):
    for line in filter(str.strip, text.splitlines()):
        route, method, *expected = line.split()
        expected = expected * len(cast) if len(expected) == 1 else expected
        assert len(expected) == len(cast), f"{route} {method}: {len(expected)} words for {len(cast)}"
        yield route, method, dict(zip(cast, expected, strict=True))


MATRIX: dict[str, dict[str, dict[str, str]]] = {}
for text, cast in ((table.PAGES, CAST), (table.ACCOUNTS, CAST), (table.WIDGET, CAST), (table.KEYS, KEYS)):
    for route, method, expected in rows(text, cast):
        MATRIX.setdefault(route, {})[method] = expected
ADMIN = sorted(name for name in routes() if name.startswith(("admin:", "/admin/")))


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Made once: each visit is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = make_world()
        world.before = world.state()
        yield world
        transaction.set_rollback(True)


def path_of(route, world, address=None):
    """The address of a route, its parameters filled in with what belongs to Ada's conversation; `route[thing]` with that thing."""
    name, _, thing = route.rstrip("]").partition("[")
    values = {
        "number": world.ticket.pk,
        "seq": 1,
        "pk": next((thing.pk for part, thing in world.parts.items() if part in name), world.decision.pk),
        "view": "all",
        "slug": thing or "permits",
        "token": rating_token(world.ticket) if thing == "mailed" else "x" * 43,
        "object_id": world.objects(name),
        "id": world.people["agent"].pk,
        "content_type_id": 1,
        "key": world.files[thing or "sent"] if name in ("attachments:file", "api:attachment") else "x-y",
        "uidb36": "1",
        "provider_id": "sso",
        "app_label": "helpdesk",
        "url": "nowhere/",
    }
    address = (address or routes()[name]).replace("^", "").replace("$", "").replace("\\", "")
    address = re.sub(r"\(\?P<(\w+)>(?:[^()[]|\[[^]]*\]|\([^()]*\))*\)", r"<\1>", address)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match[1]]), address)


def met(response):
    status = response.status_code
    if response.headers.get("HX-Redirect", "").startswith(SIGN_INS):
        return "door"
    if status in {301, 302, 303}:
        return "door" if response["Location"].startswith(SIGN_INS) else "go"
    words = {400: "bad", 413: "bad", 422: "bad", 401: "no", 403: "no", 404: "no", 405: "-"}
    return words.get(status, "yes" if 200 <= status < 300 else f"status {status}")


def writes():
    """Of rows, since the transaction began: where there were none, nothing need be compared."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables")
        return cursor.fetchone()[0]


def visit(world, who, method, path, **headers):
    """What they meet and read there, and whether anything has changed by it. Afterwards everything is as it was."""
    is_api = path.startswith("/api/")
    content_type = "application/json" if is_api else "application/x-www-form-urlencoded"
    with transaction.atomic():
        world.set_scene(who)
        wrote = writes()
        response = world.client(who).generic(method, path, b"{}" if is_api else b"", content_type=content_type, headers=headers)
        word, text = met(response), response.getvalue().decode(errors="replace")
        changed = word in CLOSED and writes() != wrote and world.state() != world.before
        transaction.set_rollback(True)
    return word, text, changed


def check_reading(who, word, text):
    if who not in TOLD or word in CLOSED:
        assert SECRET not in text, "a conversation of others shows"
    if who not in TOLD & (AGENTS | {"key"}) or word in CLOSED:
        assert NOTE not in text, "an internal note shows"


def test_every_address_is_in_the_table():
    known = {route.split("[")[0] for route in MATRIX} | set(ADMIN)
    assert not (new := set(routes()) - known), f"say in tests/access/table.py who may open: {', '.join(sorted(new))}"
    assert not (gone := known - set(routes())), (
        f"these addresses are gone, take them out of tests/access/table.py: {', '.join(sorted(gone))}"
    )


@pytest.mark.parametrize("route", MATRIX)
def test_everybody_meets_what_the_table_says(world, route, monkeypatch):
    """A method without a line is closed to everybody. Nobody who is turned away has read or changed anything."""
    monkeypatch.delitem(CHECKS, "worker")  # there is none in this process
    path, wrong = path_of(route, world), []
    cast = [*KEYS, "admin"] if route in dict.fromkeys(name for name, *_ in rows(table.KEYS, KEYS)) else [*CAST, "key"]
    accounts = route.startswith(ALLAUTH)  # a library's: its views take PUT as they take POST
    for method in METHODS[:2] if accounts else METHODS:
        for who in cast if method in {"GET", "POST", *MATRIX[route]} else FEW:
            expected = expected_of(route, method, who)
            word, text, changed = visit(world, who, method, path)
            if word != expected if expected else word not in CLOSED:
                wrong.append(f"{who} {method} {path}: {word}, not {expected or 'closed'}")
            if word in CLOSED and changed:
                wrong.append(f"{who} {method} {path}: turned away, yet something has changed")
            check_reading(who, word, text)
    assert not wrong, "\n".join(wrong)


def expected_of(route, method, who):
    """A key opens the API and nothing else; a session opens everything but the API."""
    lines = MATRIX[route].get(method, {})
    if who in lines or not lines:
        return lines.get(who)
    return lines["nobody"] if who in KEYS else "no"


@pytest.mark.parametrize(
    "route", [route for route in MATRIX if "GET" in MATRIX[route] and route.startswith(("inbox:", "assistant:", "portal:"))]
)
def test_a_fragment_is_guarded_like_its_page(world, route):
    path = path_of(route, world)
    for who, expected in MATRIX[route]["GET"].items():
        for target in ("thread", "results", "earlier"):
            word, text, _ = visit(
                world, who, "GET", path, **{"HX-Request": "true", "HX-Target": target, "HX-Current-URL": "http://testserver/"}
            )
            assert (word in CLOSED) == (expected in CLOSED), f"{who} gets {word} for #{target} of {path}"
            check_reading(who, word, text)


COOKIES = [route for route in MATRIX if "POST" in MATRIX[route] and "key" not in MATRIX[route]["POST"] and not route.startswith("widget:")]


@pytest.mark.parametrize("route", COOKIES)
def test_no_form_is_taken_without_its_token(world, route):
    for who in ("owner", "admin"):
        client = world.client(who)
        client.handler.enforce_csrf_checks = True
        assert client.post(path_of(route, world)).status_code == 403
    assert world.state() == world.before


@pytest.mark.parametrize("route", ADMIN)
def test_the_admin_is_for_admins(world, route):
    if route in {"admin:login", "admin:logout"}:
        return
    path = path_of(route, world)
    for who in ("nobody", "owner", "agent", "key", "admin"):
        for method in METHODS[:2]:
            word, text, changed = visit(world, who, method, path)
            if who == "admin":
                assert not word.startswith("status"), f"{method} {path}: {word}"  # it may refuse: the record cannot be changed
                continue
            assert word in CLOSED, f"{who} {method} {path}: {word}"
            assert not changed
            check_reading("nobody", word, text)


def test_a_stranger_cannot_tell_a_ticket_from_none(world):
    """Not by status, and not by a word of the page."""
    nowhere = 987_654_321
    for who in ("stranger", "outsider"):
        for address in ("/tickets/{}/", "/inbox/all/{}/", "/questions/{}/", "/tickets/{}/messages/"):
            (word, text, _), (other_word, other_text, _) = (
                visit(world, who, "GET", address.format(number)) for number in (world.ticket.pk, nowhere)
            )
            assert word == other_word
            assert mask(text, world.ticket.pk) == mask(other_text, nowhere)


def mask(page, number):
    """Without what differs each time a page is shown."""
    page = re.sub(r'nonce="[^"]*"|[A-Za-z0-9]{64}|[A-Za-z0-9_-]{22,24}(?:==)?', "", page)
    return re.sub(rf"(?<=/){number}(?=/)", "N", page)


def test_mail_is_shown_in_the_embedded_product_only(world, settings):
    settings.EMBEDDED = False
    for who in CAST:
        for route in ("portal:dev_mail", "portal:dev_mail_message"):
            assert visit(world, who, "GET", path_of(route, world))[0] == "no"


def test_nobody_makes_themselves_an_agent(world):
    before = User.objects.count()
    visited = world.client("nobody").post(
        "/accounts/signup/", {"email": "eve@evil.example", "password1": "long-enough-pw", "password2": "long-enough-pw"}
    )
    assert (visited.status_code, User.objects.count()) == (200, before)


def test_what_is_written_is_noticed(world):
    with transaction.atomic():
        before = writes()
        Ticket.objects.filter(pk=world.ticket.pk).update(priority="urgent")
        assert writes() == before + 1 and world.state() != world.before
        transaction.set_rollback(True)
