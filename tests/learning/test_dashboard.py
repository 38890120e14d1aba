"""The dashboard. Ada asks, Ines and Rosa read; what is counted, what stands behind each figure, and what is said of too little."""

import datetime as dt
import re

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from helpdesk.models import Message
from learning import lessons, measures, measuring, panels, rebuild, trends
from learning.dashboard import Dashboard
from learning.maturing import mature
from learning.models import Audit, Decision, LearnedResolution, Metric, Policy, Signal
from learning.telling import TABS
from tests.factories import make_customer, make_team, make_user
from tests.ui.reading import complaints

pytestmark = pytest.mark.django_db

AT = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
DAY = AT.date()
LATER = AT + dt.timedelta(days=20)


def row(name, day=DAY):
    return Metric.objects.get(name=name, day=day)


def browser(person):
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def asked(decided, happening):
    """Five questions on one day: one confirmed, one assumed, one left, one handed over, one that came back."""

    def make(at=AT):
        tickets = [decided(make_customer("Ada Okonkwo"), question, at=at)[0] for question in QUESTIONS]
        confirmed, assumed, left, handed, back = tickets
        with happening():
            confirmed.solved(customer=confirmed.customer, at=at)
            handed.ask_for_person(customer=handed.customer, at=at)
            back.solved(customer=back.customer, at=at)
            back.reopen(customer=back.customer, at=at + dt.timedelta(days=1))
        Signal.objects.filter(decision__ticket=left).delete()  # nobody was ever going to count its silence
        with happening():
            mature(at + dt.timedelta(days=4))
        return tickets

    return make


QUESTIONS = [
    "How can a subcontractor sign a permit as a guest?",
    "Can a visitor sign without an account of their own?",
    "A guest must sign the permit, how?",
    "Our subcontractor has no account, how do they sign?",
    "Guest signatures for a foreman, is that possible?",
]


class TestCounting:
    def test_each_question_ends_in_one_way(self, asked):
        asked()
        measuring.measure(LATER)
        assert {name: row(name).count for name in measures.ENDINGS} == {"confirmed": 1, "assumed": 1, "left": 2, "handed_over": 1}
        assert (row("questions").count, row("answered").count, row("answered").total) == (5, 5, 5)

    def test_twice_is_once_and_what_changed_is_worked_out_anew(self, asked, happening):
        tickets = asked()
        measuring.measure(LATER)
        before = list(Metric.objects.values_list("day", "name", "count", "total", "data"))
        measuring.measure(LATER)
        assert list(Metric.objects.values_list("day", "name", "count", "total", "data")) == before
        with happening():
            tickets[0].reopen(customer=tickets[0].customer, at=LATER)
        measuring.measure(LATER)
        assert (row("confirmed").count, row("left").count) == (0, 3)

    def test_old_days_are_left_alone_until_all_are_asked_for(self, asked, happening):
        tickets = asked()
        measuring.measure(LATER)
        with happening():
            tickets[0].reopen(customer=tickets[0].customer, at=LATER)
        asked(LATER + dt.timedelta(days=40))
        measuring.measure(LATER + dt.timedelta(days=41))
        measuring.measure(LATER + dt.timedelta(days=42))
        assert row("confirmed").count == 1
        call_command("measure", verbosity=0)
        assert row("confirmed").count == 0

    def test_a_day_that_has_become_empty_has_no_rows(self, asked):
        tickets = asked()
        measuring.measure(LATER)
        type(tickets[0]).objects.all().delete()
        measuring.measure(LATER, since=DAY)
        assert not Metric.objects.exists()

    def test_spam_is_no_question(self, asked, ines):
        asked()[3].mark_spam(by=ines)
        measuring.measure(LATER)
        assert (row("questions").count, row("handed_over").count) == (4, 0)

    def test_before_the_first_decision_there_is_nothing_to_do(self):
        assert measuring.measure(LATER) == 0

    def test_evidence_is_what_signals_weigh_whatever_the_confidence(self, asked):
        asked()
        Decision.objects.update(belief=0.5, confidence=0.5)
        Decision.objects.filter(pk=Decision.objects.order_by("pk").first().pk).update(confidence=0.9, belief=0.9)
        measuring.measure(LATER)
        assert {tenths for pairs in row("right").data.values() for tenths, _ in pairs} == {0}

    def test_a_report_is_no_part_of_what_was_learned(self, asked):
        asked()
        before = rebuild.state_hash()
        measuring.measure(LATER)
        assert rebuild.state_hash() == before


