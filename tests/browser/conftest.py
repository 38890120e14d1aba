import pytest


def nothing_learned():
    from helpdesk.models import Source
    from learning.models import Decision, Policy, Suspicion

    Decision.objects.all().delete()
    Suspicion.objects.all().delete()
    Policy.objects.all().delete()
    Source.objects.filter(kind=Source.Kind.RESOLUTION).delete()


@pytest.fixture
def day_one(server):
    """The assistant of the first day. The server is one for all tests, and whoever asks the same question in each has come back with it."""
    server.do(nothing_learned)
