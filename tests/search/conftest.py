import os

import pytest

# Nothing of Django's at the top: pytest reads this file before the settings have a database.


@pytest.fixture(autouse=True)
def fresh():
    from helpdesk.search import embedder, retrieve

    embedder.forget_embedder()
    retrieve._sizes.clear()
    yield
    embedder.forget_embedder()
    retrieve._sizes.clear()


@pytest.fixture
def words(settings):
    """An embedder without weights."""
    settings.EMBEDDER = "tests.search.fakes.Words"


@pytest.fixture
def no_embedder(settings, tmp_path):
    settings.DATA_DIR, settings.EMBEDDER = tmp_path, "minilm"


@pytest.fixture(scope="session")
def weights():
    """The folder with the real weights."""
    from django.conf import settings

    from helpdesk.search import minilm

    folder = minilm.weights_dir(settings.DATA_DIR)
    if not (folder / "model.safetensors").is_file():
        why = "the weights are not here: python -m config.weights"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    return folder


@pytest.fixture(scope="session")
def model(weights):
    from django.conf import settings

    from helpdesk.search.embedder import MiniLM

    return MiniLM(settings.DATA_DIR)