class TestBesideTheControl:
    def beside(self, decision, source, kind="answer"):
        control = {"source": source.pk, "kind": kind, "score": 0.95, "threshold": 0.9}
        Decision.objects.filter(pk=decision.pk).update(control=control)

    def test_what_each_did_on_the_same_question(self, asked, articles):
        same, alone, apart, behind, neither = (Decision.objects.get(ticket=ticket, message__seq=1) for ticket in asked())
        self.beside(same, articles[0].source)
        self.beside(alone, articles[0].source, "hand_off")
        self.beside(apart, articles[1].source)
        self.beside(behind, articles[1].source)
        Decision.objects.filter(pk__in=[behind.pk, neither.pk]).update(kind="hand_off")
        self.beside(neither, articles[1].source, "hand_off")
        measuring.measure(LATER)
        assert {side: row(side).count for side in measures.SIDES} == dict.fromkeys(measures.SIDES, 1)
        assert (row("answered").count, row("frozen_answered").count) == (3, 3)

    def test_agents_answers_show_what_the_control_would_have_been_worth(self, decided, articles, ines, happening):
        """She answers with the article that the control would have taken; and elsewhere with another one."""
        for article, reply in zip(articles[1:], REPLIES, strict=True):
            ticket, decision = decided(make_customer("Ada Okonkwo"), "Where do I extend a permit?", at=AT)
            self.beside(decision, articles[1].source, kind="answer")
            Decision.objects.filter(pk=decision.pk).update(kind="hand_off", shown=False)
            with happening():
                ticket.hand_off(reason="unsure", at=AT)
                ticket.reply(reply, by=ines, at=AT)
                ticket.resolve(by=ines, at=AT)
            assert Signal.objects.filter(decision=decision, kind="demonstrated").get().source == article.source
        measuring.measure(LATER)
        assert row("frozen_right").data == {"behind": [2, 1]}

    def test_the_lift_is_what_the_two_did_differently(self, asked, articles):
        for number in range(6):
            asked(AT + dt.timedelta(days=number))
        for decision in Decision.objects.filter(message__seq=1):
            self.beside(decision, articles[0].source, "hand_off" if decision.pk % 2 else "answer")
        measuring.measure(LATER)
        proof = Dashboard(trends.period(30, LATER)).proof
        learned, frozen, lift = (float(line.share.value[-1]) for line in (proof.learned, proof.frozen, proof.lift))
        assert lift == pytest.approx(learned - frozen)
        assert proof.lift.share.low[-1] < lift < proof.lift.share.high[-1] and lift > 0


REPLIES = ["Open the permit and choose **Extend** or **Cancel**.", "Forms and photos are kept on the phone until there is a connection."]


class TestBehindTheFigures:
    def test_there_are_as_many_tickets_as_were_counted(self, asked, ines, happening):
        asked()
        audit = Audit.objects.create(decision=Decision.objects.filter(kind="answer").first(), drawn_at=AT)
        with happening():
            audit.judge("right", by=ines, at=LATER)
        measuring.measure(LATER)
        client = browser(ines)
        for name in [
            *measures.MEASURES,
            "signal-confirmed",
            "signal-came_back",
            "signal-audited_right",
            "signal-assumed-held",
            "signal-confirmed-reversed",
        ]:
            page = client.get("/learning/questions/", {"what": name, "from": DAY, "to": DAY + dt.timedelta(days=20)}).content.decode()
            assert complaints(page) == []
            listed = page.count('scope="row"')
            metric = Metric.objects.filter(name=name).first()
            assert listed == (metric.count if metric else measures.behind(name, DAY, DAY + dt.timedelta(days=20)).count()), name
        assert Metric.objects.get(name="audited").total == 1

    def test_nothing_is_counted_by_other_names(self, ines):
        client = browser(ines)
        for name in ("nonsense", "signal-nonsense", "signal-confirmed-nonsense", "day", "\x00"):
            assert client.get("/learning/questions/", {"what": name}).status_code == 404

    @pytest.mark.parametrize(
        "days",
        [
            {"from": "x", "to": "2026-13-40"},
            {"from": "2026-03-09", "to": "2026-03-02"},
            {"to": "9999-12-31"},
            {"before": "-1"},
            {"source": "x"},
        ],
    )
    def test_nonsense_in_the_address_is_as_good_as_nothing(self, asked, ines, days):
        asked()
        assert browser(ines).get("/learning/questions/", days).status_code == 200

    def test_private_conversations_are_counted_and_not_listed(self, asked, ines):
        tickets = asked()
        tickets[0].assign(team=make_team("Legal", is_private=True), by=ines)
        page = browser(make_user("Rosa Weber")).get("/learning/questions/", {"what": "questions", "from": DAY, "to": DAY}).content.decode()
        assert page.count('scope="row"') == 4
        assert "counted and not listed" in page

    def test_a_page_at_a_time_and_as_many_queries_for_thirty_as_for_one(self, asked, ines, django_assert_num_queries):
        for number in range(9):
            asked(AT + dt.timedelta(minutes=number))
        client, days = browser(ines), {"what": "questions", "from": DAY, "to": DAY}
        client.get("/learning/questions/", days)
        with django_assert_num_queries(
            7
        ):  # session, agent, closed teams, the page, settings, how many incidents are open, what they have not seen
            first = client.get("/learning/questions/", days).content.decode()
        older = re.search(r"before=(\d+)", first)[1]
        rest = client.get("/learning/questions/", {**days, "before": older}).content.decode()
        numbers = [set(re.findall(r"/tickets/(\d+)/", page)) for page in (first, rest)]
        assert (len(numbers[0]), len(numbers[1]), len(numbers[0] | numbers[1])) == (30, 15, 45)


