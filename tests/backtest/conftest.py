import json
import os

import pytest

# Nothing of Django's at the top: pytest reads this file before the settings have a database.

ARTICLES = [
    {"key": "guest", "title": "Guest signatures", "body": "A subcontractor can sign as a guest.", "page": "/permits"},
    {"key": "offline", "title": "Work offline", "body": "Photos are kept on the phone until there is a connection."},
    {"key": "invoice", "title": "Download an invoice", "body": "Open **Billing > Invoices**.", "category": "Billing"},
]
TICKETS = [
    {"key": "t1", "question": "How can a subcontractor sign as a guest?", "resolved_by": "guest", "customer": "ada", "page": "/permits"},
    {"key": "t2", "question": "Where do I download my invoice?", "resolved_by": "invoice", "customer": "bo", "segment": {"plan": "team"}},
    {"key": "t3", "question": "Are photos kept on the phone offline?", "resolved_by": "offline", "customer": "ada"},
    {"key": "t4", "question": "What is the meaning of life?", "resolved_by": None, "customer": "cy"},
]


@pytest.fixture
def folder(tmp_path):
    """A corpus; call it with lines to write another one."""

    def write(articles=ARTICLES, tickets=TICKETS):
        for name, lines in (("articles", articles), ("tickets", tickets)):
            text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
            (tmp_path / f"{name}.jsonl").write_text(text + "\n", encoding="utf-8")
        return tmp_path

    write()
    return write


@pytest.fixture
def words(settings):
    from helpdesk.search import embedder

    settings.EMBEDDER = "tests.search.fakes.Words"
    embedder.forget_embedder()
    yield
    embedder.forget_embedder()


@pytest.fixture
def weights():
    """The real embedder: figures of another one say nothing."""
    from django.conf import settings

    from helpdesk.search import minilm

    folder = minilm.weights_dir(settings.DATA_DIR)
    if not (folder / "model.safetensors").is_file():
        why = "the weights are not here: python -m config.weights"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    return folder
