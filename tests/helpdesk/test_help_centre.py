"""The help centre, for its readers: anybody, a customer, an agent."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpdesk import reading
from helpdesk.identity import CUSTOMER_KEY
from helpdesk.models import ArticleFeedback, Event
from tests.factories import make_article, make_category, make_customer, make_user

pytestmark = pytest.mark.django_db
EVIL = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    '"><svg onload=alert(1)>',
    "{{ 7654321*3 }}",
]


def browser(customer=None, agent=None):
    client = Client()
    if agent:
        client.force_login(agent, backend="django.contrib.auth.backends.ModelBackend")
    if customer:
        session = client.session
        session[CUSTOMER_KEY] = customer.pk
        session.save()
    return client


def queries(client, address):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize(("audience", "anybody", "customer"), [("public", 200, 200), ("customers", 404, 200), ("internal", 404, 404)])
def test_each_article_has_its_readers(audience, anybody, customer):
    category = make_category()
    article = make_article("Quokka rules", audience=audience, category=category)
    for client, expected in ((browser(), anybody), (browser(make_customer()), customer), (browser(agent=make_user()), 200)):
        assert client.get(article.get_absolute_url()).status_code == expected
        assert client.post(f"{article.get_absolute_url()}feedback/", {"verdict": "solved"}).status_code == (302 if expected == 200 else 404)
        for page in ("/", f"/topics/{category.slug}/", "/search/?q=quokka"):
            assert ("Quokka rules" in client.get(page).content.decode()) is (expected == 200)


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_what_is_not_published_is_not_there(status):
    article = make_article(publish=status == "archived", category=make_category())
    if status == "archived":
        article.archive()
    for client in (browser(), browser(agent=make_user())):
        assert client.get(article.get_absolute_url()).status_code == 404


def test_the_front_page_shows_three_of_each_topic_and_how_many_there_are(client):
    category = make_category("Permits")
    for number in range(5):
        make_article(f"Permit {number}", category=category)
    page = client.get("/").content.decode()
    assert page.count("Permit ") == 3
    assert "All 5" in page


def test_pages_of_the_product_bring_their_articles(client):
    make_article("Sign a permit", pages=["/permits/new"])
    assert b"Sign a permit" in client.get("/?page=/permits/new").content
    assert client.get("/?page=%00").status_code == 200


@pytest.mark.parametrize("page", ["/", "/topics/{slug}/", "/search/?q=permit"])
def test_queries_do_not_grow_with_the_articles(client, page):
    category = make_category()
    for number in range(4):
        make_article(f"Permit {number}", category=category)
    few = queries(client, page.format(slug=category.slug))
    for number in range(20):
        make_article(f"Permit more {number}", category=category if number % 2 else make_category())
    assert queries(client, page.format(slug=category.slug)) <= few


def test_an_article_takes_few_queries(client):
    article = make_article(category=make_category(), author=make_user())
    assert queries(client, article.get_absolute_url()) <= 9


def test_headings_become_a_list_of_contents():
    body, headings = reading.with_contents(
        "<h2>Send a link</h2><h2>Send a link</h2><h2>Für &amp; wider</h2><p><strong>A &gt; B</strong></p>"
    )
    assert [heading.anchor for heading in headings] == ["send-a-link", "send-a-link-2", "fur-wider"]
    assert headings[2].title == "Für & wider"
    assert '<h2 id="send-a-link-2">' in body
    assert '<span class="ui">A <i>›</i> B</span>' in body


def test_citations_are_marked_in_text_and_never_inside_a_tag():
    html = '<p title="[1] > x">Yes [1][2] and [9].</p>'
    assert reading.with_citations(html, {1, 2}, "s") == (
        '<p title="[1] > x">Yes <a class="cite" href="#s1">1</a><a class="cite" href="#s2">2</a> and [9].</p>'
    )


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_written_runs(client, evil):
    article = make_article(evil, body=f"## {evil}\n\n{evil} needle", summary=evil, category=make_category(evil, slug="evil"))
    for page in (
        "/",
        article.category.get_absolute_url(),
        article.get_absolute_url(),
        "/search/?q=needle",
        f"/search/?q={evil}",
        f"/ask/?q={evil}&page={evil}",
    ):
        response = client.get(page)
        text = response.content.decode()
        assert not any(bad in text for bad in ("<script>alert", "<img src=x", "<svg onload", 'href="javascript', "22962963"))
        assert "'unsafe-inline'" not in response["Content-Security-Policy"]
        assert " style=" not in text


@pytest.mark.parametrize("query", ["", " ", "\x00", "x" * 5000, "&|!()':*", '"unclosed', "-", "😀"])
def test_search_takes_anything(client, query):
    assert client.get("/search/", {"q": query, "from": "-1"}).status_code == 200


def test_nothing_found_offers_to_ask_with_the_same_words(client):
    page = client.get("/search/?q=zyzzyva+qwortle").content.decode()
    assert "No article is about" in page
    assert "/ask/?q=zyzzyva%20qwortle" in page


class TestFeedback:
    def say(self, client, article, **data):
        return client.post(f"{article.get_absolute_url()}feedback/", data)

    def test_a_reader_has_one_voice_and_the_last_word_counts(self):
        article, client = make_article(), browser()
        self.say(client, article, verdict="solved")
        self.say(client, article, verdict="solved")
        self.say(client, article, verdict="not_quite")
        self.say(client, article, verdict="not_quite", comment="Where is Export?")
        said = ArticleFeedback.objects.get()
        assert (said.helpful, said.comment) == (False, "Where is Export?")
        assert Event.objects.filter(verb="article.feedback").count() == 3
        self.say(browser(), article, verdict="solved")
        assert ArticleFeedback.objects.count() == 2

    def test_a_customer_is_the_same_reader_in_every_browser(self):
        article, ada = make_article(), make_customer()
        for _ in range(2):
            self.say(browser(ada), article, verdict="solved")
        assert ArticleFeedback.objects.get().customer == ada

    def test_the_page_thanks_or_asks_what_is_missing(self):
        article, client = make_article(), browser()
        self.say(client, article, verdict="not_quite")
        assert b"What is missing?" in client.get(article.get_absolute_url()).content
        self.say(client, article, verdict="solved")
        assert b"thank you" in client.get(article.get_absolute_url()).content

    def test_who_needs_a_person_comes_to_the_form_and_nonsense_is_refused(self, client):
        article = make_article()
        assert self.say(client, article, verdict="person")["Location"].startswith("/ask/?page=")
        assert self.say(client, article, verdict="%00").status_code == 400
