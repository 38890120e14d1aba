"""What the widget costs the page that carries it, as the benchmark measures it, and that it goes without a trace."""

import pytest
from playwright.sync_api import expect

from tests.benchmarks import weight


@pytest.fixture(scope="module")
def origin(server):
    key = server.do(weight.furnish)
    with weight.host(server.url("").rstrip("/"), key) as found:
        yield found


def test_it_takes_fifty_milliseconds_at_most_and_moves_nothing(browser, origin):
    for row in weight.rows_of(browser, origin, rounds=3):
        assert row["ours"] <= row["goal"], row


def test_what_a_page_may_call_does_what_the_documents_say(browser, origin):
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page, warnings = context.new_page(), []
        page.on("console", lambda message: warnings.append(message.text) if message.type == "warning" else None)
        page.goto(f"{origin}/with")
        expect(page.get_by_role("button", name="Help")).to_be_visible()
        page.evaluate("""() => {
          window.heard = [];
          for (const name of ["open", "close", "page"]) Whetstone("on", name, (detail) => window.heard.push([name, detail ?? null]));
          Whetstone("on", "open", () => { throw new Error("a listener that breaks"); });
          Whetstone("open");
        }""")
        expect(page.locator("iframe")).to_be_visible()
        page.evaluate("Whetstone('close'); history.pushState({}, '', '/with?token=1#x')")
        expect(page.locator("iframe")).to_be_hidden()
        assert page.evaluate("window.heard") == [["open", None], ["close", None], ["page", "/with"]]
        assert page.evaluate("Whetstone('highlight', 'invite')") is True
        expect(page.locator(".ring")).to_be_visible()
        assert page.evaluate("Whetstone('highlight', '<img src=x onerror=alert(1)>')") is False
        page.evaluate(
            "Whetstone('fly'); Whetstone('setContext', { page: '/orders/detail', product: { plan: 'Business' } }); Whetstone('track', 'paid', 'Order')"
        )
        page.evaluate("Whetstone('identify', 'x.y.z'); Whetstone('open')")
        expect(page.frame_locator("iframe").locator("#ask")).to_be_visible()
        page.evaluate("window.before = [fetch, history.pushState]; Whetstone('shutdown')")
        expect(page.locator("whetstone-widget")).to_have_count(0)
        assert page.evaluate("/native code/.test(String(fetch)) && /native code/.test(String(history.pushState))")
        page.evaluate("Whetstone('init')")
        expect(page.get_by_role("button", name="Help")).to_have_count(1)
        assert any("there is no “fly”" in text for text in warnings) and any("a listener that breaks" in text for text in warnings)


def test_a_reader_who_is_not_to_be_tracked_sends_neither_steps_nor_errors(browser, origin):
    with browser.new_context() as context:
        context.add_init_script("Object.defineProperty(navigator, 'doNotTrack', { get: () => '1' })")
        page, sent = context.new_page(), []
        page.on("request", lambda request: sent.append(request.post_data or "") if request.url.endswith("/widget/home/") else None)
        page.goto(f"{origin}/with")
        page.locator("#invite").click()
        page.evaluate("setTimeout(() => { throw new Error('secret of the page') })")
        with page.expect_request("**/widget/home/"):
            page.get_by_role("button", name="Help").click()
        assert "Permits" in sent[0] and "Invite" not in sent[0] and "secret of the page" not in sent[0]
