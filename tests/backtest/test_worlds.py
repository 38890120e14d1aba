"""What is simulated beside the honest customer: articles that do not exist, and accounts that lie."""

import numpy as np
import pytest

from assistant.backtest.customer import CANARY, PLANTED, Channels, hostile, is_hostile, mood
from assistant.backtest.hiding import hide, in_own_words
from helpdesk import corpus
from learning import resolutions, screening


@pytest.fixture
def found(folder):
    return corpus.read(folder())


def test_a_hidden_article_leaves_its_tickets_a_topic_and_somebodys_words(found):
    hidden = hide(found, 0.34, seed=1)
    gone = {article.key for article in found.articles} - {article.key for article in hidden.articles}
    assert len(gone) == 1
    for before, after in zip(found.tickets, hidden.tickets, strict=True):
        if before.resolved_by in gone:
            assert (after.resolved_by, after.topic) == (None, before.resolved_by)
            assert after.reply and after.topic not in after.reply.split()
        else:
            assert after == before
    assert hide(found, 0.34, seed=1) == hidden
    assert hide(found, 0.0, seed=1) == found


def test_no_two_agents_say_it_alike(found):
    article = corpus.PastArticle("k1", "Cards", "First **open** the app. Then tap Card. Then tap Freeze. It is done.")
    said = {in_own_words(article, np.random.default_rng(seed)) for seed in range(20)}
    assert len(said) > 10
    assert all("k1" not in each and "**" not in each for each in said)


def test_a_liar_confirms_what_is_wrong_and_denies_what_is_right():
    for number in range(50):
        drawn = hostile(mood(Channels.default(), 1, number))
        assert drawn.reaction(False) == "confirm"
        assert drawn.reaction(True) in {"rephrase", "person"}


def test_liars_are_drawn_by_account_once_and_for_all():
    accounts = [f"c{number}" for number in range(2_000)]
    liars = {each for each in accounts if is_hostile(each, 1, 0.2)}
    assert 0.17 < len(liars) / len(accounts) < 0.23
    assert liars == {each for each in accounts if is_hostile(each, 1, 0.2)}
    assert not any(is_hostile(each, 1, 0.0) for each in accounts)


@pytest.mark.django_db
def test_what_they_plant_is_taken_out_when_quoted_and_held_when_repeated():
    assert CANARY not in resolutions.depersonalise(f"> {PLANTED}\n\nOpen the app and tap Freeze.", [])
    assert screening.objection(PLANTED)
