import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser

from helpdesk.models import Chunk, Source
from helpdesk.search.index import Piece, index_source, outline, reembed_missing
from helpdesk.search.retrieve import fulltext, hybrid
from tests.factories import make_article

pytestmark = pytest.mark.django_db
ANYONE = AnonymousUser()


def make_source(title="Extend a permit", body="Open the permit and choose **Extend**.", **fields):
    return Source.objects.create(**{"kind": "article", "title": title, "body": body, "is_live": True, **fields})


def test_chunks_are_replaced_not_added(words):
    source = make_source()
    assert index_source(source, [Piece("One", "first"), Piece("Two", "second")]) == 2
    assert index_source(source, [Piece("One", "first, revised")]) == 1
    assert [chunk.text for chunk in source.chunks.all()] == ["first, revised"]


def test_vectors_have_length_one(words):
    source = make_source()
    index_source(source, outline(source.title, source.body))
    assert np.linalg.norm(source.chunks.get().vector) == pytest.approx(1, abs=1e-4)


def test_the_title_counts_in_every_chunk(words):
    source = make_source(title="zebra")
    index_source(source, [Piece("", "giraffe"), Piece("", "lion")])
    other = make_source(title="lion giraffe")
    index_source(other, [Piece("", "elephant")])
    [first, *_] = hybrid("zebra", _vector("zebra"), ANYONE)
    assert first.source_id == source.pk


def test_nothing_to_split_is_still_a_chunk(words):
    source = make_source(title="Only a title", body="")
    assert index_source(source, []) == 1
    assert source.chunks.get().text == "Only a title"


def test_nul_and_long_headings_are_taken(words):
    source = make_source()
    index_source(source, [Piece("h" * 999, "a\x00b"), Piece("", "\x00")])
    assert [(len(chunk.heading), chunk.text) for chunk in source.chunks.all()] == [(300, "ab")]


def test_an_overtaken_index_run_changes_nothing(words):
    """Two workers, two versions: the older text must not win by being slower."""
    stale = make_source(body="old")
    Source.objects.filter(pk=stale.pk).update(body="new")
    fresh = Source.objects.get(pk=stale.pk)
    index_source(fresh, [Piece("", "new")])
    index_source(stale, [Piece("", "old")])
    assert fresh.chunks.get().text == "new"


def test_published_text_is_found_at_once_without_chunks(words):
    article = make_article("Work offline on a tablet", "Choose **Keep on this device** before you leave the office.")
    assert Chunk.objects.count() == 0
    [hit] = fulltext("keep device offline", ANYONE)
    assert (hit.title, hit.chunk_id) == (article.title, None)
    assert "Keep on this device" in hit.text


def test_without_the_embedder_the_index_converges_later(no_embedder, settings):
    from helpdesk.search.embedder import forget_embedder

    indexed, never = make_source(), make_source(title="Renew a certificate", body="Go to **Team**.")
    index_source(indexed, outline(indexed.title, indexed.body))
    assert indexed.chunks.get().vector is None
    assert [hit.source_id for hit in fulltext("extend the permit", ANYONE)] == [indexed.pk]
    assert reembed_missing() == 0

    settings.EMBEDDER = "tests.search.fakes.Words"
    forget_embedder()
    reembed_missing()
    assert Chunk.objects.filter(vector=None).count() == 0
    assert set(Chunk.objects.values_list("source_id", flat=True)) == {indexed.pk, never.pk}
    assert reembed_missing() == 0


def test_catching_up_goes_in_steps(words):
    for number in range(5):
        Chunk.objects.create(source=make_source(), position=0, text=f"text {number}")
    assert [reembed_missing(limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_outline_splits_by_headings_not_inside_code():
    text = "Intro.\n\n## First ##\n\nOne.\n\n```\n# not a heading\n```\n\n### Second\nTwo."
    assert [(piece.heading, piece.text) for piece in outline("Title", text)] == [
        ("Title", "Intro."),
        ("First", "One.\n\n```\n# not a heading\n```"),
        ("Second", "Two."),
    ]


def test_outline_keeps_every_word_of_a_long_section():
    body = "\n\n".join(f"Paragraph {number} " + "word " * 60 for number in range(20))
    pieces = outline("Title", body)
    assert len(pieces) > 5
    assert " ".join(" ".join(piece.text for piece in pieces).split()) == " ".join(body.split())


def test_outline_of_nothing_is_nothing():
    assert outline("Title", " \n\n ") == []


def _vector(text):
    from helpdesk.search.embedder import embed_one

    return embed_one(text)
