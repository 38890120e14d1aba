"""Files by hand: chosen, pasted and dropped, looked at, taken out again, and read at the other end."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_widget import furnish, host  # noqa: F401  (a fixture)
from tests.factories import make_customer, make_ticket, make_user
from tests.helpdesk.test_attachments import png

pytestmark = pytest.mark.usefixtures("day_one")

SHOT = {"name": "shot.png", "mimeType": "image/png", "buffer": png(640, 12)}
LOG = {"name": "device.log", "mimeType": "text/plain", "buffer": b"03:12 low battery"}
PASTE = """([kind, selector, name]) => {
  const bytes = Uint8Array.from(atob("%s"), (letter) => letter.charCodeAt(0)), data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: "image/png" }));
  const target = document.querySelector(selector), about = { bubbles: true, cancelable: true };
  const event = kind === "paste" ? new ClipboardEvent("paste", { ...about, clipboardData: data }) : new DragEvent(kind, { ...about, dataTransfer: data });
  target.dispatchEvent(event);
}"""


def hand(kind, place, selector, name="image.png"):
    import base64

    place.evaluate(PASTE % base64.b64encode(png(40, 30)).decode(), [kind, selector, name])


def sees(place, name):
    """A picture that has really been drawn."""
    image = place.get_by_role("img", name=name).first
    expect(image).to_be_visible()
    expect(image).not_to_have_js_property("naturalWidth", 0)
    expect(image).to_have_js_property("complete", True)


def files_of(ticket):
    from helpdesk.models import Attachment

    return list(Attachment.objects.filter(message__ticket=ticket).order_by("pk").values_list("name", flat=True))


@pytest.fixture
def ines(server, page):
    ines = server.do(make_user)
    server.sign_in(page.context, agent=ines.email)
    return ines


def test_an_agent_pastes_drops_and_chooses_takes_one_out_and_sends_the_rest(server, page, ines):
    ticket = server.do(make_ticket, body="Where is the export?", handler="team")
    page.goto(server.url(f"/inbox/all/{ticket.pk}/"))
    composer = page.locator("#composer")
    hand("paste", page, "#body")
    hand("drop", page, "#thread-scroll", "plan.png")
    composer.locator("[data-attach-choose]").set_input_files([SHOT, LOG])
    expect(composer.locator("[data-key]")).to_have_count(4)
    expect(composer).to_contain_text("Screenshot")
    composer.get_by_role("button", name="Take device.log out").click()
    expect(composer.locator("[data-key]")).to_have_count(3)
    page.reload()
    expect(composer.locator("[data-key]")).to_have_count(3)
    composer.get_by_text("Internal note").click()
    expect(composer.locator("[data-key]")).to_have_count(0)
    composer.get_by_text("Reply", exact=True).click()
    page.locator("#body").press("Control+Enter")
    expect(page.locator(".message--agent .attachment--picture")).to_have_count(3)
    sees(page.locator("#thread-scroll"), "shot.png")
    expect(composer.locator("[data-key]")).to_have_count(0)
    assert sorted(server.do(files_of, ticket))[1:] == ["plan.png", "shot.png"]


def test_what_is_not_taken_says_so_and_a_slow_file_is_waited_for(server, page, ines):
    ticket = server.do(make_ticket, body="Where is the import?", handler="team")
    page.goto(server.url(f"/inbox/all/{ticket.pk}/"))
    composer, choose = page.locator("#composer"), page.locator("#composer [data-attach-choose]")
    choose.set_input_files([{"name": "setup.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ"}])
    expect(composer.get_by_role("alert")).to_contain_text("“setup.exe” is a program")
    waiting = []
    page.route("**/attachments/", lambda route: waiting.append(route))
    choose.set_input_files([LOG])
    expect(composer.locator(".spinner")).to_be_visible()
    page.locator("#body").fill("Here is the log.")
    page.locator("#body").press("Control+Enter")
    expect(page.locator(".message--agent")).to_have_count(0)
    waiting[0].continue_()
    expect(page.locator(".message--agent")).to_contain_text("device.log")


def test_a_customer_sends_a_picture_in_the_portal_and_what_comes_in_meanwhile_takes_nothing_away(server, page):
    ada, ines = server.do(make_customer), server.do(make_user)
    ticket = server.do(lambda: make_ticket(customer=ada, handler="team"))
    server.sign_in(page.context, customer=ada.email)
    page.goto(server.url(f"/questions/{ticket.pk}/"))
    form = page.locator("#reply")
    hand("paste", page, "#reply-body", "image.png")
    expect(form.locator("[data-key]")).to_have_count(1)

    def replied():
        from helpdesk.models import Ticket, User

        Ticket.objects.get(pk=ticket.pk).reply("Could you send a picture?", by=User.objects.get(pk=ines.pk))

    server.do(replied)
    expect(page.locator(".talk")).to_contain_text("Could you send a picture?")
    expect(form.locator("[data-key]")).to_have_count(1)
    form.get_by_role("button", name="Send").click()
    expect(page.locator(".say--me .attachment--picture")).to_have_count(1)
    sees(page.locator(".talk"), "Screenshot")


def test_a_visitor_sends_a_screenshot_in_the_widget_and_looks_at_what_comes_back(server, host, browser):  # noqa: F811
    origin, ines = host
    with browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}) as context:
        page, complaints = context.new_page(), []
        page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
        page.goto(f"{origin}/permits")
        page.get_by_role("button", name="Help").click()
        frame = page.frame_locator("iframe")
        frame.get_by_label("Ask a question").click()
        hand("paste", page.frames[1], "#ask")
        expect(frame.locator("#tray .attachment__thumb")).to_be_visible()
        frame.get_by_role("button", name="Send").click()
        expect(frame.get_by_role("alert")).to_contain_text("Say in a few words")
        frame.get_by_label("Ask a question").fill("How can somebody sign a permit without an account?")
        frame.get_by_role("button", name="Send").click()
        sees(frame.locator(".chat--me"), "Screenshot")
        expect(frame.locator("#tray > *")).to_have_count(0)

        def sent():
            from django.core.files.uploadedfile import SimpleUploadedFile

            from helpdesk.models import Attachment, Ticket, User

            agent, ticket = User.objects.get(pk=ines), Ticket.objects.latest("pk")
            plan = Attachment.put(SimpleUploadedFile("plan.png", png(60, 40)), by=agent)
            ticket.reply("", by=agent, attachments=[plan.key])

        server.do(sent)
        sees(frame.locator("#log"), "plan.png")
        frame.get_by_role("button", name="plan.png").click()
        expect(frame.locator("#picture")).to_be_visible()
        page.keyboard.press("Escape")
        expect(frame.locator("#picture")).to_be_hidden()
        page.reload()
        page.get_by_role("button", name="Help").click()
        sees(frame.locator("#log"), "plan.png")
        assert complaints == []
