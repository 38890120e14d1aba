"""A learned answer has a customer's question for a title. Other customers read it nowhere before an agent has approved it; agents do."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assistant import turn
from assistant.api import _answer_to
from assistant.why import why
from helpdesk.models import ApiKey, Message, Outbox, Ticket
from helpdesk.models.search import NEUTRAL_TITLE
from helpdesk.question import Question
from helpdesk.search.suggest import complete, search_articles
from helpdesk.widget import telling
from learning.models import Decision, LearnedResolution
from learning.question import Candidate, Scored
from tests.factories import make_admin, make_customer, make_organisation, make_ticket, make_user

pytestmark = pytest.mark.django_db

PRIVATE = "my wife is pregnant and I have epilepsy"
ASKED = f"As {PRIVATE}, can you tell us the fixed IP addresses that your webhooks come from?"
AGAIN = "Our firewall blocks your webhooks. Which fixed IP addresses do they come from?"
TAUGHT = "Webhooks leave from two ranges: 203.0.113.16/28 and 198.51.100.32/28. Allow both in your firewall, on port 443."


@pytest.fixture
def ines(db):
    return make_user()


@pytest.fixture
def bo(db):
    return make_customer("Bo Lind", organisation=make_organisation("Serra Verde"))


@pytest.fixture
def learned(help_centre, happening, ines):
    """Ada asked with more than others should know, and Ines taught the answer."""
    with happening():
        ticket = make_ticket(make_customer(organisation=make_organisation()), ASKED, context={"page": "/integrations"})
    with happening():
        ticket.reply(TAUGHT, by=ines, teach=True)
    with happening():
        ticket.resolve(by=ines)
    return LearnedResolution.objects.select_related("source").get()


@pytest.fixture
def answered(learned, happening, bo):
    """Bo asked the same, and was served it."""
    with happening():
        ticket = make_ticket(bo, AGAIN)
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert ticket.messages.order_by("-seq").first().citations[0]["source"] == learned.source_id
    return ticket


def as_user(person):
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def only(ticket):
    return Decision.objects.filter(ticket=ticket).latest("pk")


def test_the_thread_in_the_portal(answered, bo):
    said = Question.load(answered, bo)
    assert [each["title"] for each in said.sources] == [NEUTRAL_TITLE]
    assert said.answer.meta["title"] == NEUTRAL_TITLE
    assert "epilepsy" not in str(said.answer_html) and "203.0.113.16/28" in str(said.answer_html)


def test_what_was_stored_before_titles_were_private(answered, bo, learned):
    message = answered.messages.order_by("-seq").first()
    message.meta["citations"][0]["title"] = learned.source.title
    message.save(update_fields=["meta"])
    assert [each["title"] for each in Question.load(answered, bo).sources] == [NEUTRAL_TITLE]
    learned.retire(at=timezone.now())
    assert [each["title"] for each in Question.load(answered, bo).sources] == [NEUTRAL_TITLE]


def test_the_widget(answered, bo):
    told = telling.conversation(Question.load(answered, bo))
    assert told["messages"][-1]["sources"][0]["title"] == NEUTRAL_TITLE
    assert "epilepsy" not in str(told)
    assert "epilepsy" not in " ".join(telling.why(answered.messages.order_by("-seq").first()))


def test_why_is_told_in_other_words_to_customers_than_to_agents(answered, ines):
    decision = only(answered)
    assert NEUTRAL_TITLE in " ".join(why(decision).sentences) and "epilepsy" not in str(why(decision))
    page = as_user(ines).get(reverse("assistant:why", args=[decision.pk])).content.decode()
    assert "epilepsy" in page and NEUTRAL_TITLE not in page


def test_the_api(answered):
    told = _answer_to(answered, 1)
    assert told["citations"][0]["title"] == NEUTRAL_TITLE and "epilepsy" not in str(told)
    key = ApiKey.issue(name="CRM", scopes=["tickets:read"], by=make_admin())[1]
    read = Client().get(f"/api/v1/tickets/{answered.pk}/messages/", headers={"Authorization": f"Bearer {key}"})
    assert read.status_code == 200 and "203.0.113.16/28" in read.content.decode() and "epilepsy" not in read.content.decode()


def test_mails(learned, happening, bo):
    with happening():
        ticket = make_ticket(bo, AGAIN, channel="email")
    assert ticket.messages.filter(author=Message.Author.ASSISTANT).exists()
    assert not [row for row in Outbox.objects.all() if any("epilepsy" in str(value) for value in vars(row).values())]


def test_the_choices_of_a_question_back_begin_as_the_answer_does(learned):
    def scored(**fields):
        return Scored(Candidate(dense=0.5, **fields), 0.5, 0.0, {}, {})

    article = scored(source_id=learned.source_id + 1, title="Work without a connection")
    of_it = scored(source_id=learned.source_id, title=learned.source.title, is_learned=True)
    titles = [each["title"] for each in turn._choices([of_it, article])]
    assert titles[0].startswith("Webhooks leave from two ranges") and titles[1] == "Work without a connection"
    assert len(titles[0]) <= 80


def test_search_does_not_find_it(learned, bo):
    for query in ("webhooks", "wife epilepsy"):
        assert all(each.source.pk != learned.source_id for each in search_articles(query, bo).results)
        assert PRIVATE not in Client().get(reverse("portal:search"), {"q": query}).content.decode()
    assert complete("wife", bo) == []


def test_agents_read_the_question_in_the_thread_and_on_its_page(answered, ines):
    browser = as_user(ines)
    assert "epilepsy" in browser.get(reverse("inbox:ticket", args=[answered.pk]), follow=True).content.decode()
    listed = browser.get(reverse("learning:learned"), {"tab": "live"}).content.decode()
    assert "epilepsy" in listed and f"Customers read “{NEUTRAL_TITLE}” over it" in listed


def test_once_an_agent_has_approved_it_customers_read_it(answered, learned, ines, happening):
    as_user(ines).post(reverse("learning:learned_approval", args=[learned.pk]))
    learned.source.refresh_from_db()
    assert learned.source.public_title == learned.source.title == learned.source.public_label
    assert LearnedResolution.objects.get().source.title in " ".join(why(only(answered)).sentences)
    carla = make_customer("Carla Neri")
    with happening():
        ticket = make_ticket(carla, AGAIN)
    assert "epilepsy" in Question.load(Ticket.objects.get(pk=ticket.pk), carla).sources[0]["title"]


def test_other_words_are_private_again(learned, ines):
    learned.approve_title(by=ines, at=timezone.now())
    assert not learned.approve_title(by=ines, at=timezone.now())
    learned.retire(by=ines, at=timezone.now())
    learned.undo(by=ines, at=timezone.now())
    assert not learned.source.is_title_private
    learned.begin_again(at=timezone.now())
    assert learned.source.is_title_private
