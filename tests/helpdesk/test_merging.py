"""Two tickets about the same, and one about two things."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from helpdesk import events, splitting
from helpdesk.identity import CUSTOMER_KEY
from helpdesk.models import Attachment, Event, Merge, Message, Outbox, Ticket, Unsent, User
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


def as_customer_says(client, customer, ticket, fields):
    client.logout()
    as_customer(client, customer, f"/questions/{ticket.pk}/")
    assert client.post(f"/questions/{ticket.pk}/messages/", fields).status_code in {200, 302}


def put(name, *, by):
    return Attachment.put(SimpleUploadedFile(name, name.encode()), by=by).key


def contents(message):
    return {each.name: each.file.read() for each in message.attachments.all()}


def contents_of(*names):
    return {name: name.encode() for name in names}


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

    def test_files_travel_with_what_is_said_later_and_go_back_when_it_is_undone(
        self, client, ines, ada, django_capture_on_commit_callbacks
    ):
        source, target = ticket_of(ada, "Photos are sideways"), ticket_of(ada, "Photos turned")
        source.merge_into(target, by=ines)
        in_portal = {"body": "Here it is", "attachments": [put("roof.txt", by=ada), put("wall.txt", by=ada)], "client_msg_id": "m1"}
        settled(django_capture_on_commit_callbacks, lambda: as_customer_says(client, ada, source, in_portal))
        settled(django_capture_on_commit_callbacks, lambda: fresh(source).say("", customer=ada, attachments=[put("door.txt", by=ada)]))
        first, second = target.messages.filter(meta__via=source.pk)
        assert contents(first) == {"roof.txt": b"roof.txt", "wall.txt": b"wall.txt"}
        assert contents(second) == {"door.txt": b"door.txt"}
        assert (first.body, second.body) == ("Here it is", "")
        assert not Attachment.objects.filter(message=None).exists()
        copy = second.attachments.get()
        assert as_customer(client, ada, copy.get_absolute_url()).status_code == 200
        client.force_login(ines)
        assert client.get(copy.get_absolute_url()).status_code == 200
        path = copy.file.path
        with django_capture_on_commit_callbacks(execute=True):
            assert fresh(source).unmerge(by=ines)
        assert [contents(each) for each in target.messages.filter(meta__via=source.pk)] == [{}, {}]
        bodies = [each.body for each in target.messages.filter(meta__via=source.pk)]
        assert bodies == [f"Here it is\n\n(roof.txt, wall.txt, in {source.pk})", f"(door.txt, in {source.pk})"]
        assert [contents(each) for each in source.messages.all()][1:] == [contents_of("roof.txt", "wall.txt"), contents_of("door.txt")]
        assert not Path(path).exists()

    def test_a_strangers_files_reach_agents_only_and_a_reply_has_its_files_for_both(
        self, client, ines, ada, bo, django_capture_on_commit_callbacks
    ):
        client.logout()
        source, target = ticket_of(ada, "One"), ticket_of(bo, "Other")
        source.merge_into(target, by=ines)
        settled(django_capture_on_commit_callbacks, lambda: fresh(source).say("Mine", customer=ada, attachments=[put("bill.txt", by=ada)]))
        overheard = target.messages.last()
        assert overheard.is_note
        assert contents(overheard) == contents_of("bill.txt")
        assert as_customer(client, bo, overheard.attachments.get().get_absolute_url()).status_code == 404
        settled(django_capture_on_commit_callbacks, lambda: fresh(target).reply("See", by=ines, attachments=[put("plan.txt", by=ines)]))
        copied = source.messages.last()
        assert (copied.body, contents(copied)) == ("See", contents_of("plan.txt"))
        assert as_customer(client, ada, copied.attachments.get().get_absolute_url()).status_code == 200
        assert as_customer(client, ada, target.messages.last().attachments.get().get_absolute_url()).status_code == 404

    def test_where_a_file_is_lost_its_name_is_said(self, ines, ada, django_capture_on_commit_callbacks):
        source, target = ticket_of(ada, "One"), ticket_of(ada, "Other")
        source.merge_into(target, by=ines)
        keys = [put("here.txt", by=ada), put("gone.txt", by=ada)]
        Path(Attachment.objects.get(name="gone.txt").file.path).unlink()
        settled(django_capture_on_commit_callbacks, lambda: fresh(source).say("Two", customer=ada, attachments=keys))
        follower = target.messages.last()
        assert contents(follower) == contents_of("here.txt")
        assert follower.body == f"Two\n\n(gone.txt, in {source.pk})"

    def test_written_since_it_is_open_again_after_undoing(self, ines, ada):
        source, target = ticket_of(ada, "One"), ticket_of(ada, "Other")
        source.resolve(by=ines)
        source.merge_into(target, by=ines)
        fresh(source).say("And now?", customer=ada)
        assert fresh(source).unmerge(by=ines)
        assert fresh(source).state == "open"

    def test_the_way_back_is_offered_where_it_goes_on_and_nobody_answers_where_it_does_not(self, client, ines, ada):
        source, target = ticket_of(ada, "Photos are sideways"), ticket_of(ada, "Photos turned")
        page = client.post(f"/tickets/{source.pk}/merger/", {"into": target.pk, "view": "all"}, follow=True).content.decode()
        assert f'action="/tickets/{source.pk}/merger/"' in page and "data-undo-here" in page
        left = client.get(f"/inbox/all/{source.pk}/").content.decode()
        assert 'id="composer"' not in left and f'href="/inbox/all/{target.pk}/"' in left
        said = client.post(f"/tickets/{source.pk}/messages/", {"kind": "reply", "body": "Turn them.", "seen_seq": 9, "client_msg_id": "a1"})
        assert f"This goes on in {target.pk}. Answer there" in said.content.decode()
        assert not source.messages.filter(author="agent").exists()


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

    def test_its_files_are_in_both(self, ines, ada):
        ticket = ticket_of(ada, "Photos are sideways")
        for body in ("And this dot?", ""):
            said = ticket.say(body, customer=ada, attachments=[put("dot.txt", by=ada)])
            new = splitting.split(said, by=ines)
            assert new.messages.get().body == (body or "Sent dot.txt")
            assert contents(new.messages.get()) == contents(said) == contents_of("dot.txt")

    def test_neither_what_agents_wrote_nor_what_it_is_about_splits(self, ines, ada):
        ticket = ticket_of(ada, "Photos are sideways")
        for message in (ticket.note("Hm", by=ines), ticket.reply("So", by=ines), ticket.messages.get(seq=1)):
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
