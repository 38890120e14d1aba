"""Who a visitor is follows from what their site's server has signed. Whatever else says nothing, and gets nothing."""

import datetime as dt

import jwt
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from helpdesk.models import Customer, Site, Visit
from helpdesk.models.search import audiences_of
from helpdesk.models.sites import KEPT, TOKEN_LIFETIME
from helpdesk.widget import identity
from tests.factories import make_customer, make_ticket
from tests.widget.conftest import signed, unsigned

pytestmark = pytest.mark.django_db


class TestTokens:
    def test_a_new_customer_is_made_once(self, site, visit):
        token = signed(site, email="ada@client.example", email_verified=True, name="Ada Okonkwo")
        assert visit(identity=token)[1]["is_known"] and visit(identity=token)[1]["is_known"]
        ada = Customer.objects.get()
        assert (ada.name, ada.email, ada.external_id, ada.is_verified, ada.is_visitor) == (
            "Ada Okonkwo",
            "ada@client.example",
            "u-17",
            True,
            False,
        )

    def test_a_verified_address_finds_who_asked_before(self, site):
        ada = make_customer(email="ada@client.example")
        found = identity.customer_of(
            identity.read(signed(site, email="Ada@client.example", email_verified=True), site, at=timezone.now()), at=timezone.now()
        )
        assert found == ada and found.external_id == "u-17"

    @pytest.mark.parametrize("proof", [None, False, "true", 1])
    def test_an_address_that_the_site_has_not_verified_finds_nobody(self, site, proof):
        """Who signs up at the site with Ada's address must not read what Ada asked."""
        ada = make_customer(email="ada@client.example")
        found = identity.customer_of(
            identity.read(signed(site, email="ada@client.example", email_verified=proof), site, at=timezone.now()), at=timezone.now()
        )
        assert found != ada and found.email is None and Customer.objects.get(pk=ada.pk).external_id is None

    def test_the_number_goes_before_the_address(self, site):
        ada = make_customer(email="ada@client.example", external_id="u-17")
        mallory = make_customer("Mallory Finch", email="mallory@client.example", external_id="u-66")
        claims = identity.read(signed(site, email="mallory@client.example", email_verified=True), site, at=timezone.now())
        assert identity.customer_of(claims, at=timezone.now()) == ada
        claims = identity.read(signed(site, sub="u-99", email="mallory@client.example", email_verified=True), site, at=timezone.now())
        third = identity.customer_of(claims, at=timezone.now())
        assert third not in {ada, mallory} and third.email is None

    def test_both_secrets_are_good_while_the_server_changes_over(self, site):
        before = signed(site)
        site.rotate()
        assert (
            identity.read(before, site, at=timezone.now()).subject == identity.read(signed(site), site, at=timezone.now()).subject == "u-17"
        )
        site.rotate()
        with pytest.raises(identity.BadIdentity, match="not signed with this site"):
            identity.read(before, site, at=timezone.now())


def forged(site, how):
    other = Site.objects.create(name="Another app", origins=["https://other.example"])
    return {
        "unsigned": unsigned,
        "another key": lambda: signed(site, secret="x" * 64),
        "another site": lambda: signed(other),
        "run out": lambda: signed(site, lasting=dt.timedelta(minutes=-2)),
        "for a year": lambda: signed(site, lasting=dt.timedelta(days=365)),
        "without end": lambda: signed(site, exp=None),
        "no time": lambda: signed(site, exp="soon"),
        "nobody": lambda: signed(site, sub=None),
        "an empty name": lambda: signed(site, sub=" "),
        "a nul": lambda: signed(site, sub="u\x00"),
        "another algorithm": lambda: signed(site, algorithm="HS512"),
        "the key's own name": lambda: jwt.encode({"sub": "u-17", "exp": 9_999_999_999}, site.key * 4, algorithm="HS256"),
        "no address": lambda: signed(site, email="not an address", email_verified=True),
        "rubbish": lambda: "a.b.c",
        "half": lambda: signed(site)[:-10],
    }[how]()


@pytest.mark.parametrize("how", ["unsigned", "another key", "another site", "run out", "for a year", "without end", "no time", "nobody", "an empty name",
                                 "a nul", "another algorithm", "the key's own name", "no address", "rubbish", "half"])  # fmt: skip
def test_a_wrong_identity_is_a_stranger_and_the_site_is_told_why(site, visit, how):
    ada = make_customer(external_id="u-17")
    make_ticket(ada, "What Ada asked is nobody else's business")
    status, told = visit(identity=forged(site, how))
    assert status == 201 and not told["is_known"] and told["warning"].endswith(".")
    assert Visit.objects.get().customer is None and "Ada" not in told["warning"]


def test_a_token_of_many_kilobytes_is_refused(site, visit):
    assert visit(identity="x" * 5_000)[0] == 400


