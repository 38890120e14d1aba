"""A corpus is read with care, and loaded once however often it is imported."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from helpdesk import corpus
from helpdesk.models import Article, Ticket
from learning.models import Episode
from tests.backtest.conftest import ARTICLES, TICKETS
from tests.factories import make_user


class TestReading:
    def test_a_good_one(self, folder):
        found = corpus.read(folder())
        assert [article.key for article in found.articles] == ["guest", "offline", "invoice"]
        assert found.articles[0].pages == ["/permits"]
        assert found.tickets[3].resolved_by is None
        assert found.tickets[0].at < found.tickets[1].at

    @pytest.mark.parametrize(
        ("line", "complaint"),
        [
            ("{oops", "articles.jsonl line 2: this is not JSON"),
            ("[1]", "articles.jsonl line 2: this must be a JSON object"),
            ({"title": "No key"}, "articles.jsonl line 2: 'key' is missing or empty"),
            ({"key": "a", "title": 7}, "articles.jsonl line 2: 'title' is missing or empty"),
            ({"key": "guest", "title": "Again"}, "articles.jsonl line 2: the key 'guest' has been used before"),
            ({"key": "a", "title": "A", "body": 3}, "articles.jsonl line 2: 'body' must be a text"),
        ],
    )
    def test_a_bad_article_is_named_with_its_line(self, folder, line, complaint):
        with pytest.raises(corpus.CorpusError, match=complaint):
            corpus.read(folder(articles=[ARTICLES[0], line]))

    @pytest.mark.parametrize(
        ("line", "complaint"),
        [
            ({"question": "Why?"}, "tickets.jsonl line 1: 'resolved_by' is missing"),
            ({"question": "Why?", "resolved_by": "nothing"}, "tickets.jsonl line 1: 'resolved_by' names 'nothing'"),
            ({"question": "Why?", "resolved_by": ["guest"]}, "tickets.jsonl line 1: 'resolved_by' names"),
            ({"question": "Why?", "resolved_by": None, "days_ago": 1e9}, "tickets.jsonl line 1: 'days_ago' must lie between"),
            ({"question": "Why?", "resolved_by": None, "days_ago": float("nan")}, "tickets.jsonl line 1: 'days_ago' must lie between"),
            ({"question": "Why?", "resolved_by": None, "conversation": ["so"]}, "tickets.jsonl line 1: 'conversation' must be a list"),
            ({"question": " ", "resolved_by": None}, "tickets.jsonl line 1: 'question' is missing or empty"),
            ({"question": "Why?", "resolved_by": None, "at": "yesterday"}, "tickets.jsonl line 1: 'at' must be a time"),
            ({"question": "Why?", "resolved_by": None, "segment": "team"}, "tickets.jsonl line 1: 'segment' must be an object"),
            ({"question": "Why?", "resolved_by": None, "rephrasings": "so"}, "tickets.jsonl line 1: 'rephrasings' must be a list"),
        ],
    )
    def test_a_bad_ticket_is_named_with_its_line(self, folder, line, complaint):
        with pytest.raises(corpus.CorpusError, match=complaint):
            corpus.read(folder(tickets=[line]))

    def test_tickets_out_of_order_are_refused(self, folder):
        late = [{**TICKETS[0], "at": "2026-02-01T00:00:00Z"}, {**TICKETS[1], "at": "2026-01-01T00:00:00Z"}]
        with pytest.raises(corpus.CorpusError, match="in time order"):
            corpus.read(folder(tickets=late))

    def test_a_folder_that_is_not_there(self, tmp_path):
        with pytest.raises(corpus.CorpusError, match="is not a folder"):
            corpus.read(tmp_path / "nowhere")

    def test_bytes_that_are_not_text(self, folder):
        path = folder()
        (path / "articles.jsonl").write_bytes(b'{"key": "\xff"}\n')
        with pytest.raises(corpus.CorpusError, match="line 1: this is not UTF-8"):
            corpus.read(path)


@pytest.mark.django_db(transaction=True)
class TestImporting:
    def run(self, folder, *flags):
        out = StringIO()
        call_command("import_corpus", folder, *flags, stdout=out)
        return out.getvalue()

    def test_twice_is_once(self, folder, words):
        assert "3 new, 0 changed, 0 as they were" in self.run(folder())
        assert "0 new, 0 changed, 3 as they were" in self.run(folder())
        assert Article.objects.published().count() == 3

    def test_what_changed_is_revised(self, folder, words):
        self.run(folder())
        changed = [{**ARTICLES[0], "body": "Another text."}, *ARTICLES[1:]]
        assert "0 new, 1 changed, 2 as they were" in self.run(folder(articles=changed))
        assert Article.objects.get(slug="guest").version == 2

    def test_an_article_without_a_text_is_its_title(self, folder, words):
        self.run(folder(articles=[{"key": "alarm", "title": "Set an alarm", "body": ""}], tickets=[]))
        assert Article.objects.get(slug="alarm").body == "Set an alarm"

    def test_past_tickets_teach_the_assistant(self, folder, words):
        make_user()
        assert "4 new of 4" in self.run(folder(), "--tickets")
        assert "0 new of 4" in self.run(folder(), "--tickets")
        assert Ticket.objects.count() == 4
        assert Episode.objects.filter(credit__gt=0).count() == 3

    def test_a_bad_corpus_changes_nothing(self, folder, words):
        with pytest.raises(CommandError, match=r"articles.jsonl line 2"):
            self.run(folder(articles=[ARTICLES[0], "{"]))
        assert not Article.objects.exists()
