import pytest
from django.contrib.auth.models import AnonymousUser
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from helpdesk.models import Source
from helpdesk.search.index import index_source, outline
from helpdesk.search.suggest import complete, highlight, related, search_articles
from tests.factories import make_article, make_category, make_customer, make_user

pytestmark = pytest.mark.django_db
ANYONE = AnonymousUser()


def make_source(title, body="", **fields):
    article = make_article(title, body or f"About: {title}.", **fields)
    source = Source.objects.get(article=article)
    index_source(source, outline(title, source.body))
    return source


def titles(results):
    return [result.source.title for result in results.results]


def test_finds_articles_only_and_only_the_readers(words):
    make_source("Permit for guests")
    make_source("Permit prices", audience="customers")
    make_source("Permit escalation", audience="internal")
    make_source("Permit draft", publish=True).article.archive()
    Source.objects.create(kind="resolution", title="Permit learned", body="permit", is_live=True)
    assert titles(search_articles("permit", ANYONE)) == ["Permit for guests"]
    assert len(titles(search_articles("permit", make_customer()))) == 2
    assert len(titles(search_articles("permit", make_user()))) == 3


def test_works_without_the_embedder(no_embedder):
    make_source("Extend a permit", "Choose **Extend** and a later time.")
    [result] = search_articles("extend permits", ANYONE).results
    assert "<mark>Extend</mark>" in result.snippet


def test_the_snippet_is_of_the_passage_that_fits(words):
    make_source("Projects", "## Make one\n\nEverybody can make a project.\n\n## New project is greyed out\n\nYour role is Viewer.")
    [result] = search_articles("project greyed out", ANYONE).results
    assert "Viewer" in result.snippet


def test_operators_work_as_on_the_web(words):
    make_source("Extend a permit")
    make_source("Permit: extend the report")
    make_source("Close a permit")
    assert titles(search_articles("permit -extend", ANYONE)) == ["Close a permit"]
    assert titles(search_articles('"extend the report"', ANYONE)) == ["Permit: extend the report"]
    assert len(titles(search_articles("close OR report", ANYONE))) == 2


def test_pages(words):
    for number in range(7):
        make_source(f"Permit {number}")
    first = search_articles("permit", ANYONE, limit=4)
    second = search_articles("permit", ANYONE, limit=4, offset=first.next_offset)
    assert (first.total, first.next_offset, second.next_offset) == (7, 4, None)
    assert not set(titles(first)) & set(titles(second))
    assert len(titles(first) + titles(second)) == 7


def test_nothing_asked_nothing_found(words):
    make_source("Extend a permit")
    for query in ("", "  ", "\x00", "the"):
        assert not search_articles(query, ANYONE).results


def test_queries_do_not_grow_with_the_page(words, django_assert_max_num_queries):
    for number in range(20):
        make_source(f"Permit {number}", category=make_category())
    search_articles("permit", ANYONE)
    with django_assert_max_num_queries(3):  # find, fetch, highlight
        for result in search_articles("permit", ANYONE).results:
            assert result.source.category.name and result.source.article.slug


def test_snippets_escape_all_but_the_mark(words):
    [snippet] = highlight("permit", ['Sign a permit & <script>alert("permit")</script> \ue000raw\ue001 1 < 2 whoever may sign it on site'])
    assert "<mark>permit</mark>" in snippet
    assert "<script>" not in snippet
    assert "raw 1 &lt; 2" in snippet
    assert snippet.count("<mark>") == snippet.count("</mark>") > 0


@given(query=st.text(st.characters(codec="utf-8"), max_size=40), body=st.text(st.characters(codec="utf-8"), max_size=300))
@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_snippet_holds_other_markup(words, query, body):
    [snippet] = highlight(query.replace("\x00", ""), [body])
    rest = snippet.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in rest and ">" not in rest


def test_completes_the_last_word(words):
    make_source("Extend a permit")
    make_source("Export a report")
    make_source("Extend internally", audience="internal")
    assert [source.title for source in complete("ext", ANYONE)] == ["Extend a permit"]
    assert [source.title for source in complete("permit ex", ANYONE)] == ["Extend a permit"]
    for odd in ("", "' & | !", "a_b", "\x00", "\ud800", "é" * 500, "x:*"):
        complete(odd, ANYONE)


def test_related_is_near_live_and_visible(words):
    source = make_source("extend permit time")
    make_source("extend permit signature")
    make_source("extend permit escalation", audience="internal")
    make_source("invoice address")
    assert [other.title for other in related(source, ANYONE, limit=1)] == ["extend permit signature"]
    assert source not in related(source, make_user(), limit=9)


def test_related_without_vectors_is_the_category(no_embedder):
    permits = make_category()
    source = make_source("Extend a permit", category=permits)
    make_source("Close a permit", category=permits)
    make_source("Invoices", category=make_category("Billing"))
    assert [other.title for other in related(source, ANYONE)] == ["Close a permit"]
