"""An answer may point at the page; what is not there speaks against the answer's source."""

import pytest

from helpdesk.events import inline
from helpdesk.models import Event, Ticket
from helpdesk.question import Question, Said
from helpdesk.search.index import index_source, outline
from learning.models import Signal
from tests.factories import make_article

pytestmark = pytest.mark.django_db


class TestGuide:
    @pytest.fixture
    def pointed(self, widget):
        there = widget(sub="u-17", name="Ada Okonkwo")
        there.ask()
        ticket = Ticket.objects.get()
        said = ticket.answer("Choose [Share](#show:share-menu), then **Download PDF**.", meta={"kind": "answer"})
        return there, ticket, said

    def missed(self, there, ticket, **told):
        return there.call("post", f"{ticket.pk}/guide/", told)[0]

    def test_the_widget_gets_the_pointer_and_the_portal_the_words(self, pointed):
        there, ticket, said = pointed
        shown = there.call("get", f"{ticket.pk}/")[1]["messages"][-1]["html"]
        assert 'href="#show:share-menu"' in shown
        assert (
            Said(said, Question.load(ticket, ticket.customer)).html
            == "<p>Choose <strong>Share</strong>, then <strong>Download PDF</strong>.</p>\n"
        )

    def test_what_is_not_on_the_page_is_noted_once(self, pointed):
        there, ticket, said = pointed
        for _ in range(2):
            assert self.missed(there, ticket, target="share-menu", answer=said.seq) == 204
        (event,) = Event.objects.filter(verb="ticket.guide_missed")
        assert event.data["target"] == "share-menu" and event.customer == ticket.customer

    @pytest.mark.parametrize(("target", "step"), [("delete-account", 0), ("share-menu", -1)])
    def test_what_the_answer_does_not_point_to_is_not(self, pointed, target, step):
        there, ticket, said = pointed
        assert self.missed(there, ticket, target=target, answer=said.seq + step) == 204
        assert not Event.objects.filter(verb="ticket.guide_missed").exists()

    def test_it_speaks_against_the_article_that_says_so(self, widget, django_capture_on_commit_callbacks):
        article = make_article(
            "Share a report with a client", "Open the report and press [Share](#show:share-menu). Choose who may read it."
        )
        index_source(article.source, outline(article.title, article.body))
        there = widget(sub="u-17")
        with inline(), django_capture_on_commit_callbacks(execute=True):
            there.ask("How do I share a report with a client?")
        ticket = Ticket.objects.get()
        answer = there.call("get", f"{ticket.pk}/")[1]["messages"][-1]
        assert "#show:share-menu" in answer["html"]
        with inline(), django_capture_on_commit_callbacks(execute=True):
            assert self.missed(there, ticket, target="share-menu", answer=answer["seq"]) == 204
        assert Signal.objects.filter(kind="differs", decision__source=article.source).count() == 1

    def test_somebody_elses_is_not_found(self, pointed, widget):
        _, ticket, said = pointed
        assert self.missed(widget(sub="u-99"), ticket, target="share-menu", answer=said.seq) == 404
