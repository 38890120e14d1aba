"""The demo company: there after one run, the same after two, with the people whom `make demo` names."""

import json
import re

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.utils import timezone

from assistant.management.commands import load_demo
from config import demo, pretend
from config.pretend.server import PEOPLE
from helpdesk import events, macros
from helpdesk.finding.meaning import understand
from helpdesk.intake import open_ticket
from helpdesk.models import SYSTEM, Article, Customer, Event, Macro, SavedView, Site, Ticket, User
from learning.models import Decision
from tests.factories import make_ticket


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_it_loads_once_and_its_people_can_sign_in(capsys):
    call_command("load_demo", tickets=3)
    models = (Article, Customer, Ticket, User, Macro, SavedView)
    counts = [model.objects.count() for model in models]
    assert counts[2] >= 3
    call_command("load_demo", tickets=3)
    assert [model.objects.count() for model in models] == counts
    assert not any(macros.unknown(each.body) for each in Macro.objects.all())
    assert not any(understand(each.query, agent=each.owner).problems for each in SavedView.objects.all())

    for role in ("Admin", "Agent"):
        user = authenticate(None, username=demo.LOGINS[role][0], password=demo.PASSWORD)
        assert user is not None
        assert user.role == role.lower()
    assert Customer.objects.get(email=demo.LOGINS["Customer"][0]).is_verified


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_load_that_was_cut_off_starts_over(monkeypatch):
    def cut_off(*args, **kwargs):
        yield from ()
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(load_demo, "play", lambda scripts, cast, **rest: cut_off(make_ticket(cast.customers[0])))
        with pytest.raises(KeyboardInterrupt):
            call_command("load_demo", tickets=3)
    assert Ticket.objects.count() == 1
    call_command("load_demo", tickets=3)
    assert Ticket.objects.count() == 3


@pytest.mark.django_db
def test_the_product_that_carries_the_widget_is_one_site_however_often_it_is_loaded(tmp_path):
    Event.record(load_demo.LOADED, by=SYSTEM, at=timezone.now())
    kept = tmp_path / "pretend.json"
    for port in (8002, 8002, 8102):
        call_command("load_demo", carried_by=port, keep_in=kept, verbosity=0)
        kept.chmod(0o644)
    call_command("load_demo", carried_by=8102, keep_in=kept, verbosity=0)
    site = Site.objects.get()
    assert site.origins == [f"http://{name}:{port}" for port in (8002, 8102) for name in ("localhost", "127.0.0.1")]
    assert json.loads(kept.read_text()) == {"key": site.key, "secret": site.secret}
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.django_db
def test_it_keeps_out_of_a_company_that_is_at_work():
    make_ticket()
    with pytest.raises(CommandError, match="another company"):
        call_command("load_demo")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, reset_sequences=True)  # chance draws by number: here as in a new database
def test_what_the_readme_says_to_ask_is_answered_with_room_to_spare(root, settings):
    """The whole history is played: what the assistant is sure of, and how sure it has to be, follows from all of it."""
    settings.HOLDOUT_SHARE, settings.EXPLORATION_SHARE = 0.05, 0.02  # as `make demo` has them: some of the history is held out
    call_command("load_demo", verbosity=0)
    assert Ticket.objects.count() == 416
    question = re.search(r'Ask \*"(.+?)"\*', (root / "README.md").read_text(), re.DOTALL)[1]
    customer = Customer.objects.get(email=demo.LOGINS["Customer"][0])
    with events.inline():
        ticket = open_ticket(customer=customer, body=" ".join(question.split()))
    decision = Decision.objects.get(ticket=ticket)
    assert decision.kind == Decision.Kind.ANSWER
    assert "subcontract" in decision.source.title.lower()
    assert decision.confidence - decision.threshold > 0.02
    asking = zip(pretend.ANSWERS, PEOPLE.values(), strict=True)  # as the pretend product's pages suggest it: each by somebody else
    found = {page: answered(Customer.objects.with_email(each.email), pretend.TRY, page) for page, each in asking}
    assert found == pretend.ANSWERS


def answered(customer, question, page):
    """The article that is answered with there, or None."""
    with events.inline():
        ticket = open_ticket(customer=customer, body=question, channel=Ticket.Channel.CHAT, context={"page": page})
    decision = Decision.objects.select_related("source__article").get(ticket=ticket)
    return decision.source.article.slug if decision.kind == Decision.Kind.ANSWER else None
