"""From what an agent wrote once to an answer for everybody, and out of use again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assistant.why import why
from helpdesk.models import Event, Source
from helpdesk.search import embedder
from helpdesk.search.retrieve import hybrid
from learning import merging, probation, rebuild, resolutions
from learning.models import Decision, Episode, LearnedResolution, Signal
from tests.factories import make_admin, make_article, make_customer, make_team, make_ticket
from tests.learning.conftest import AGAIN, ANSWER, ASKED

pytestmark = pytest.mark.django_db


def only() -> LearnedResolution:
    return LearnedResolution.objects.select_related("source").get()


def verbs():
    return list(Event.objects.filter(verb__startswith="resolution.").order_by("pk").values_list("verb", flat=True))


def relearned() -> str:
    for _ in rebuild.relearn():
        pass
    return rebuild.state_hash()


class TestStates:
    def test_without_an_agents_word_it_is_ranked_and_shown_to_nobody(self, solve, ada, happening):
        solve(ada)
        shadow = only()
        assert (shadow.state, shadow.source.trial, shadow.source.is_live) == ("shadow", "shadow", False)
        assert verbs() == ["resolution.learned", "resolution.shadowed"]
        with happening():
            ticket = make_ticket(make_customer("Bo Lind"), AGAIN)
        decision = Decision.objects.filter(ticket=ticket).latest("pk")
        aside = [each for each in decision.candidates if each.get("aside")]
        assert [each["source"] for each in aside] == [shadow.source_id] and aside[0]["score"] > 0
        assert decision.source_id != shadow.source_id and shadow.source_id not in [each["source"] for each in decision.served]
        assert "DataWedge" not in " ".join(message.body for message in ticket.messages.all())

    def test_what_would_have_come_first_where_agents_solve_something_else_is_blamed_until_it_does_not(self, solve, ada, articles):
        solve(ada)
        shadow, before = only(), relearned()
        other = articles[0].source
        for name in ("Bo Lind", "Cara Moss", "Dag Ness", "Eli Roth", "Fay Odum"):
            solve(make_customer(name), AGAIN, answer=f"Please do it as described here, step by step: [{other.title}]({other.path})")
        shadow.refresh_from_db()
        assert (shadow.state, shadow.accounts) == ("shadow", 0) and shadow.failed >= 1
        told = list(Signal.objects.filter(source=shadow.source).order_by("pk").values_list("kind", "llr"))
        assert {kind for kind, _ in told} == {"demonstrated", "outdone"} and all(llr < 0 for kind, llr in told if kind == "outdone")
        assert Decision.objects.filter(ticket__isnull=False, message__seq=1).latest("pk").first_aside is None
        after = rebuild.state_hash()
        assert after != before and relearned() == after

    def test_why_tells_of_what_is_on_trial(self, solve, ada, happening, monkeypatch):
        solve(ada)
        with happening():
            ticket = make_ticket(make_customer("Bo Lind"), AGAIN)
        assert "would have come first with" in why(Decision.objects.filter(ticket=ticket).latest("pk")).trial
        for name in ("Bo Lind", "Cara Moss"):
            solve(make_customer(name), AGAIN)
        monkeypatch.setattr(probation, "CANARY_SHARE", 1.0)
        with happening():
            ticket = make_ticket(make_customer("Dag Ness"), AGAIN)
        decision = Decision.objects.filter(ticket=ticket).latest("pk")
        assert decision.source_id == only().source_id and why(decision).trial.startswith("It is on trial")

    def test_nobody_finds_what_is_on_trial(self, solve, ada, ines):
        solve(ada)
        for viewer in (ada, ines):
            assert only().source_id not in [hit.source_id for hit in hybrid(ASKED, None, viewer)]
            assert not Source.objects.visible_to(viewer).filter(kind="resolution").exists()

    def test_two_others_helped_and_it_is_served_to_a_few_and_three_to_all(self, solve, ada):
        solve(ada)
        states = []
        for name in ("Bo Lind", "Cara Moss", "Dag Ness"):
            solve(make_customer(name), AGAIN)
            states.append((only().state, only().accounts))
        assert states == [("shadow", 1), ("canary", 2), ("live", 3)]
        assert only().source.is_live and only().source.trial == "" and only().live_at is not None
        assert verbs().count("resolution.proven") == 1
        assert probation.judge(timezone.now()) == []

    def test_what_a_private_team_wrote_takes_an_agents_word(self, solve, ada, ines):
        first = solve(ada)
        type(first).objects.filter(pk=first.pk).update(team=make_team("Legal", is_private=True))
        for name in ("Bo Lind", "Cara Moss", "Dag Ness"):
            solve(make_customer(name), AGAIN)
        assert (only().state, only().accounts) == ("shadow", 3)
        assert only().approve(by=ines, at=timezone.now())

    def test_one_account_is_one_voice_however_often_it_asks(self, solve, ada):
        solve(ada)
        bo = make_customer("Bo Lind")
        for _ in range(3):
            solve(bo, AGAIN)
        assert (only().state, only().accounts) == ("shadow", 1)

    def test_where_it_helped_can_be_read(self, solve, ada, ines, client):
        tickets = [solve(ada), solve(make_customer("Bo Lind"), AGAIN)]
        client.force_login(ines, backend="django.contrib.auth.backends.ModelBackend")
        address = f"/learned/{only().pk}/tickets/"
        assert f'href="{address}?what=helped">helped 1 other account' in client.get("/learned/?tab=trial").content.decode()
        page = client.get(f"{address}?what=helped").content.decode()
        assert page.count('scope="row"') == 2 and all(f'href="{ticket.get_absolute_url()}"' in page for ticket in tickets)
        assert "No such ticket" in client.get(f"{address}?what=failed").content.decode()
        assert client.get(f"{address}?what=nonsense").status_code == 404

    def test_a_canary_is_served_on_its_share_of_tickets_and_always_the_same_ones(self):
        served = [number for number in range(1, 4_001) if not probation.is_aside("canary", number)]
        assert 0.17 < len(served) / 4_000 < 0.23
        assert served == [number for number in range(1, 4_001) if not probation.is_aside("canary", number)]
        assert all(probation.is_aside("shadow", number) and not probation.is_aside("", number) for number in range(1, 100))

    def test_a_canary_that_is_drawn_is_quoted(self, solve, ada, happening, monkeypatch):
        solve(ada)
        for name in ("Bo Lind", "Cara Moss"):
            solve(make_customer(name), AGAIN)
        assert only().state == "canary"
        monkeypatch.setattr(probation, "CANARY_SHARE", 1.0)
        with happening():
            ticket = make_ticket(make_customer("Eve Holt"), AGAIN)
        decision = Decision.objects.filter(ticket=ticket).latest("pk")
        assert decision.source_id == only().source_id and not any(each.get("aside") for each in decision.candidates)

    def test_outcomes_that_speak_against_it_retire_it_and_an_agent_may_stand_up_for_it(self, solve, ada, ines):
        solve(ada, teach=True)
        learned = only()
        own = Episode.objects.get(source=learned.source)
        for number in range(5):
            decision = Decision.objects.create(
                customer=ada, kind="answer", confidence=0.9, threshold=0.8, policy="v1", vector=own.vector, at=timezone.now()
            )
            Episode.objects.create(
                decision=decision, source=learned.source, vector=own.vector, credit=-0.9, account=f"c{9_000 + number}", at=decision.at
            )
        [retired] = probation.judge(timezone.now())
        assert retired.state == "retired" and retired.retired_because == "It failed 5 accounts and helped 0"
        assert not only().source.is_live
        assert only().approve(by=ines, at=timezone.now()) and only().state == "live"
        assert probation.judge(timezone.now()) == [], "what failed before is not held against it again"

    def test_twice_is_once(self, solve, ada, ines):
        solve(ada)
        now = timezone.now()
        assert only().approve(by=ines, at=now) and not only().approve(by=ines, at=now)
        assert only().retire("No", by=ines, at=now) and not only().retire("No", by=ines, at=now)
        assert only().undo(by=ines, at=now) and only().state == "live" and not only().undo(by=ines, at=now)
        assert verbs()[-3:] == ["resolution.approved", "resolution.retired", "resolution.undone"]

    def test_it_costs_a_turn_no_query_more(self, solve, ada, happening):
        solve(ada)

        def asked(name):
            with (
                CaptureQueriesContext(
                    connection,
                ) as told,
                happening(),
            ):
                make_ticket(make_customer(name), AGAIN)
            return len(told)

        asked("Warm Up")
        shadowed = asked("Bo Lind")
        only().retire("Away", at=timezone.now())
        assert asked("Cara Moss") == shadowed


class TestSetForms:
    """Agents answer many things in one set form, in which a word or two make the difference."""

    MATTERS = {
        "What does my balance come to?": "balance",
        "How high is the interest rate on savings?": "interest rate",
        "Which routing number do I give?": "routing number",
        "When is the next holiday?": "next holiday",
    }

    def answer(self, matter):
        return f"This is what to do about “{matter}”: open it in the app, choose the entry that fits, confirm, and it is done in a minute."

    @pytest.fixture
    def meaning(self, settings):
        """The embedder that is shipped: to one that counts words, texts in one form are all the same."""
        settings.EMBEDDER = "minilm"
        embedder.forget_embedder()

    def test_what_the_form_says_of_one_matter_is_not_said_of_another(self, meaning, solve, ada):
        for asked, matter in self.MATTERS.items():
            solve(ada, asked, self.answer(matter), teach=True)
        assert [each.question for each in LearnedResolution.objects.order_by("pk")] == list(self.MATTERS)
        for asked, matter in self.MATTERS.items():
            solve(make_customer(f"Bo {matter.title()}"), f"{asked} Please", f"Hello. {self.answer(matter)}", teach=True)
        assert LearnedResolution.objects.count() == len(self.MATTERS)
        for each in LearnedResolution.objects.all():
            asked = set(Episode.objects.filter(source=each.source, credit__gt=0).values_list("decision__question", flat=True))
            assert asked == {each.question, f"{each.question} Please"}


class TestMerging:
    def two(self, solve, ada):
        """The same answer, twice: the second taught while the first was not there."""
        solve(ada)
        first = only()
        Source.objects.filter(pk=first.source_id).update(trial="")
        LearnedResolution.objects.filter(pk=first.pk).update(state="retired")
        solve(make_customer("Bo Lind"), AGAIN)
        LearnedResolution.objects.filter(pk=first.pk).update(state="shadow")
        Source.objects.filter(pk=first.source_id).update(trial="shadow")
        return list(LearnedResolution.objects.order_by("pk").select_related("source"))

    def test_the_same_again_joins_and_is_credited_to_the_one_that_is_there(self, solve, ada, monkeypatch):
        from learning import matching

        solve(ada)
        monkeypatch.setattr(matching, "ENOUGH", 99.0)  # matching a reply to a source is another way to the same
        solve(make_customer("Bo Lind"), ASKED, f"{ANSWER} Good luck.", teach=True)
        assert only().state == "live", "the second agent approved it"
        assert Episode.objects.filter(source=only().source).count() == 2
        assert "resolution.joined" in verbs()

    def test_what_the_filter_holds_waits_once_and_what_it_does_not_hold_does_not_wait_with_it(self, solve, ada):
        held = f"{ANSWER} If that fails, call +44 20 7946 0018."
        solve(ada, answer=held, teach=True)
        solve(make_customer("Bo Lind"), "Why do codes from the scanner come in double?", f"Hello. {held}", teach=True)
        solve(make_customer("Cara Moss"), AGAIN, f"Good question. {held} Good luck.", teach=True)
        assert only().state == "draft" and verbs().count("resolution.joined") == 2
        solve(make_customer("Dan Ott"), AGAIN, ANSWER, teach=True)
        assert list(LearnedResolution.objects.order_by("pk").values_list("state", flat=True)) == ["draft", "live"]

    def test_an_agent_who_teaches_what_is_on_trial_approves_it(self, solve, ada):
        solve(ada)
        assert only().state == "shadow"
        solve(make_customer("Bo Lind"), AGAIN, teach=True)
        assert only().state == "live" and Episode.objects.filter(source=only().source, credit__gt=0).count() == 2

    @pytest.mark.parametrize("answer", [ANSWER.replace("DataWedge", "**Enterprise**"), f"{ANSWER} Wait 30 minutes."])
    def test_other_facts_are_another_answer(self, solve, ada, answer, monkeypatch):
        from learning import matching

        solve(ada)
        monkeypatch.setattr(matching, "ENOUGH", 99.0)
        solve(make_customer("Bo Lind"), AGAIN, answer)
        assert LearnedResolution.objects.count() == 2

    def test_undone_a_merge_leaves_nothing_live_that_nobody_approved(self, solve, ada, ines, client):
        first, second = self.two(solve, ada)
        assert second.approve(by=ines, at=timezone.now()) and LearnedResolution.objects.get(pk=first.pk).state == "shadow"
        client.force_login(ines, backend="django.contrib.auth.backends.ModelBackend")
        client.post(f"/learned/{second.pk}/merger/", {"into": first.pk})
        assert [LearnedResolution.objects.get(pk=each.pk).state for each in (first, second)] == ["live", "retired"]
        client.post(f"/learned/{second.pk}/undoing/")
        assert [LearnedResolution.objects.get(pk=each.pk).state for each in (first, second)] == ["shadow", "live"]

    def test_merged_it_has_the_others_outcomes_and_back_again(self, solve, ada, ines):
        first, second = self.two(solve, ada)
        before, now = rebuild.state_hash(), timezone.now()
        assert merging.replace(second, first.source, by=ines, at=now)
        assert not merging.replace(LearnedResolution.objects.get(pk=second.pk), first.source, by=ines, at=now)
        assert set(Episode.objects.filter(source__kind="resolution").values_list("source", flat=True)) == {first.source_id}
        assert Episode.objects.filter(source=first.source).count() == 2
        merged = rebuild.state_hash()
        assert merged != before and relearned() == merged
        second.refresh_from_db()
        assert merging.undo(second, by=ines, at=now) and second.state == "shadow"
        assert rebuild.state_hash() == before == relearned()

    def test_a_chain_ends_where_the_last_one_ends(self, solve, ada, ines, articles):
        first, second = self.two(solve, ada)
        now = timezone.now()
        merging.replace(second, first.source, by=ines, at=now)
        merging.replace(LearnedResolution.objects.select_related("source").get(pk=first.pk), articles[2].source, by=ines, at=now)
        assert set(Source.objects.filter(kind="resolution").values_list("stands_for", flat=True)) == {articles[2].source.pk}
        assert Episode.objects.filter(source=articles[2].source).count() == 2
        merging.undo(LearnedResolution.objects.select_related("source").get(pk=first.pk), by=ines, at=now)
        assert Source.objects.get(pk=second.source_id).stands_for_id == first.source_id
        assert Episode.objects.filter(source=first.source).count() == 2

    def test_two_that_are_alike_are_offered(self, solve, ada):
        first, second = self.two(solve, ada)
        offered = merging.alike([first, second], [first, second])
        assert offered[second.pk].other == first and offered[first.pk].other == second


class TestPromotion:
    def test_published_the_article_takes_its_place_and_its_outcomes(self, solve, ada, happening):
        solve(ada, teach=True)
        admin, learned = make_admin(), only()
        article = learned.write_article(by=admin, at=timezone.now())
        assert learned.write_article(by=admin, at=timezone.now()) == article and article.body == learned.answer
        with happening():
            article.publish(by=admin, at=timezone.now())
        learned = only()
        assert learned.state == "retired" and learned.replaced_by == article.source and not learned.source.is_live
        assert list(Episode.objects.filter(credit__gt=0).values_list("source", flat=True)) == [article.source.pk]
        assert rebuild.state_hash() == relearned()
        with happening():
            article.archive(by=admin, at=timezone.now())
        assert only().state == "live" and only().replaced_by is None
        assert list(Episode.objects.filter(credit__gt=0).values_list("source", flat=True)) == [learned.source_id]

    def test_another_article_changes_nothing(self, solve, ada, happening):
        solve(ada, teach=True)
        with happening():
            make_article("Something else", "About another matter.")
        assert only().state == "live"


def test_an_agents_own_words_are_filtered_too(solve, ada, ines):
    solve(ada)
    now = timezone.now()
    assert resolutions.rewrite(only(), "Why is each code entered twice?", "Write to tom@evil.example for the fix.", by=ines, at=now)
    assert only().held_because == "It may hold personal data" and only().source.title == "Why is each code entered twice?"
    assert not resolutions.rewrite(only(), "", "x", by=ines, at=now)


@pytest.mark.parametrize(
    ("answer", "held"),
    [
        ("Ask Morwenna Trewhella for the seal file, then upload it under Settings and emboss once.", "It may name somebody: Morwenna Trewhella"),
        ("The seal file lies with Morwenna Trewhella in the depot; upload it under Settings.", "It may name somebody: Morwenna Trewhella"),
        ("Ask Morwenna for the seal file, then upload it under Settings and emboss it once.", "It may name somebody: Morwenna"),
        ("Write to morwenna@harbour.example for the file, then upload it under Settings.", "It had an address in it"),
        ("Upload the seal file under Settings. Your case #ZM-448812 is closed with that, as agreed.", "It had a case number in it"),
    ],
)  # fmt: skip
def test_who_may_be_somebody_waits_for_an_agent(solve, ada, answer, held):
    """A third person, whom nobody here has heard of, must not reach another company's customers."""
    solve(ada, answer=answer, teach=True)
    assert (only().state, only().held_because, only().source.is_live) == ("draft", held, False)


