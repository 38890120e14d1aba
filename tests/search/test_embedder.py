import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from helpdesk.search import embedder, minilm
from helpdesk.search.embedder import EmbedderUnavailable, embed, embed_one, get_embedder
from helpdesk.search.kept import Kept
from tests.search.reference import Reference

QUESTIONS = [
    "How can a subcontractor sign a permit without a seat?",
    "The app says 'Sync failed (E-204)' on Android 14 and my photos are gone",
    "Where do I change the VAT number on our invoices?",
    "permit expired on site, can I still extend it",
    "I was charged twice this month, please refund the second payment.",
    "How do I export every inspection of a project as PDF?",
    "Our SSO stopped working after we renewed the certificate in Azure",
    "can't log in",
    "What happens to my data when the trial ends, and who can still read it?",
    "Wie kann ich die Sprache der App ändern?",
    "Is there an API to read forms, and which limits does it have?",
    "My colleague Zoë left; move her open actions to me.",
    "it does not work",
    "Please add 25 more seats from the 1st of next month and send me a quote for annual billing. " * 4,
    "Offline map tiles don't download over the hotel wifi " * 40,
]
ODD = [
    "",
    " ",
    "?",
    "\x00",
    "a\x00b",
    "\ud800 lone",
    "🙂🙂",
    "你好,世界",
    "\u202eright to left",
    "é" * 3000,
    "word " * 20_000,
    "\n\t\r",
    "<script>",
    "x" * 100_000,
]


@pytest.fixture(scope="module")
def reference(weights, model):
    return Reference(load_file(weights / "model.safetensors"), model._tokenizer)


def test_int8_says_what_float_says(model, reference):
    cosines = (model.embed(QUESTIONS) * reference.embed(QUESTIONS)).sum(axis=1)
    assert cosines.min() > 0.99
    assert cosines.mean() > 0.995


def test_int8_ranks_as_float_does(model, reference):
    fast, slow = model.embed(QUESTIONS), reference.embed(QUESTIONS)
    fast, slow = fast @ fast.T - 2 * np.eye(len(fast)), slow @ slow.T - 2 * np.eye(len(slow))
    assert (fast.argmax(axis=1) == slow.argmax(axis=1)).mean() > 0.9
    assert np.abs(fast - slow).max() < 0.05


def test_near_meanings_are_near(model):
    vectors = model.embed(["How do I reset my password?", "I forgot my login code", "Export inspections as PDF"])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_a_text_has_one_vector_whatever_stands_beside_it(model):
    alone = np.concatenate([model.embed([text]) for text in QUESTIONS])
    assert np.array_equal(alone, model.embed(QUESTIONS))
    assert np.array_equal(alone[::-1], model.embed(QUESTIONS[::-1]))
    assert np.array_equal(alone, model.embed(QUESTIONS))


def test_threads_share_it(model):
    expected = model.embed(QUESTIONS[:4])
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(model.embed, [QUESTIONS[:4]] * 24):
            assert np.array_equal(found, expected)


@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text[:12]))
def test_odd_texts_have_vectors_too(model, text):
    vector = model.embed([text])
    assert vector.shape == (1, 384)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@given(text=st.text(st.characters(codec=None), max_size=200))
@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_text_has_a_vector(model, text):
    assert np.linalg.norm(model.embed([text])) == pytest.approx(1, abs=1e-5)


def test_no_texts_no_vectors(model):
    assert model.embed([]).shape == (0, 384)


def test_the_process_has_one(weights):
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: get_embedder(), range(8)))
    assert len(found) == 1
    assert embed_one("hello").shape == (384,)


def test_missing_weights_are_said_plainly(no_embedder):
    with pytest.raises(EmbedderUnavailable, match="run `python -m config.weights`"):
        embed_one("hello")


def test_changed_weights_are_refused(settings, weights, tmp_path):
    folder = minilm.weights_dir(tmp_path)
    folder.mkdir(parents=True)
    (folder / "tokenizer.json").write_bytes((weights / "tokenizer.json").read_bytes())
    body = bytearray((weights / "model.safetensors").read_bytes())
    body[-1] ^= 1
    (folder / "model.safetensors").write_bytes(body)
    settings.DATA_DIR = tmp_path
    with pytest.raises(EmbedderUnavailable, match="checksum"):
        get_embedder()


def test_a_failure_is_not_retried_at_every_question(no_embedder, monkeypatch):
    loads = []
    real = embedder._load
    monkeypatch.setattr(embedder, "_load", lambda: loads.append(1) or real())
    for _ in range(3):
        with pytest.raises(EmbedderUnavailable):
            get_embedder()
    assert len(loads) == 1
    monkeypatch.setattr(embedder, "RETRY_SECONDS", 0)
    with pytest.raises(EmbedderUnavailable):
        get_embedder()
    assert len(loads) == 2


@pytest.mark.parametrize("name", ["Broken", "Garbled", "Narrow", "NotThere"])
def test_whatever_goes_wrong_is_one_error(settings, name):
    settings.EMBEDDER = f"tests.search.fakes.{name}"
    with pytest.raises(EmbedderUnavailable):
        embed(["hello"])


def test_two_processes_build_the_graph_once(weights, tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    built = []

    def build(source, target):
        built.append(target)
        target.write_bytes(b"graph")

    monkeypatch.setattr(minilm, "_build", build)
    threads = [threading.Thread(target=minilm.graph_path, args=[tmp_path]) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(built) == 1


def test_no_text_is_embedded_twice(words, tmp_path):
    path = tmp_path / "cache" / "vectors.npz"
    kept = Kept(get_embedder(), path)
    first = kept.embed(["one", "two", "one"])
    kept.save()
    again = Kept(get_embedder(), path)
    again._embedder = None
    assert np.array_equal(again.embed(["two", "one"]), first[[1, 0]])


def test_two_runs_at_once_lose_nothing_of_each_other(words, tmp_path):
    path = tmp_path / "vectors.npz"
    one, other = (Kept(get_embedder(), path) for _ in range(2))
    one.embed(["one"])
    other.embed(["two"])
    one.save()
    other.save()
    again = Kept(get_embedder(), path)
    again._embedder = None
    assert again.embed(["one", "two"]).shape == (2, 384)


def test_a_broken_cache_is_only_a_slow_one(words, tmp_path):
    path = tmp_path / "vectors.npz"
    for rubbish in (b"", b"PK\x03\x04rubbish", b"\x93NUMPY"):
        path.write_bytes(rubbish)
        assert Kept(get_embedder(), path).embed(["one"]).shape == (1, 384)
    assert Kept(get_embedder(), path).embed([]).shape == (0, 384)
