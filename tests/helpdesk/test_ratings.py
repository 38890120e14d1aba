"""How a customer found it: in the portal and from the mail. Ada asked, Ines answered; Mallory is a stranger."""

import datetime as dt
import threading

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from helpdesk import events, outbox
from helpdesk.models import Event, Outbox, Rating, SiteSettings
from helpdesk.ratings import rating_token
from tests.factories import make_customer, make_organisation, make_ticket, make_user
from tests.helpdesk.test_portal import EVIL, address, browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return make_customer(organisation=make_organisation())


@pytest.fixture
def solved(ada):
    ticket, ines = make_ticket(ada), make_user()
    ticket.reply("Add a guest under Signatures, that takes no seat.", by=ines)
    ticket.resolve(by=ines)
    return ticket


def rated():
    return list(Event.objects.filter(verb="ticket.rated").order_by("pk").values_list("data__score", "data__comment"))


class TestTheVerb:
    def test_the_last_word_counts_and_the_same_again_says_nothing(self, ada, solved):
        for score, comment in ((2, ""), (2, ""), (5, ""), (5, "Quick"), (5, "Quick"), (5, "")):
            solved.rate(customer=ada, score=score, comment=comment)
        rating = Rating.objects.get()
        assert (rating.score, rating.comment) == (5, "Quick")
        assert rated() == [(2, ""), (5, ""), (5, "Quick")]

    def test_only_whoever_asked_and_only_when_it_is_over(self, ada, solved):
        assert solved.rate(customer=make_customer("Bo Lindqvist", organisation=ada.organisation), score=5) is None
        solved.reopen(customer=ada)
        assert solved.rate(customer=ada, score=5) is None
        assert rated() == []

    @pytest.mark.parametrize("score", [0, 6, -1])
    def test_one_to_five(self, ada, solved, score):
        with pytest.raises(ValidationError):
            solved.rate(customer=ada, score=score)


class TestInThePortal:
    def test_five_faces_then_a_line(self, ada, solved):
        client = browser(ada)
        page = client.get(address(solved)).content.decode()
        assert "How did you find our help?" in page
        assert page.count('name="score"') == 5
        client.post(address(solved, "rating/"), {"score": "4"})
        assert "Thank you. You found it:" in client.get(address(solved)).content.decode()
        client.post(address(solved, "rating/"), {"score": "4", "comment": EVIL[0]})
        page = client.get(address(solved)).content.decode()
        assert EVIL[0] not in page and "&lt;script&gt;" in page
        assert rated() == [(4, ""), (4, EVIL[0])]

    def test_not_while_it_is_open(self, ada):
        assert "How did you find our help?" not in browser(ada).get(address(make_ticket(ada))).content.decode()

    @pytest.mark.parametrize("score", ["", "0", "6", "५", "1.0", "9" * 40])
    def test_nonsense_is_refused_in_words(self, ada, solved, score):
        response = browser(ada).post(address(solved, "rating/"), {"score": score})
        assert response.status_code == 422
        assert "Choose one of the five." in response.content.decode()

    def test_what_was_written_too_long_is_still_there(self, ada, solved):
        client = browser(ada)
        client.post(address(solved, "rating/"), {"score": "5"})
        response = client.post(address(solved, "rating/"), {"score": "5", "comment": "y" * 2_001})
        assert response.status_code == 422
        assert "y" * 2_001 in response.content.decode()


class TestByMail:
    def link(self, ticket):
        return f"/rate/{rating_token(ticket)}/"

    def test_looking_changes_nothing_and_sending_needs_no_sign_in(self, solved):
        client = browser()
        page = client.get(f"{self.link(solved)}?score=4").content.decode()
        assert 'value="4" aria-pressed="true"' in page
        assert not Rating.objects.exists()
        assert client.post(self.link(solved), {"score": "4"}).status_code == 302
        assert Rating.objects.get().score == 4
        assert solved.subject not in page, "who finds the mail learns nothing"

    @pytest.mark.parametrize("spoil", [lambda token: token[:-2], lambda token: token + "x", lambda token: "x" * 43, lambda token: "1:2:3"])
    def test_a_spoilt_link_is_none(self, solved, spoil):
        assert browser().get(f"/rate/{spoil(rating_token(solved))}/").status_code == 404

    def test_a_link_is_good_for_a_month(self, solved, monkeypatch):
        link = self.link(solved)
        later = timezone.now() + dt.timedelta(days=31)
        monkeypatch.setattr("django.core.signing.time.time", later.timestamp)
        assert browser().post(link, {"score": "5"}).status_code == 404
        assert not Rating.objects.exists()

    def test_a_ticket_that_is_open_again_says_so(self, ada, solved):
        solved.reopen(customer=ada)
        assert "open again" in browser().get(self.link(solved)).content.decode()


class TestTheMail:
    @pytest.fixture
    def mailed(self):
        """What is sent when all of it has become due."""

        def send():
            mail.outbox.clear()
            outbox.drain(now=timezone.now() + dt.timedelta(hours=25))
            return [each for each in mail.outbox if "How did we do" in each.subject]

        return send

    @pytest.fixture
    def closed(self, ada, django_capture_on_commit_callbacks):
        def make(by_people=True):
            ines = make_user()
            with events.inline(), django_capture_on_commit_callbacks(execute=True):
                ticket = make_ticket(ada)
                ticket.reply("Add a guest under Signatures.", by=ines)
                ticket.resolve(by=ines) if by_people else ticket.solved(customer=ada)
            return ticket

        return make

    def test_a_day_after_people_solved_it(self, closed, mailed):
        ticket = closed()
        row = Outbox.objects.get(kind="rating_mail")
        assert dt.timedelta(hours=23) < row.next_at - timezone.now() < dt.timedelta(hours=25)
        [asked] = mailed()
        assert f"/rate/{rating_token(ticket).split(':')[0]}" in asked.body
        assert mailed() == []

    def test_not_who_has_said_that_it_is_solved(self, closed):
        closed(by_people=False)
        assert not Outbox.objects.filter(kind="rating_mail").exists()

    def test_not_when_it_was_rated_or_opened_again_meanwhile(self, ada, closed, mailed):
        closed().rate(customer=ada, score=5)
        closed().reopen(customer=ada)
        assert mailed() == []

    def test_nobody_is_asked_twice_in_a_fortnight(self, closed, mailed):
        closed()
        assert len(mailed()) == 1
        closed()
        assert mailed() == []

    def test_an_admin_may_turn_it_off(self, closed):
        SiteSettings.objects.update_or_create(pk=1, defaults={"asks_rating": False})
        closed()
        assert not Outbox.objects.filter(kind="rating_mail").exists()


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_are_one_rating():
    ada = make_customer()
    ticket = make_ticket(ada)
    ticket.resolve(by=make_user())
    start = threading.Barrier(4)

    def click():
        start.wait()
        try:
            type(ticket).objects.get(pk=ticket.pk).rate(customer=ada, score=4)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Rating.objects.count() == 1
    assert rated() == [(4, "")]
