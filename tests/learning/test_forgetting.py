"""Without Ada: what was learned from her is as if she had never asked, and what others had taught too stays, in their words. Inês answers."""

import pytest
from django.utils import timezone

from learning import forgetting, merging, rebuild
from learning.models import LearnedResolution
from tests.factories import make_customer
from tests.learning.conftest import AGAIN, ANSWER

pytestmark = pytest.mark.django_db


def only() -> LearnedResolution:
    return LearnedResolution.objects.select_related("source").get()


def relearned() -> str:
    for _ in rebuild.relearn():
        pass
    return rebuild.state_hash()


def test_what_was_unlearned_nobody_brings_back(solve, ada, ines):
    solve(ada, teach=True)
    forgetting.unlearn(ada, at=timezone.now())
    assert only().is_forgotten
    assert not only().approve(by=ines, at=timezone.now()) and not only().undo(by=ines, at=timezone.now())
    assert not only().source.is_live


def test_what_only_she_taught_says_nothing_any_more(solve, ada, ines, client):
    solve(ada, teach=True)
    forgetting.unlearn(ada, at=timezone.now())
    gone = only()
    assert (gone.question, gone.answer, gone.source.body, gone.source.chunks.count()) == ("", "", "", 0)
    client.force_login(ines, backend="django.contrib.auth.backends.ModelBackend")
    assert "DataWedge" not in client.get("/learned/?tab=retired").text
    solve(make_customer("Bo Lind"), AGAIN, teach=True)
    assert LearnedResolution.objects.filter(state="live").count() == 1, "it can be learned anew"


@pytest.mark.parametrize(
    ("hers", "his", "left"), [(True, True, "live"), (True, False, "shadow"), (False, True, "live"), (False, False, "shadow")]
)
def test_what_another_taught_too_is_his_alone(solve, ada, hers, his, left):
    solve(ada, teach=hers)
    ticket = solve(make_customer("Bo Lind"), AGAIN, f"{ANSWER} Good luck.", teach=his)
    assert only().answer == ANSWER
    forgetting.unlearn(ada, at=timezone.now())
    handed = only()
    assert (handed.ticket, handed.state, handed.question) == (ticket, left, AGAIN)
    assert handed.answer == handed.source.body == f"{ANSWER} Good luck." and handed.source.is_live == (left == "live")
    after = rebuild.state_hash()
    assert relearned() == after and forgetting.unlearn(ada, at=timezone.now()) == 0 and only().state == left


def test_approved_on_her_ticket_alone_it_has_to_prove_itself_again(solve, ada, ines):
    solve(make_customer("Bo Lind"))
    solve(ada, AGAIN, teach=True)
    assert only().state == "live"
    forgetting.unlearn(ada, at=timezone.now())
    assert (only().state, only().source.is_live, only().answer) == ("shadow", False, ANSWER)


def test_approved_by_an_agent_on_its_page_it_stays(solve, ada, ines):
    solve(make_customer("Bo Lind"))
    only().approve(by=ines, at=timezone.now())
    solve(ada, AGAIN, teach=True)
    forgetting.unlearn(ada, at=timezone.now())
    assert only().state == "live"


def test_what_hers_stood_for_stands_by_itself(solve, ada, ines, monkeypatch):
    from learning import matching

    solve(ada, teach=True)
    monkeypatch.setattr(matching, "ENOUGH", 99.0)
    solve(make_customer("Bo Lind"), AGAIN, "Update the scanner to firmware 9.2, then pair it once more with the same phone.", teach=True)
    hers, his = LearnedResolution.objects.order_by("pk")
    assert merging.replace(his, hers.source, by=ines, at=timezone.now())
    forgetting.unlearn(ada, at=timezone.now())
    his.refresh_from_db()
    assert (his.state, his.replaced_by) == ("live", None)
    after = rebuild.state_hash()
    assert relearned() == after
