"""The dashboard in a browser: a period or a measure is exchanged in place, Back goes back, and without scripts they are links."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.factories import make_user
from tests.learning.test_dashboard import history

pytestmark = pytest.mark.browser


@pytest.fixture
def ines(server, page):
    ines = server.do(make_user)
    server.do(history, until=timezone.now().date())
    server.sign_in(page.context, agent=ines.email)
    return ines


def test_periods_and_measures_are_exchanged_in_place(server, page, ines):
    page.goto(server.url("/learning/"))
    expect(page.locator("#trend-title")).to_contain_text("than on day one")
    page.evaluate("document.body.dataset.kept = 'yes'")
    page.get_by_role("link", name="30 days").click()
    expect(page.get_by_role("navigation", name="Period").locator("[aria-current]")).to_have_text("30 days")
    page.get_by_role("link", name="Precision", exact=True).click()
    expect(page.locator("#trend-title")).to_contain_text("of its answers are right")
    assert page.evaluate("document.body.dataset.kept") == "yes"
    assert page.url.endswith("?days=30&chart=precision")
    page.go_back()
    expect(page.locator("#trend-title")).to_contain_text("than on day one")


def test_a_figure_leads_to_its_tickets(server, page, ines):
    page.goto(server.url("/learning/"))
    page.locator(".figure__value").first.click()
    expect(page.locator("h1")).to_have_text("Resolved")


def test_it_works_without_scripts(server, browser, ines, page):
    with browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state()) as context:
        plain = context.new_page()
        plain.goto(server.url("/learning/"))
        plain.get_by_role("link", name="60 days").click()
        plain.get_by_role("link", name="How they end").click()
        expect(plain.locator("#trend-title")).to_contain_text("need no person")
        plain.get_by_text("Show as a table").click()
        expect(plain.locator("#trend details table")).to_be_visible()


def test_nothing_runs_off_a_phone(server, page, ines):
    page.set_viewport_size({"width": 390, "height": 844})
    for slug in ("day-one", "endings", "calibration"):
        page.goto(server.url(f"/learning/?chart={slug}"))
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.evaluate("document.querySelector('#main').scrollWidth") <= 390
