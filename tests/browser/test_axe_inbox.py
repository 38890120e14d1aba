"""axe-core finds nothing to complain of in the inbox, its search, its palette, and the pages where agents keep their desk; in the light, the dark, on a phone."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_axe import violations
from tests.factories import make_ticket, make_user

PAGES = ["/inbox/all/", "/inbox/views/", "/inbox/tags/", "/inbox/settings/", "/inbox/notifications/", "/inbox/batches/"]


@pytest.fixture(scope="module")
def desk(server):
    """(Ines, a ticket of hers) with something to see on each page."""

    def furnish():
        from helpdesk.models import SavedView, Tag, User

        ines = make_user()
        ticket = make_ticket(body="Isobar number one", handler="team")
        ticket.assign(to=User.objects.get(pk=ines.pk), by=make_user("Tom Aldridge"))
        ticket.tag(add=["billing"], by=ines)
        ticket.prioritise("urgent", by=ines)
        SavedView.objects.create(owner=ines, name="Mine about isobars", query="isobar is:open")
        assert Tag.objects.exists()
        return ines, ticket.pk

    return server.do(furnish)


@pytest.fixture(params=[("light", 1440, 900), ("dark", 1440, 900), ("light", 390, 844)], ids=["light", "dark", "phone"])
def page(request, server, browser, desk):
    scheme, width, height = request.param
    with browser.new_context(
        locale="en-GB", viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    ) as context:
        server.sign_in(context, agent=desk[0].email)
        yield context.new_page()


def test_nothing_is_complained_of(server, page, desk):
    _, number = desk
    found = {}
    for path in [*PAGES, f"/inbox/all/{number}/", "/inbox/everything/?q=isobar+is:nonsense", "/inbox/all/?q=nothing-like-it"]:
        page.goto(server.url(path))
        expect(page.locator("#main")).to_be_visible()
        found[path] = violations(page.main_frame)
    page.goto(server.url("/inbox/everything/?q=isobar"))
    page.locator(".row__pick").first.check(force=True)
    expect(page.locator("#bulk")).to_be_visible()
    found["selected"] = violations(page.main_frame)
    page.keyboard.press("Control+k")
    page.keyboard.type("isobar")
    expect(page.get_by_role("option", name="Isobar number one").first).to_be_visible()
    found["palette"] = violations(page.main_frame)
    assert {path: told for path, told in found.items() if told} == {}
