"""The pretend product as its users meet it: signed in by its own server, with faults of its own, and the widget on every page."""

import json
import subprocess
import sys
import urllib.request

import pytest
from playwright.sync_api import expect

from config import ports, pretend, product
from config.processes import wait_until
from tests.browser.test_first_loop import make_help_centre
from tests.factories import make_customer, make_organisation

pytestmark = pytest.mark.usefixtures("day_one")

CUSTOMERS = {"priya": "priya@northline-rail.example", "mateus": "mateus@serraverde.example"}


def furnish(port):
    """What `make demo` has loaded, as far as these tests need it."""
    from helpdesk.models import Customer, Site

    make_help_centre()
    for name, email in CUSTOMERS.items():
        if not Customer.objects.with_email(email):
            make_customer(name.title(), email=email, organisation=make_organisation(name))
    origins = [f"http://{name}:{port}" for name in ("localhost", "127.0.0.1")]
    site, _ = Site.objects.update_or_create(name="Fieldnote web app", defaults={"origins": origins})
    return {"key": site.key, "secret": site.secret}


def latest(of):
    """(number, context, how many questions they have) of a customer."""
    from helpdesk.models import Customer, Ticket

    tickets = Ticket.objects.filter(customer=Customer.objects.with_email(of)).order_by("pk")
    last = tickets.last()
    return last.pk, last.context, tickets.count()


@pytest.fixture(scope="module")
def fieldnote(server, tmp_path_factory):
    port, folder = ports.free(), tmp_path_factory.mktemp("pretend")
    (folder / pretend.KEPT_IN).write_text(json.dumps(server.do(furnish, port)))
    command = [sys.executable, "-m", "config.pretend", str(port), server.url("").rstrip("/")]
    running = subprocess.Popen(command, cwd=product.ROOT, env={**server.environ, "DATA_DIR": str(folder)})
    wait_until(lambda: ports.taken(port), what="The pretend product", seconds=20)
    yield f"http://localhost:{port}"
    running.terminate()
    assert running.wait(timeout=10) == 0


@pytest.fixture
def visitor(browser, fieldnote):
    """A page on which only the product's own two faults may fail; what the widget warns of is none of them."""
    with browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}) as context:
        page, complaints = context.new_page(), []
        page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
        page.goto(f"{fieldnote}/permits")
        yield page
        assert [text for text in complaints if "the server responded with a status of 4" not in text] == []


def sign_in(page, who):
    with page.expect_response("**/api/session"):
        page.get_by_test_id("who").select_option(who)


def ask(page, question):
    if not page.locator("iframe").count():
        page.get_by_role("button", name="Help").click()
    frame = page.frame_locator("iframe")
    frame.get_by_label("Ask a question").fill(question)
    frame.get_by_role("button", name="Send").click()
    expect(frame.locator(".chat:not(.chat--me):not(.chat--pending)").last).to_be_visible()
    return frame


def test_what_was_refused_travels_with_the_question(server, visitor):
    sign_in(visitor, "priya")
    visitor.get_by_test_id("new-permit").click()
    visitor.get_by_test_id("submit-permit").click()
    expect(visitor.get_by_role("alert")).to_contain_text("PTW-2291")
    frame = ask(visitor, "How can somebody sign a permit without an account?")
    expect(frame.locator(".chat").last).to_contain_text("The guest signs on your screen")
    _, context, _ = server.do(latest, CUSTOMERS["priya"])
    assert (context["page"], context["title"]) == ("/permits/new", "New permit · Fieldnote")
    trail = [(each["kind"], each["what"]) for each in context["actions"] if each["what"] != "Help"]  # what they did to the product
    assert trail[-3:] == [("page", "New permit · Fieldnote"), ("click", "Submit"), ("request", "POST /api/permits 409")]
    assert '[data-testid="submit-permit"]' in [each["selector"] for each in context["actions"]]
    assert "Baltic Cranes" not in str(context)


def test_an_exception_travels_with_the_question_and_numbers_of_pages_do_not(server, visitor):
    sign_in(visitor, "mateus")
    visitor.get_by_role("link", name="PTW-2297 Confined space").click()
    visitor.get_by_test_id("nav-billing").click()
    visitor.get_by_test_id("download-invoice").first.click()
    expect(visitor.get_by_text("The invoice could not be downloaded.")).to_be_visible()
    ask(visitor, "Please help me with this")
    _, context, _ = server.do(latest, CUSTOMERS["mateus"])
    assert context["page"] == "/billing/invoices"
    assert "Cannot read properties of undefined" in context["error"]
    visitor.go_back()
    expect(visitor.get_by_role("heading", name="PTW-2297")).to_be_visible()
    visitor.frame_locator("iframe").get_by_role("button", name="Ask something else").click()
    ask(visitor, "What does a signature record here?")
    assert server.do(latest, CUSTOMERS["mateus"])[1]["page"] == "/permits/detail"


def test_a_switch_of_customers_leaves_nothing_of_the_one_before(server, visitor):
    sign_in(visitor, "priya")
    frame = ask(visitor, "Where do I see who countersigned?")
    mine, _, before = server.do(latest, CUSTOMERS["priya"])
    sign_in(visitor, "mateus")
    expect(frame.locator(".chat")).to_have_count(0)
    frame = ask(visitor, "Where do I find my keys?")
    expect(frame.get_by_text("countersigned")).to_have_count(0)
    number, _, _ = server.do(latest, CUSTOMERS["mateus"])
    assert number != mine and server.do(latest, CUSTOMERS["priya"])[2] == before
    sign_in(visitor, "")
    expect(frame.locator(".chat")).to_have_count(0)
    visitor.reload()
    expect(visitor.get_by_test_id("who")).to_have_value("")


def test_a_page_that_is_loaded_still_knows_who_is_signed_in(visitor, fieldnote):
    sign_in(visitor, "priya")
    visitor.goto(f"{fieldnote}/settings/webhooks")
    expect(visitor.get_by_test_id("who")).to_have_value("priya")
    visitor.get_by_test_id("send-test").click()
    expect(visitor.get_by_role("alert")).to_contain_text("signature check failed")


@pytest.mark.parametrize(
    "path", ["/permits", "/permits/new", "/permits/2291", "/people", "/settings/webhooks", "/billing/invoices", "/nowhere"]
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone(browser, fieldnote, path, scheme):
    with browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(fieldnote + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_answers_to_its_own_names_only(fieldnote):
    request = urllib.request.Request(f"{fieldnote}/api/me", headers={"Host": "rebound.example"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 421
