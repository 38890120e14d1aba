"""What every test may ask for.

Databases: DATABASE_URL and REDIS_URL are used if given; else the controller starts throwaway servers and the xdist workers
inherit their addresses. Each worker has its own database (pytest-django's `_gw0` suffix) and its own Redis number.

Browser tests: `page` is a Playwright page, `server` the whole product as processes of its own (one, made when first
asked for, in the worker that runs all of them). They share a database of the server's, which no test empties: make what you need, look for what you made.

    def test_an_answer_arrives(page, server):
        ada = server.do(make_customer)                      # runs in a process on the server's database
        ticket = server.do(lambda: make_ticket(customer=ada))
        server.sign_in(page.context, customer=ada.email)
        page.goto(server.url(f"/questions/{ticket.number}/"))

`server.stop("worker")`, `server.start("worker")` (or "redis", "live", "beat", "web") for what happens when one is down.
The ORM cannot be used in such a test itself: Playwright runs an event loop in its thread, and Django refuses.
"""

import importlib
import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import django
import hypothesis
import pytest

from config import embedded, product

services = ExitStack()
# The same examples every time, and none that fails because the machine is busy.
hypothesis.settings.register_profile("whetstone", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("whetstone")
WITH_SERVER = ("tests/browser/", "tests/faults/")
FLAGS = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-gpu"]
if sys.platform == "linux" and os.geteuid() == 0:
    FLAGS.append("--no-sandbox")  # Chromium refuses root otherwise


def pytest_configure(config):
    """Not DJANGO_SETTINGS_MODULE in pyproject.toml: pytest-django would read the settings before there is a database to name."""
    os.environ.update(WHETSTONE_EMBEDDED="1", WHETSTONE_DEBUG="0", WHETSTONE_SECRET_KEY="only-for-tests-" + "0" * 40)
    os.environ.update(WHETSTONE_HOLDOUT="0", WHETSTONE_EXPLORATION="0")  # chance decides only where a test says so
    os.environ["WHETSTONE_UNDO_SECONDS"] = "0"  # a reply is a message at once, but where a test says otherwise
    os.environ.setdefault("WHETSTONE_LOG_LEVEL", "WARNING")
    os.environ.setdefault("WHETSTONE_MEDIA_ROOT", services.enter_context(TemporaryDirectory(prefix="whetstone-media-")))
    worker = getattr(config, "workerinput", {}).get("workerid")
    if worker is None and not config.option.collectonly:
        addresses = services.enter_context(embedded.throwaway("pytest", os.environ))
        os.environ.update(DATABASE_URL=addresses.DATABASE_URL, REDIS_URL=addresses.REDIS_URL)
    elif worker:
        address, _, number = os.environ["REDIS_URL"].rpartition("/")
        os.environ["REDIS_URL"] = f"{address}/{int(number) + 1 + int(worker.removeprefix('gw'))}"
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    settings = importlib.import_module("django.conf").settings
    settings.WHITENOISE_USE_FINDERS = False  # else each test's client looks through every static file, for 70 ms
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # slow hashes are for the world outside
    if worker is None:
        del os.environ["DJANGO_SETTINGS_MODULE"]  # else the workers would read the settings before they come here


def pytest_unconfigure(config):
    services.close()


def pytest_collection_modifyitems(items):
    for item in items:
        if {"page", "browser", "server"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(optionalhook=True)  # without xdist there is no such hook
def pytest_xdist_make_scheduler(config, log):
    """One worker runs all that needs the product's own processes or a browser: one server and one Chromium, not one each.

    In the order collected: the tests with a database have come before, and after a browser Django refuses the ORM in that thread.
    """
    from xdist.scheduler import LoadScopeScheduling

    class OneServer(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return "server" if nodeid.startswith(WITH_SERVER) else nodeid

    config.option.loadscopereorder = False
    return OneServer(config, log)


@pytest.fixture(scope="session")
def server(request):
    from django.conf import settings

    from tests.server import Server

    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    with Server(worker, os.environ["DATABASE_URL"], settings.DATA_DIR / "models") as running:
        yield running


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=15_000)  # the first answer of a server on a busy machine takes its time
    with sync_playwright() as playwright:
        path = chromium()
        if path is None and not Path(playwright.chromium.executable_path).exists():
            how = "there is no Chromium: apt-get install chromium, or name one in WHETSTONE_CHROMIUM"
            pytest.fail(how) if os.environ.get("CI") else pytest.skip(how)
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser):
    """Fails the test if a script on the page does."""
    with browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800}) as context:
        opened, errors = context.new_page(), []
        opened.on("pageerror", lambda error: errors.append(str(error)))
        yield opened
        assert not errors, f"scripts failed on the page: {errors}"


def chromium() -> str | None:
    named = os.environ.get("WHETSTONE_CHROMIUM")
    return named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def root() -> Path:
    return product.ROOT
