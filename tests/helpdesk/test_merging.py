"""Two tickets about the same, and one about two things."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from helpdesk import events, splitting
from helpdesk.identity import CUSTOMER_KEY
from helpdesk.models import Event, Merge, Message, Outbox, Ticket, Unsent, User
from tests.factories import make_customer, make_team, make_ticket, make_user


@pytest.fixture
def ines(db, client):
    agent = make_user()
    client.force_login(agent)
    return agent


@pytest.fixture
def ada(db):
    return make_customer()


@pytest.fixture
def bo(db):
    return make_customer("Bo Lind")


def ticket_of(customer, body):
    return make_ticket(customer, body, handler="team")


def fresh(ticket):
    return Ticket.objects.select_related("customer").get(pk=ticket.pk)


@pytest.fixture(autouse=True)
def here(django_capture_on_commit_callbacks, request):
    """Consumers run as they do after a commit."""
    if "transactional_db" in request.fixturenames:
        yield
        return
    with events.inline():
        yield


def settled(capture, work):
    with capture(execute=True):
        return work()


def as_customer(client, customer, path):
    session = client.session
    session[CUSTOMER_KEY] = customer.pk
    session.save()
    return client.get(path)


class TestMerging:
    def test_it_is_closed_linked_both_ways_and_undone_as_it_was(self, client, ines, ada):
        source, target = ticket_of(ada, "Photos are sideways"), ticket_of(ada, "Photos turned")
        source.assign(to=ines, by=ines)
        waited = source.waiting_since
        assert source.merge_into(target, by=ines)
        assert source.merge_into(target, by=ines) is None
        page = client.get(f"/inbox/all/{source.pk}/").content.decode()
        assert f'You</b> merged this into <a class="link num" href="/tickets/{target.pk}/"' in page
        assert "This goes on in" in page
        assert f'merged <a class="link num" href="/tickets/{source.pk}/"' in client.get(f"/inbox/all/{target.pk}/").content.decode()
        assert source.state == "resolved"
        assert not source.resolutions.exists()  # merged is not solved
        assert client.post(f"/tickets/{source.pk}/merger/", {"_method": "delete"}).status_code == 302
        again = fresh(source)
        assert (again.state, again.assignee, again.waiting_since, again.merged_into, again.resolved_at) == (
            "open",
            ines,
            waited,
            None,
            None,
        )
        assert source.unmerge(by=ines) is False
        verbs = Counter(Event.objects.values_list("verb", flat=True))
        assert [verbs[f"ticket.{each}"] for each in ("merged", "absorbed", "unmerged", "released")] == [1, 1, 1, 1]

    def test_what_is_said_later_follows_once_and_opens_the_other_one(self, ines, ada, django_capture_on_commit_callbacks):
        source, target = ticket_of(ada, "Photos are sideways"), ticket_of(ada, "Photos turned")
        target.resolve(by=ines)
        source.merge_into(target, by=ines)
        said = settled(django_capture_on_commit_callbacks, lambda: fresh(source).say("It is back", customer=ada))
        again = events.consume("merged", Event.objects.get(verb="message.said", ticket=source).pk)
        assert again is False
        assert fresh(source).state == "resolved"
        assert fresh(target).state == "open"
        follower = target.messages.last()
        assert (follower.body, follower.meta, follower.is_note) == ("It is back", {"via": source.pk}, False)
        assert said.ticket_id == source.pk

    def test_a_stranger_never_reads_the_other_ones_history(self, client, ines, ada, bo, django_capture_on_commit_callbacks):
        """Ada's ticket goes on in Bo's: her words reach agents only, replies reach both, and each opens their own page and no other."""
        source, target = ticket_of(ada, "Our contract of 1999"), ticket_of(bo, "Contracts cannot be opened")
        source.merge_into(target, by=ines)
        settled(django_capture_on_commit_callbacks, lambda: fresh(source).say("Number 4711", customer=ada))
        assert target.messages.last().is_note
        settled(django_capture_on_commit_callbacks, lambda: fresh(target).reply("It is mended.", by=ines))
        bos, adas = as_customer(client, bo, f"/questions/{target.pk}/"), as_customer(client, ada, f"/questions/{source.pk}/")
        for secret in ("1999", "4711", "Ada"):
            assert secret not in bos.content.decode()
        assert "It is mended." in bos.content.decode()
        assert "It is mended." in adas.content.decode()
        assert "Contracts cannot be opened" not in adas.content.decode()
        assert as_customer(client, ada, f"/questions/{target.pk}/").status_code == 404
        assert {each.to for each in Outbox.objects.filter(kind="reply_mail")} == {ada.email, bo.email}

    def test_where_the_agent_says_so_both_read_what_is_said_from_then_on(self, client, ines, ada, bo, django_capture_on_commit_callbacks):
        source, target = ticket_of(ada, "Our contract of 1999"), ticket_of(bo, "Contracts cannot be opened")
        source.merge_into(target, by=ines, shares=True)
        settled(django_capture_on_commit_callbacks, lambda: fresh(source).say("Number 4711", customer=ada))
        page = as_customer(client, bo, f"/questions/{target.pk}/").content.decode()
        assert "4711" in page
        assert "1999" not in page

    def test_the_agent_sees_who_gets_the_reply(self, client, ines, ada, bo):
        source, target = ticket_of(ada, "One"), ticket_of(bo, "Other")
        source.merge_into(target, by=ines)
        assert "to Bo and Ada" in client.get(f"/inbox/all/{target.pk}/").content.decode()

    def test_a_chain_ends_where_it_goes_on_and_a_circle_is_refused(self, ines, ada, django_capture_on_commit_callbacks):
        first, second, third = (ticket_of(ada, f"Matter {n}") for n in range(3))
        first.merge_into(second, by=ines)
        second.merge_into(third, by=ines)
        settled(django_capture_on_commit_callbacks, lambda: fresh(first).say("Hello?", customer=ada))
        assert third.messages.last().body == "Hello?"
        with pytest.raises(ValidationError):
            fresh(third).merge_into(fresh(first), by=ines)
        with pytest.raises(ValidationError):
            fresh(third).merge_into(fresh(third), by=ines)

    def test_nobody_merges_into_what_they_may_not_see(self, client, ines, ada):
        source, closed = ticket_of(ada, "One"), make_ticket(team=make_team("Legal", is_private=True))
        client.post(f"/tickets/{source.pk}/merger/", {"into": closed.pk})
        assert fresh(source).merged_into is None
        assert closed.subject not in client.get(f"/tickets/{source.pk}/merger/", {"q": str(closed.pk)}).content.decode()

    def test_written_since_it_is_open_again_after_undoing(self, ines, ada):
        source, target = ticket_of(ada, "One"), ticket_of(ada, "Other")
        source.resolve(by=ines)
        source.merge_into(target, by=ines)
        fresh(source).say("And now?", customer=ada)
        assert fresh(source).unmerge(by=ines)
        assert fresh(source).state == "open"


class TestSplitting:
    def test_a_second_matter_gets_a_ticket_of_its_own_once(self, client, ines, ada):
        ticket = ticket_of(ada, "Photos are sideways")
        said = ticket.say("And what does the orange dot mean?", customer=ada)
        for _ in range(2):
            response = client.post(f"/tickets/{ticket.pk}/messages/{said.seq}/split/", {"subject": "Orange dot"})
        new = Ticket.objects.exclude(pk=ticket.pk).get()
        assert response.headers["Location"] == f"/inbox/everything/{new.pk}/"
        assert (new.subject, new.customer, new.assignee, new.messages.get().body) == ("Orange dot", ada, ines, said.body)
        assert ticket.messages.count() == 2
        assert [ticket.events.filter(verb="ticket.split").count(), new.events.filter(verb="ticket.split_off").count()] == [1, 1]
        assert f"/tickets/{new.pk}/" in client.get(f"/inbox/all/{ticket.pk}/").content.decode()
        assert f"/tickets/{ticket.pk}/" in client.get(f"/inbox/all/{new.pk}/").content.decode()

    def test_what_agents_wrote_does_not_split(self, ines, ada):
        ticket = ticket_of(ada, "Photos are sideways")
        for message in (ticket.note("Hm", by=ines), ticket.reply("So", by=ines)):
            with pytest.raises(ValidationError):
                splitting.split(message, by=ines)
        assert Ticket.objects.count() == 1


ROUNDS = 500


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_agents_at_one_ticket_five_hundred_times(transactional_db):
    """Resolving, reopening, assigning, merging, undoing, replying at once, in random order: each real change has one Event, and the state is one."""
    agents = [make_user(), make_user("Tom Aldridge")]
    ada = make_customer()
    ticket, other = (make_ticket(ada, body, handler="team") for body in ("One", "Other"))
    work = {
        "ticket.resolved": lambda t, agent: t.resolve(by=agent),
        "ticket.reopened": lambda t, agent: t.reopen(by=agent),
        "ticket.assigned": lambda t, agent: t.assign(to=agent, by=agent),
        "ticket.merged": lambda t, agent: t.merge_into(other_of(t), by=agent),
        "ticket.unmerged": lambda t, agent: t.unmerge(by=agent),
    }

    def other_of(t):
        return Ticket.objects.get(pk=other.pk if t.pk == ticket.pk else ticket.pk)

    def at_work(agent_pk):
        chance, agent, done = random.Random(agent_pk), User.objects.get(pk=agent_pk), Counter()
        for _ in range(ROUNDS):
            verb = chance.choice(list(work))
            mine = Ticket.objects.get(pk=chance.choice([ticket.pk, ticket.pk, ticket.pk, other.pk]))
            try:
                done[verb] += bool(work[verb](mine, agent))
            except ValidationError:
                done["refused"] += 1
        connection.close()
        return done

    with ThreadPoolExecutor(2) as desks:
        done = sum(desks.map(at_work, [agent.pk for agent in agents]), Counter())
    told = Counter(Event.objects.filter(verb__in=work).values_list("verb", flat=True))
    assert {verb: told[verb] for verb in work} == {verb: done[verb] for verb in work}
    assert min(done[verb] for verb in work) > 10
    for each in (fresh(ticket), fresh(other)):
        standing = Merge.objects.standing().filter(source=each)
        assert (each.merged_into_id is not None) == standing.exists()
        assert (each.state == "resolved") == (each.resolved_at is not None)
        assert each.resolutions.filter(reversed_at=None).count() <= 1
    assert Message.objects.count() == 2
    assert not Unsent.objects.exists()
    assert not (fresh(ticket).merged_into_id and fresh(other).merged_into_id)