def history(days=100, *, until, questions=40):
    """Rows of many days, as a busy place has them."""
    rows = []
    for number in range(days):
        day = until - dt.timedelta(days=number)
        counts = {"questions": 40, "answered": 24, "frozen_answered": 16, "confirmed": 12, "assumed": 8, "left": 4, "handed_over": 16}
        counts |= {"same": 14, "alone": 9, "apart": 1, "behind": 1, "neither": 15}
        rows += [Metric(day=day, name=name, count=count * questions // 40, total=questions) for name, count in counts.items()]
        sides = {"same": [[27, 12], [-19, 1]], "alone": [[27, 8], [7, 1]], "apart": [[52, 1]]}
        rows.append(Metric(day=day, name="right", count=23, data=sides))
        rows.append(Metric(day=day, name="frozen_right", count=2, data={"apart": [1, 0], "behind": [1, 1]}))
        rows.append(Metric(day=day, name="calibration", count=23, data={"bins": [[-2, -46, 6, 1.8], [5, 27, 16, 15.0], [5, -19, 1, 0.9]]}))
        rows.append(
            Metric(day=day, name="signals", count=20, data={"confirmed": {"matured": 12}, "assumed": {"pending": 8, "reversed": 12}})
        )
        rows.append(Metric(day=day, name="audited", count=1, total=1))
    Metric.objects.bulk_create(rows, ignore_conflicts=True)


class TestPage:
    def test_an_empty_database_says_what_will_be_here(self, ines):
        page = browser(ines).get("/learning/").content.decode()
        assert "Nothing to report yet" in page
        assert complaints(page) == []

    @pytest.mark.parametrize("slug", TABS)
    def test_too_little_is_said_and_not_drawn(self, ines, slug):
        history(5, until=timezone.now().date(), questions=4)
        page = browser(ines).get("/learning/", {"chart": slug}).content.decode()
        assert "Too little to say yet" in page or "chart__line" in page or "chart__area" in page
        Metric.objects.exclude(name="questions").delete()
        Metric.objects.update(count=1)
        page = browser(ines).get("/learning/", {"chart": slug}).content.decode()
        assert "Too little to say yet" in page and '<svg class="chart"' not in page
        assert not re.search(r"\bnan\b", page)
        assert complaints(page) == []

    @pytest.mark.parametrize("slug", TABS)
    @pytest.mark.parametrize("days", trends.PERIODS)
    def test_every_chart_of_every_period(self, ines, slug, days):
        history(until=timezone.now().date())
        page = browser(ines).get("/learning/", {"chart": slug, "days": days}).content.decode()
        assert '<svg class="chart"' in page and f"chart={slug}" in page
        assert not re.search(r"\b(?:nan|inf)\b", page)
        assert complaints(page) == []

    def test_the_figures_say_what_the_days_say(self, ines):
        history(until=timezone.now().date())
        page = browser(ines).get("/learning/").content.decode()
        figures = dict(re.findall(r"<dt>([^<]+)</dt>\s*<dd><a[^>]+><b>([^<]+)</b>", page))
        assert (figures["Resolved"], figures["Deflected"], figures["Answered"], figures["Handed to people"]) == (
            "50.0%",
            "60.0%",
            "60.0%",
            "40.0%",
        )
        assert float(figures["Precision"].rstrip("%")) > 95
        assert re.search(r"It answers \d+\.\d points more questions rightly than on day one", page)

    def test_the_last_days_are_still_settling(self, ines):
        today = timezone.now().date()
        history(until=today)
        period = trends.period(30, timezone.now())
        assert (today - period.settled).days == 8
        assert all(end <= period.settled for end in period.ends)
        assert "still settling" in browser(ines).get("/learning/").content.decode()

    def test_htmx_gets_the_part_it_replaces(self, ines):
        history(until=timezone.now().date())
        client = browser(ines)
        for target, has, lacks in (("trend", 'id="trend"', 'id="board"'), ("board", 'id="board"', "<html"), ("else", "<html", "nothing")):
            headers = {"HX-Request": "true", "HX-Target": target}
            page = client.get("/learning/?days=60&chart=precision", headers=headers).content.decode()
            assert has in page and lacks not in page
            assert "of its answers are right" in page

    @pytest.mark.parametrize("query", ["days=7", "days=x", "chart=nonsense", "days=²"])
    def test_nonsense_in_the_address_shows_the_usual(self, ines, query):
        history(until=timezone.now().date())
        assert "Against day one" in browser(ines).get(f"/learning/?{query}").content.decode()

    def test_as_many_queries_for_a_hundred_busy_days_as_for_fifteen(self, asked, ines, django_assert_num_queries):
        asked(timezone.now() - dt.timedelta(days=2))
        today, client = timezone.now().date(), browser(ines)
        client.get("/learning/")
        for days in (15, 100):
            Metric.objects.all().delete()
            history(days, until=today)
            # session, agent, closed teams, settings; the rows, policies in the chart; the one in use, incidents, audits due; lessons: what was
            # taught and how much, what people showed, what missed, policies new and taken back, audits judged; the newest policies; open
            # incidents in the rail
            with django_assert_num_queries(21):  # ... and what they have not seen
                client.get("/learning/")

    def test_the_panels_are_a_list(self):
        assert all(panel.template.startswith("learning/_panel_") for panel in panels.PANELS)


class TestLessons:
    def told(self, viewer, at=LATER):
        return [f"{each.before} {each.name} {each.after} {each.why}" for each in lessons.lessons(viewer, at)]

    def test_a_quiet_week_teaches_nothing(self, ines):
        assert self.told(ines) == []

    def test_what_a_colleague_taught_is_linked_for_those_who_may_see_it(self, decided, ines, articles, happening):
        ticket, decision = decided(make_customer("Ada Okonkwo"), at=LATER)
        LearnedResolution.objects.create(
            source=articles[2].source,
            question="?",
            answer="!",
            state="live",
            ticket=ticket,
            message=Message.objects.first(),
            taught_by=ines,
            at=LATER,
            live_at=LATER,
        )
        assert "Work offline" in self.told(ines)[0] and ines.name in self.told(ines)[0]
        ticket.assign(team=make_team("Legal", is_private=True), by=ines)
        assert self.told(make_user("Rosa Weber")) == []

    def test_a_source_that_misses_is_named_with_how_often(self, decided, ines):
        for _ in range(2):
            decision = decided(make_customer("Ada Okonkwo"), at=LATER)[1]
            Decision.objects.filter(pk=decision.pk).update(belief=0.1)
        found = next(each for each in lessons.lessons(ines, LATER) if each.icon == "circle-minus")
        assert "missed 2 of the 2" in found.why
        page = browser(ines).get(found.url).content.decode()
        assert page.count('scope="row"') == 2

    def test_new_weights_are_put_into_words(self, ines):
        weights = {"threshold": 0.8, "offset": -0.5, "slope": 1.0}
        Policy.objects.create(version="v1.1", weights=weights, evidence={"episodes": 300}, at=LATER)
        told = " ".join(self.told(ines))
        assert "I answer sooner: from 80% sure on; it was 90%." in told
        assert "I was too sure: what I called 90% I call 85% now." in told

    def test_going_back_is_told_with_its_reason(self, ines):
        weights = {"threshold": 0.9, "offset": 0.0, "slope": 1.0}
        policy = Policy.objects.create(version="v1.1", weights=weights, at=LATER)
        assert policy.take_back(because="Taken back by itself after 40 answers.", at=LATER)
        assert self.told(ines) == ["I went back from v1.1 to what was before. Taken back by itself after 40 answers."]
