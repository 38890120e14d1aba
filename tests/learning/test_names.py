"""What is taken for a name, and what is not: products that customers all write of, and German nouns."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpdesk.models import Event
from learning.models import LearnedResolution
from learning.resolutions import anonymous, names_left
from tests.factories import make_article, make_customer, make_organisation, make_ticket, make_user

pytestmark = pytest.mark.django_db

ACCOUNTS = ["Brightwater Utilities", "Serra Verde", "Northline Rail"]


@pytest.fixture
def written():
    """Tickets of customers of different accounts, with these words in each."""

    def write(text, accounts=3):
        for number, name in enumerate(ACCOUNTS[:accounts]):
            make_ticket(make_customer(f"Customer{number} Surname{number}", organisation=make_organisation(name)), text)

    return write


def test_a_product_that_several_accounts_write_of_stays(written):
    make_article("Pair a gauge", "Choose the gauge.")
    written("Our gauge is lost over Bluetooth, and Autodesk Revit models do not open")
    asked = "Why is the gauge lost over Bluetooth, and do Autodesk Revit models open?"
    assert anonymous(asked, []) == asked
    assert names_left("Open the Autodesk Revit models, then switch Bluetooth off.") == ""


def test_what_two_accounts_write_of_may_still_be_somebody(written):
    written("Benedikt Stoll cannot sign in", accounts=2)
    assert anonymous("Our foreman Benedikt asks: can it be locked?", []) == "Our foreman [name] asks: can it be locked?"
    assert names_left("Ask Benedikt Stoll for it.") == "It may name somebody: Benedikt Stoll"


def test_many_accounts_of_one_organisation_are_one(written):
    ours = make_organisation("Serra Verde")
    for number in range(4):
        make_ticket(make_customer(f"Customer{number} Surname{number}", organisation=ours), "Benedikt cannot sign in")
    assert "Benedikt" not in anonymous("Our foreman Benedikt asks", [])


def test_customers_colleagues_and_organisations_are_taken_out_however_many_write_of_them(written):
    written("Oswald of Northline told Tamsin that it fails")
    make_customer("Oswald Grint")
    make_user("Tamsin Reed")
    shown = anonymous("We heard from Oswald at Northline, and Tamsin says so", [])
    assert not {"Oswald", "Northline", "Tamsin"} & set(shown.replace(",", "").split())


def test_german_nouns_follow_an_article():
    assert names_left("Wählen Sie den Ordner. Einen Papierkorb gibt es dort nicht.") == ""
    asked = "Gibt es bei euch einen Papierkorb, und wo finde ich die alten Berichte?"
    assert anonymous(asked, []) == asked
    make_customer("Greta Papierkorb")
    assert "Papierkorb" not in anonymous(asked, [])
    assert names_left("Fragen Sie Benedikt Stoll.") == "It may name somebody: Benedikt Stoll"


def test_a_word_costs_the_same_however_many_tickets_have_it(written):
    def queries():
        with CaptureQueriesContext(connection) as told:
            anonymous("It is lost over Bluetooth", [])
        return len(told)

    written("It is lost over Bluetooth")
    few = queries()
    written("It is lost over Bluetooth")
    assert queries() == few


class TestShortReplies:
    def test_the_way_to_it_is_an_answer_however_short(self, solve, ada):
        solve(ada, answer="INES: beacons: **Project > Map > Beacons**.", teach=True)
        assert "Project > Map > Beacons" in LearnedResolution.objects.get().answer
        assert not Event.objects.filter(verb="resolution.passed_over").exists()

    def test_what_is_too_short_says_so_where_one_looks_for_it(self, solve, ada, ines, client):
        ticket = solve(ada, answer="Not in this version.", teach=True)
        assert not LearnedResolution.objects.exists()
        assert Event.objects.get(verb="resolution.passed_over").data["because"] == "too_short"
        client.force_login(ines, backend="django.contrib.auth.backends.ModelBackend")
        assert "it is too short to help anybody else" in client.get(f"/tickets/{ticket.pk}/", follow=True).content.decode()
        assert "Nothing learned from this ticket" in client.get(f"/tickets/{ticket.pk}/copilot/").content.decode()

    def test_what_was_not_to_be_taught_says_nothing(self, solve, ada):
        solve(ada, answer="Not in this version.", teach=False)
        assert not Event.objects.filter(verb="resolution.passed_over").exists()
