import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from helpdesk.models import Chunk, Customer, Source, User
from helpdesk.search import retrieve
from helpdesk.search.embedder import embed_one
from helpdesk.search.index import index_source, outline
from helpdesk.search.retrieve import dense, fulltext, hybrid

pytestmark = pytest.mark.django_db
ANYONE = AnonymousUser()
VIEWERS = {"public": ANYONE, "customers": Customer(pk=1, email="ada@client.example"), "internal": User(pk=1)}
AUDIENCES = ["public", "customers", "internal"]
slow = hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def make_source(title, body="", audience="public", is_live=True, kind="article"):
    source = Source.objects.create(kind=kind, title=title, body=body, audience=audience, is_live=is_live)
    index_source(source, outline(title, body))
    return source


@pytest.fixture(params=["exact", "large"])
def reading(request, monkeypatch):
    """Both ways to read: everything, and by the vector index."""
    if request.param == "large":
        monkeypatch.setattr(retrieve, "EXACT_CHUNKS", -1)


def test_words_find_by_how_rare_they_are(words, reading):
    wanted = make_source("Calibrate the anemometer", "Permit holders do it monthly.")
    for number in range(8):
        make_source(f"Permit {number}", "A permit for the site.")
    first = fulltext("permit anemometer", ANYONE)[0]
    assert first.source_id == wanted.pk
    assert 0 < first.rank <= 1


def test_title_words_count_more(words, reading):
    in_body = make_source("Other things", "How to archive a project.")
    in_title = make_source("Archive a project", "Read only from then on.")
    assert [hit.source_id for hit in fulltext("archive project", ANYONE)] == [in_title.pk, in_body.pk]


def test_one_hit_a_source_with_its_best_passage(words, reading):
    source = make_source("Permits", "## Sign\n\ncontractor signature tablet\n\n## Extend\n\nlonger until tomorrow")
    make_source("Reports", "monthly summary")
    hits = hybrid("extend longer tomorrow", embed_one("longer until tomorrow"), ANYONE)
    assert [hit.source_id for hit in hits].count(source.pk) == 1
    assert hits[0].heading == "Extend"
    assert fulltext("extend longer tomorrow", ANYONE)[0].heading == "Extend"


def test_meaning_and_words_each_bring_their_own(words, reading):
    near = make_source("alpha beta gamma")
    named = make_source("delta")
    Chunk.objects.filter(source=named).update(vector=None)
    found = {hit.source_id: hit for hit in hybrid("delta", embed_one("alpha beta gamma"), ANYONE)}
    assert found[near.pk].dense > 0.9
    assert found[near.pk].rank == 0
    assert found[named.pk].rank == 1
    assert found[named.pk].dense == 0


def test_dense_is_the_cosine(words, reading):
    source = make_source("alpha beta")
    vector = embed_one("alpha gamma")
    [hit] = dense(vector, ANYONE)
    assert hit.dense == pytest.approx(float(vector @ source.chunks.get().vector), abs=1e-4)


def test_best_first_and_no_more_than_asked(words, reading):
    for number in range(12):
        make_source(f"Permit {number}", "word " * number)
    hits = hybrid("permit word", embed_one("permit word"), ANYONE, limit=5)
    assert len(hits) == 5
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits == hybrid("permit word", embed_one("permit word"), ANYONE, limit=5)


def test_the_embedder_down_leaves_the_words(words):
    make_source("Extend a permit")
    [hit] = hybrid("extend permit", None, ANYONE)
    assert hit.dense == 0
    assert hit.score == hit.rank > 0