def test_what_to_press_is_nobody(solve, ada):
    make_article("Settings of the scanner", "Choose **Profile Manager** or Keystroke Output under Settings.")
    solve(
        ada, answer="Open Profile Manager, choose **Barcode Input** and switch off Keystroke Output in the DataWedge profile.", teach=True
    )
    assert only().state == "live"


def test_an_answer_to_what_the_customer_had_closed_is_learned_too(solve, ada, ines, articles, happening):
    with happening():
        ticket = make_ticket(ada, ASKED)
        ticket.ask_for_person(customer=ada)
    with happening():
        ticket.solved(customer=ada)
    with happening():
        ticket.reply(ANSWER, by=ines, teach=True)
        ticket.resolve(by=ines)
    assert only().state == "live"
    assert verbs().count("resolution.learned") == 1


def test_an_answer_that_closes_is_learned_once(solve, ada):
    solve(ada, teach=True)
    assert verbs().count("resolution.learned") == 1 and "resolution.joined" not in verbs()


def test_the_thread_tells_what_was_learned_and_what_waits(solve, ada, ines):
    from helpdesk.thread import latest

    def told(ticket):
        return [str(item.words) for item in latest(ticket, agent=ines).items if not item.is_said]

    assert any("is kept under" in words for words in told(solve(ada, teach=True)))
    other = make_customer("Mateus Ferreira")
    held = told(
        solve(other, asked="Where is the harbour seal kept?", answer="Ask Morwenna Trewhella for the seal file and upload it.", teach=True)
    )
    assert any("waits among" in words and "it may name somebody" in words for words in held)
