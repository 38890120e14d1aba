"""When people are in, and how long they usually take."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from hypothesis import given
from hypothesis import strategies as st

from helpdesk import office
from helpdesk.models import SiteSettings
from tests.factories import make_ticket, make_user

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = office.Hours(frozenset(range(5)), dt.time(9), dt.time(17, 30), BERLIN)


def at(day, time, zone=BERLIN):
    """A day of the week of 16 November 2026, a Monday."""
    hour, minute = map(int, time.split(":"))
    return dt.datetime(2026, 11, 16 + day, hour, minute, tzinfo=zone)


@pytest.mark.parametrize(
    ("day", "time", "is_open"), [(0, "8:59", False), (0, "9:00", True), (4, "17:29", True), (4, "17:30", False), (5, "12:00", False)]
)
def test_open_from_nine_to_half_past_five_on_working_days(day, time, is_open):
    assert WEEK.is_open(at(day, time)) is is_open


def test_hours_are_those_of_the_office_and_not_of_the_server():
    assert WEEK.is_open(at(0, "8:30", ZoneInfo("UTC"))) and not WEEK.is_open(at(0, "16:45", ZoneInfo("UTC")))


@given(st.datetimes(min_value=dt.datetime(2020, 1, 1), max_value=dt.datetime(2035, 1, 1), timezones=st.just(dt.UTC)))
def test_when_it_is_closed_it_opens_within_a_week_and_is_open_then(now):
    opening = WEEK.next_opening(now)
    assert now < opening <= now + dt.timedelta(days=7, hours=2) and WEEK.is_open(opening)


def test_an_office_that_never_opens_says_nothing_of_hours():
    assert office.Hours(frozenset(), dt.time(9), dt.time(17), BERLIN).next_opening(at(0, "9:00")) is None


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(1, "5 minutes"), (7, "10 minutes"), (22, "30 minutes"), (55, "an hour"), (70, "1.5 hours"), (170, "3 hours"), (1500, "2 days")],
)
def test_a_wait_is_rounded_up_and_said_in_words(minutes, said):
    assert office.in_words(dt.timedelta(minutes=minutes)) == said


@pytest.mark.django_db
class TestExpected:
    def test_at_night_it_says_when_people_are_back(self):
        SiteSettings.load()
        cache.clear()
        assert office.expected(at(4, "22:00", dt.UTC)) == "Nobody is in just now. We are back on Monday at 09:00"
        assert office.expected(at(1, "06:00", dt.UTC)) == "Nobody is in just now. We are back today at 09:00"

    def test_in_office_hours_it_says_what_was_usual_lately_once_that_is_known(self):
        now, ines = at(2, "12:00", dt.UTC), make_user()
        cache.clear()
        assert office.expected(now) == "A person answers within one working day"
        cache.clear()
        for minutes in range(10, 10 + office.ENOUGH):
            ticket = make_ticket(at=now - dt.timedelta(hours=5))
            ticket.hand_off(reason="test", at=now - dt.timedelta(hours=5))
            ticket.note("Looking.", by=ines, at=now - dt.timedelta(hours=5) + dt.timedelta(minutes=1))
            ticket.reply("Done.", by=ines, at=now - dt.timedelta(hours=5) + dt.timedelta(minutes=minutes))
        assert office.expected(now) == "A person usually answers within 20 minutes"

    def test_who_is_handed_over_in_a_chat_reads_what_its_window_says(self):
        night = at(4, "22:00", dt.UTC)
        chat, question = make_ticket(channel="chat", at=night), make_ticket(channel="portal", at=night)
        assert office.promise(chat, night) == "Nobody is in just now. We are back on Monday at 09:00."
        assert office.promise(question, night) == "A person will answer within one working day."
