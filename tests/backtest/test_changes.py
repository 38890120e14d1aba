"""Sources that become wrong at ticket K: which, what is right then, and what is counted."""

import datetime as dt

import pytest

from assistant.backtest import changes, stage
from helpdesk.corpus import Corpus, PastArticle
from helpdesk.models import Article
from learning.models import Suspicion

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
KEYS = [f"topic-{number}" for number in range(30)]


def row(day, source=1, right=True, answered=True, changed=False):
    at = (START + dt.timedelta(days=day)).isoformat()
    return (
        {"at": at, "source": source, "right": right, "answered": answered, "changed": changed}
        | dict.fromkeys(("confidence", "latency"), 0.9)
        | dict.fromkeys(("frozen_right", "frozen_answered", "answerable", "audited", "hidden", "hostile"), False)
    )


def test_a_tenth_changes_drawn_by_the_seed():
    assert len(changes.drawn(KEYS, 1)) == 3
    assert changes.drawn(KEYS, 1) == changes.drawn(KEYS, 1) != changes.drawn(KEYS, 2)
    assert len(changes.drawn(KEYS[:4], 1)) == 1


@pytest.mark.django_db
def test_the_old_article_stays_as_it_was_and_the_new_one_is_the_truth(words):
    desk = stage.set_up(Corpus("c", [PastArticle(key, f"Title {key}", f"Body of {key}.", pages=["/here"]) for key in KEYS], []), START)
    before = dict(desk.articles)
    changes.happen(desk, 1, START + dt.timedelta(days=9))
    assert Article.objects.published().count() == 33
    for key, old in desk.changed.items():
        new = desk.articles[key]
        assert before[key].pk == old != new.pk
        assert (new.title, new.body, new.pages, new.is_live) == (before[key].title, before[key].body, ["/here"], True)
    again = stage.look_up(Corpus("c", [PastArticle(key, "") for key in KEYS], []))
    changes.look_up(again, 1)
    assert again.changed == desk.changed and again.articles == desk.articles


class TestFigures:
    rows = [row(day) for day in range(30)] + [
        row(30 + day, source=1 + day % 2, right=day % 2 == 1, changed=day % 2 == 0) for day in range(31)
    ]

    def at(self, day):
        return (START + dt.timedelta(days=day, hours=1)).isoformat()

    def test_wrong_answers_until_it_is_suspect(self):
        found = changes.figures(self.rows, [(1, self.at(36))], [1, 7], 30, topics=10)
        assert found["wrong"] == [0, 4] and found["wrong_median"] == 2.0
        assert found["suspected"] == 1 and found["false_suspicions"] == 0
        assert found["top1_before"] == 1.0 and found["top1_after_changed"] == 0.0

    def test_all_of_them_where_it_never_is(self):
        assert changes.figures(self.rows, [], [1], 30, topics=10)["wrong"] == [16]

    def test_what_is_suspected_without_cause(self):
        found = changes.figures(self.rows, [(1, self.at(3)), (2, self.at(40))], [1], 30, topics=10)
        assert found["false_suspicions"] == 2 and found["source_months"] == 20.0 and found["false_a_source_month"] == 0.1

    def test_without_a_change_only_what_was_without_cause(self):
        assert set(changes.figures(self.rows, [], [], None, topics=10)) == {"false_suspicions", "source_months", "false_a_source_month"}


@pytest.mark.django_db
def test_suspicions_are_kept_with_their_time(words):
    desk = stage.set_up(Corpus("c", [PastArticle("a", "A", "B")], []), START)
    Suspicion.objects.create(source=desk.articles["a"], since=START, raised_at=START, evidence=5)
    assert changes.suspicions() == [(desk.articles["a"].pk, START.isoformat())]