@given(
    sources=st.lists(st.tuples(st.sampled_from(AUDIENCES), st.booleans(), st.sampled_from(["permit", "report", "seat"])), max_size=10),
    asked=st.sampled_from(["permit", "report seat", "permit report seat"]),
    large=st.booleans(),
)
@slow
def test_nobody_is_shown_what_they_may_not_see(words, sources, asked, large):
    Source.objects.all().delete()
    retrieve._sizes.clear()
    made = [make_source(f"{word} {n}", audience=audience, is_live=live) for n, (audience, live, word) in enumerate(sources)]
    before, retrieve.EXACT_CHUNKS = retrieve.EXACT_CHUNKS, -1 if large else 10_000
    try:
        for level, viewer in VIEWERS.items():
            allowed = AUDIENCES[: AUDIENCES.index(level) + 1]
            visible = {source.pk for source in made if source.is_live and source.audience in allowed}
            for hits in (dense(embed_one(asked), viewer, 20), fulltext(asked, viewer, 20), hybrid(asked, embed_one(asked), viewer, 20)):
                assert {hit.source_id for hit in hits} <= visible
            assert {hit.source_id for hit in dense(embed_one(asked), viewer, 20)} == visible
    finally:
        retrieve.EXACT_CHUNKS = before


def test_what_was_published_since_the_last_count_is_found(words, reading):
    """How much is visible is kept for a minute: none then, and one now, must not be a division by nothing."""
    retrieve._sizes.clear()
    assert hybrid("extend permit", embed_one("extend permit"), ANYONE) == []
    source = make_source("Extend a permit")
    assert [hit.source_id for hit in hybrid("extend permit", embed_one("extend permit"), ANYONE)] == [source.pk]


def test_scores_do_not_tell_what_is_hidden(words):
    """Rarity is counted among what the viewer sees: internal pages on a matter must not move a customer's scores."""
    make_source("Refund a payment")
    make_source("Change a payment")
    before = [(hit.title, hit.rank, hit.score) for hit in fulltext("refund payment lawsuit", ANYONE)]
    for number in range(5):
        make_source(f"Payment lawsuit {number}", audience="internal")
    assert [(hit.title, hit.rank, hit.score) for hit in fulltext("refund payment lawsuit", ANYONE)] == before


def test_both_ways_to_read_agree(words, monkeypatch):
    for number in range(30):
        make_source(f"permit report {'seat ' * (number % 4)}{number}", audience=AUDIENCES[number % 3])
    asked = "report seat 7"
    exact = hybrid(asked, embed_one(asked), VIEWERS["customers"], limit=8)
    retrieve._sizes.clear()
    monkeypatch.setattr(retrieve, "EXACT_CHUNKS", -1)
    large = hybrid(asked, embed_one(asked), VIEWERS["customers"], limit=8)
    assert [hit.source_id for hit in exact] == [hit.source_id for hit in large]
    assert [hit.rank for hit in exact] == pytest.approx([hit.rank for hit in large])


@pytest.mark.parametrize(
    "text",
    ["", " ", "'", "''", "\\", "\\'", "a'b\\c", "\x00", "\ud800", "the of and", "& | ! ( ) <-> :*", "100% %s %(x)s {door}", "a:b:A 'x':*",
     "https://a.example/x?y=1&z=%27#f", "word " * 5000, "🙂 你好", "'; DROP TABLE helpdesk_source; --", "\u202e\u0000\u2028", "-", '"open'],
    ids=ascii,
)  # fmt: skip
def test_any_input_is_safe(words, reading, text):
    make_source("Extend a permit", "with 'quotes' and a\\b and https://a.example/x?y=1")
    fulltext(text, ANYONE)
    hybrid(text, embed_one(text), ANYONE)
    assert Source.objects.count() == 1


@given(text=st.text(st.characters(codec=None), max_size=120))
@slow
def test_any_text_is_safe(words, text):
    fulltext(text, ANYONE)


def test_words_with_quotes_are_found_as_they_are(words):
    source = make_source("Fehler o'brien", r"path C:\temp\new")
    assert fulltext(r"o'brien", ANYONE)[0].source_id == source.pk


def test_two_statements_at_most(words, reading, django_assert_max_num_queries):
    make_source("Extend a permit")
    vector = embed_one("permit")
    hybrid("permit", vector, ANYONE)
    with django_assert_max_num_queries(4):  # in the large case also the index's setting, and the transaction it holds for
        hybrid("permit", vector, ANYONE)


def test_numpy_and_lists_are_vectors(words):
    make_source("Extend a permit")
    vector = embed_one("permit")
    assert dense(vector.tolist(), ANYONE) == dense(vector.astype(np.float64), ANYONE) == dense(vector, ANYONE)
