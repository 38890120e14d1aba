"""Incidents in words: what customers read of one, what the bug report knows, and what the second of two agents is told."""

import datetime as dt

import numpy as np
import pytest
from django.utils import timezone

from helpdesk.models import Message, Ticket
from learning import bugreport, incidents, timeline
from learning.models import Incident, Report
from learning.models.incident import NOTICE
from tests.factories import make_user
from tests.learning.test_incidents import NOW, afresh, breaks, browser, history  # noqa: F401  (fixtures among them)
from tests.ui.reading import complaints

pytestmark = pytest.mark.django_db


def test_customers_read_what_it_is_about_but_nobody_s_name(breaks):  # noqa: F811
    tickets = breaks(8)
    incident = Incident.objects.get()
    assert any(f"We know about “{ticket.subject}” and are working on it." in incident.public_text for ticket in tickets)
    page = browser(tickets[0].customer).get(f"/questions/{tickets[0].pk}/").content.decode()
    assert incident.public_text.partition("” ")[2] in page


def test_a_subject_that_names_somebody_is_not_shown_to_the_others(breaks):  # noqa: F811
    breaks(8)
    rows = list(Report.objects.filter(incident__isnull=False).select_related("ticket__customer", "ticket__organisation"))
    for row in rows:
        row.ticket.subject = f"{row.ticket.customer.name} cannot sync, call 0171 555 0182"
    told = incidents._notice(rows, incidents.usual(NOW))
    assert "Customer" not in told and "0171" not in told and "We know about “503, error" in told
    assert incidents._notice([], incidents.usual(NOW)) == NOTICE


def test_the_notice_stands_above_the_question_and_below_an_answer(breaks):  # noqa: F811
    tickets = breaks(8)
    incident = Incident.objects.get()
    client, here = browser(tickets[0].customer), f"/questions/{tickets[0].pk}/"
    page = client.get(here).content.decode()
    assert page.index("incident-notice") < page.rindex(tickets[0].messages.first().body)
    tickets[0].refresh_from_db()
    Ticket.objects.filter(pk=tickets[0].pk).update(handler="assistant")
    tickets[0].refresh_from_db()
    tickets[0].answer("Here is what helps.", meta={"kind": "answer"}, at=NOW)
    page = client.get(here).content.decode()
    assert page.count("incident-notice") == 1 and page.index("Here is what helps.") < page.index("incident-notice")
    assert incident.public_text


def test_the_bug_report_knows_errors_in_sentences_and_the_apps_of_most(breaks):  # noqa: F811
    tickets = breaks(8)
    said = [
        "We get 502 Bad Gateway",
        "a 502 bad gateway since nine",
        "Bad gateway (502)",
        "HTTP status code 502",
        "service unavailable: 503",
    ]
    for text, ticket in zip(said, tickets, strict=False):
        Message.objects.filter(ticket=ticket, seq=1).update(body=text)
    for number, ticket in enumerate(tickets):
        ticket.customer.traits = {"app_version": "6.14.2", "platform": "iOS" if number < 4 else "Android", "seats": 9, "system": [number]}
        ticket.customer.save()
    incident = Incident.objects.get()
    bugreport.refresh(incident, incidents.usual(NOW))
    assert dict(incident.report["errors"])["error 502"] == 4
    assert incident.report["apps"] == [("app version 6.14.2", 8)]
    assert "- **Apps**: app version 6.14.2 (8)" in bugreport.markdown(incident)


@pytest.mark.parametrize("text", ["404 people wrote", "we have 502 seats", "row 5000 not found", "order 503 was delivered"])
def test_a_number_is_no_error(text):
    assert bugreport._errors({}, text) == set()


def test_who_marks_it_as_fixed_second_is_told_and_keeps_the_text(breaks, happening, ines):  # noqa: F811
    tickets = breaks(8)
    incident, client = Incident.objects.get(), browser(ines)
    here, rosa = incident.get_absolute_url(), make_user("Rosa Weber")
    with happening():
        assert browser(rosa).post(f"{here}fix/", {"text": "Rosa’s words."}).status_code == 302
        answer = client.post(f"{here}fix/", {"text": "Inês’s words."})
    page = answer.content.decode()
    assert answer.status_code == 409 and "Rosa Weber has marked it as fixed meanwhile" in page and "Inês’s words.</textarea>" in page
    assert complaints(page) == []
    assert tickets[0].messages.filter(author="agent").get().body == "Rosa’s words."
    assert browser(rosa).post(f"{here}fix/", {"text": "Rosa’s words."}).status_code == 302, "pressed twice"


@pytest.mark.parametrize(("hours", "most"), [(0.5, 6), (13, 8), (40, 8), (200, 8)])
def test_the_axis_has_times_at_sensible_steps_and_each_day_its_date(hours, most):
    last = NOW.replace(hour=21, minute=10)
    incident = Incident(
        title="Sync", first_seen=last - dt.timedelta(hours=hours), last_seen=last, raised_at=last, centre=np.full(384, 0.05)
    )
    incident.save()
    chart = timeline.chart(incident)
    assert 3 <= len(chart.ticks) <= most
    days = {timezone.localtime(bar.at).date() for bar in chart.bars}
    dated = [tick for tick in chart.ticks if "," in tick.text]
    assert 1 <= len(dated) <= len(days) and "," in chart.ticks[0].text
    assert {tick.text[-2:] for tick in chart.ticks} == {"00"}
    gaps = {round(other.x - one.x, 1) for one, other in zip(chart.ticks, chart.ticks[1:], strict=False)}
    assert max(gaps) - min(gaps) < 0.2
