"""The demo company: there after one run, the same after two, with the people whom `make demo` names."""

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command

from config import demo
from helpdesk.models import Article, Customer, Ticket, User


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_it_loads_once_and_its_people_can_sign_in(capsys):
    call_command("load_demo", tickets=3)
    counts = [model.objects.count() for model in (Article, Customer, Ticket, User)]
    assert counts[2] >= 3
    call_command("load_demo", tickets=3)
    assert [model.objects.count() for model in (Article, Customer, Ticket, User)] == counts

    for role in ("Admin", "Agent"):
        user = authenticate(None, username=demo.LOGINS[role][0], password=demo.PASSWORD)
        assert user is not None
        assert user.role == role.lower()
    assert Customer.objects.get(email=demo.LOGINS["Customer"][0]).is_verified
