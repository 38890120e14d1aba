from contextlib import contextmanager

import pytest

# Nothing of Django's at the top: pytest reads this file before the settings have a database.

ASKED = "Our Zebra scanner enters every code twice on the asset screen"
AGAIN = "The scanner enters every code twice on our asset screen"
ANSWER = "Switch off keystroke output in the DataWedge profile of the scanner, then scan again. Nothing else needs to change."
GUEST = "How can a subcontractor sign a permit without an account of their own?"


@pytest.fixture(autouse=True)
def words(settings):
    """An embedder without weights: texts that share words are near each other."""
    from helpdesk.search import embedder
    from learning import policies

    settings.EMBEDDER = "tests.search.fakes.Words"
    embedder.forget_embedder()
    policies.forget()
    yield
    embedder.forget_embedder()
    policies.forget()


@pytest.fixture
def happening(django_capture_on_commit_callbacks):
    """What the verbs in this block set off has happened when it ends."""
    from helpdesk import events

    @contextmanager
    def block():
        with events.inline(), django_capture_on_commit_callbacks(execute=True):
            yield

    return block


@pytest.fixture
def ines(db):
    from tests.factories import make_user

    return make_user()


@pytest.fixture
def ada(db):
    from tests.factories import make_customer, make_organisation

    return make_customer(organisation=make_organisation())


@pytest.fixture
def articles(db, happening):
    from tests.factories import make_article

    with happening():
        return [
            make_article("Guest signatures for a subcontractor", "A subcontractor can sign a permit as a guest, without an account."),
            make_article("Extend or cancel a permit", "Open the permit and choose **Extend** or **Cancel**."),
            make_article("Work offline", "Forms and photos are kept on the phone until there is a connection."),
        ]


@pytest.fixture
def decided(articles, happening):
    """A ticket of a customer with its first decision, made to be an answer from `source`."""
    from learning.models import Decision
    from tests.factories import make_ticket

    def make(customer, question=GUEST, article=None, at=None, page=""):
        with happening():
            ticket = make_ticket(customer, question, context={"page": page} if page else {}, at=at)
        decision = Decision.objects.filter(ticket=ticket).order_by("pk").first()
        source = (article or articles[0]).source
        if decision.kind != "answer" or decision.source_id != source.pk:
            decision.source, decision.kind, decision.shown, decision.confidence = source, "answer", True, 0.7
            decision.save()
            type(ticket).objects.filter(pk=ticket.pk).update(handler="assistant")
            ticket.refresh_from_db()
            ticket.just_decided = decision
            with happening():
                ticket.answer("As it stands in the article.", meta={"kind": "answer", "decision": decision.pk}, at=ticket.opened_at)
        ticket.refresh_from_db()
        return ticket, Decision.objects.get(pk=decision.pk)

    return make


@pytest.fixture
def solve(articles, ines, happening):
    """A customer asks, Inês answers, and that solves it."""

    from tests.factories import make_ticket

    def solved(customer, asked=ASKED, answer=ANSWER, teach=False):
        with happening():
            ticket = make_ticket(customer, asked)
        ticket.refresh_from_db()
        with happening():
            if ticket.handler != "team":
                ticket.ask_for_person(customer=customer)
        ticket.refresh_from_db()
        with happening():
            ticket.reply(answer, by=ines, teach=teach)
            ticket.resolve(by=ines)
        ticket.refresh_from_db()
        return ticket

    return solved