class TestVisits:
    def test_nobody_is_written_down_before_they_say_something(self, visit):
        status, told = visit()
        assert (status, told["is_known"], told["warning"], Customer.objects.count()) == (201, False, "", 0)
        opened = Visit.objects.get()
        assert opened.speaker(timezone.now()) == opened.speaker(timezone.now()) == Customer.objects.get()
        assert Visit.objects.get().speaker(timezone.now()) == Customer.objects.get()
        assert str(Customer.objects.get()) == "Visitor" and not opened.is_known

    def test_coming_back_with_the_key_is_the_same_visit(self, visit):
        key = visit()[1]["key"]
        status, told = visit(key=key)
        assert status == 200 and "key" not in told and Visit.objects.count() == 1

    def test_whoever_signs_out_leaves_nothing_behind(self, site, visit):
        key = visit(identity=signed(site))[1]["key"]
        status, told = visit(key=key)
        assert status == 201 and not told["is_known"] and told["key"] != key
        assert Visit.objects.standing(timezone.now()).get().customer is None

    def test_another_customer_in_the_same_browser_gets_a_visit_of_their_own(self, site, visit):
        key = visit(identity=signed(site))[1]["key"]
        assert visit(key=key, identity=signed(site))[0] == 200
        assert visit(key=key, identity=signed(site, sub="u-18"))[0] == 201
        assert Visit.objects.standing(timezone.now()).get().customer.external_id == "u-18"

    def test_a_key_is_good_on_its_own_site_only(self, visit):
        other = Site.objects.create(name="Another app")
        assert visit(key=visit()[1]["key"], of=other)[0] == 201

    def test_a_token_ends_soon_and_with_its_visit(self, site, visit):
        token, now = visit()[1]["token"], timezone.now()
        opened = Visit.objects.by_token(token, now)
        assert opened is not None
        assert Visit.objects.by_token(token + "x", now) is None and Visit.objects.by_token("", now) is None
        opened.end(now)
        assert Visit.objects.by_token(token, now) is None

    def test_a_token_that_has_run_out_is_worth_nothing(self, visit, monkeypatch):
        token = visit()[1]["token"]
        monkeypatch.setattr("helpdesk.models.sites.TOKEN_LIFETIME", -TOKEN_LIFETIME)
        assert Visit.objects.by_token(token, timezone.now()) is None

    def test_a_browser_that_stays_away_long_is_a_new_one(self, site, visit):
        key = visit()[1]["key"]
        Visit.objects.update(seen_at=timezone.now() - KEPT - dt.timedelta(days=1))
        assert visit(key=key)[0] == 201

    def test_a_site_that_was_switched_off_has_no_visits(self, site, visit):
        token = visit()[1]["token"]
        Site.objects.update(is_active=False)
        assert visit()[0] == 404 and Visit.objects.by_token(token, timezone.now()) is None

    @pytest.mark.parametrize("sent", ["", "[]", '{"site": 5}', '{"site": "nowhere"}', "{", '{"site": "a\\u0000b"}'])
    def test_nonsense_is_refused_in_words(self, client, sent):
        answer = client.post("/widget/visits/", sent, content_type="application/json")
        assert answer.status_code in {400, 404} and answer.json()["error"]["message"]


def test_a_visitor_reads_what_everybody_may_and_a_known_customer_more():
    visitor, known = Customer.objects.create(name="Visitor"), make_customer()
    assert audiences_of(visitor) == ["public"] and audiences_of(known) == ["public", "customers"]


def test_visitors_without_an_address_do_not_collide():
    one, two = (Customer.objects.create(name="Visitor", email="") for _ in range(2))
    assert one.email is None and two.email is None and not one.is_verified


@pytest.mark.parametrize(
    "origin",
    [
        "app.fieldnote.example",
        "https://app.fieldnote.example/",
        "https://App.example",
        "javascript:alert(1)",
        "https://a.example b",
        "*",
        "null",
    ],
)
def test_an_origin_is_a_scheme_and_a_host(site, origin):
    site.origins = [origin]
    with pytest.raises(ValidationError):
        site.full_clean()


@pytest.mark.parametrize("origin", ["https://app.fieldnote.example", "http://localhost:8000", "http://[::1]:8000"])
def test_origins_that_are_good(site, origin):
    site.origins = [origin]
    site.full_clean()


class TestLimits:
    def test_strangers_begin_only_so_many_at_one_address_and_customers_are_not_counted(self, site, visit, monkeypatch):
        monkeypatch.setattr("helpdesk.widget.views.PER_ORIGIN", 3)
        assert [visit()[0] for _ in range(4)] == [201, 201, 201, 429]
        assert visit(identity=signed(site))[0] == 201
        Visit.objects.update(created_at=timezone.now() - dt.timedelta(hours=2))
        code, found = visit()
        assert code == 201 and visit(key=found["key"])[0] == 200
        assert not Visit.objects.filter(origin__contains="127.0.0.1").exists()
