"""The shared parts, alone and on the pages that stand on them."""

import pytest
from django import forms
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from tests.factories import PASSWORD, make_admin, make_user
from tests.ui.reading import Page, complaints


class TeamForm(forms.Form):
    name = forms.CharField(label="Team name", help_text="Customers see this name.")
    email = forms.EmailField(label="Reply from")
    tell = forms.BooleanField(label="Tell the customer", required=False)
    how = forms.ChoiceField(label="How it ended", choices=[("a", "Confirmed"), ("b", "Assumed")], widget=forms.RadioSelect)


def draw(source, **context):
    return Template("{% load ui %}" + source).render(Context(context))


def field(form, which):
    return render_to_string("ui/field.html", {"field": form[which]})


def test_a_reader_finds_what_has_no_name():
    assert complaints('<button class="btn--icon"><svg aria-hidden="true"></svg></button>')
    assert complaints('<input id="a">')
    assert not complaints('<button aria-label="Close"><svg aria-hidden="true"></svg></button><label for="a">A</label><input id="a">')


def test_an_icon_is_decoration_unless_it_speaks():
    assert 'aria-hidden="true"' in draw('{% icon "check" %}')
    assert 'role="img" aria-label="Sent"' in draw('{% icon "check" label="Sent" %}')


def test_an_avatar_alone_says_who_it_is(db):
    ines = make_user("Inês Carvalho")
    assert 'aria-hidden="true">IC<' in draw("{% avatar who size=22 %}", who=ines)
    assert 'aria-label="Inês Carvalho"' in draw("{% avatar who label=who.name %}", who=ines)


def test_names_are_escaped(db):
    assert "<b>" not in draw("{% avatar who label=who.name %}{% monogram who.name %}", who=make_user("<b>Bo</b>"))


def test_a_field_is_named_hinted_and_corrected():
    form = TeamForm({"name": "Technical", "email": "support@fieldnote"})
    html = field(form, "email")
    assert 'class="input"' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_email_error"' in html
    assert complaints(html + field(form, "name") + field(form, "tell") + field(form, "how")) == []


def test_three_answers_of_equal_weight():
    page = Page(render_to_string("ui/verdict.html", {"action": "/questions/7/verdict/"}))
    assert [node["attrs"]["value"] for node in page.nodes_of("button")] == ["solved", "not_quite", "person"]


def test_confidence_is_said_in_words():
    html = render_to_string("ui/confidence.html", {"percent": 92, "needed": 97})
    assert 'aria-label="92 percent; such answers go out alone from 97 percent"' in html


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "429", "500"])
def test_error_pages_need_nothing(code):
    html = render_to_string(f"{code}.html")  # no database either: pytest would refuse it
    assert complaints(html) == []
    assert "<h1>" in html


@pytest.fixture
def agent(db):
    client = Client()
    client.force_login(make_admin(), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize(
    "address",
    ["/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/done/", "/", "/search/?q=permit", "/ask/", "/sign-in/"],
)
def test_the_way_in_reads_well(db, address):
    html = Client().get(address).content.decode()
    assert complaints(html) == []
    assert "Whetstone" in html  # in the foot


def test_a_refused_sign_in_keeps_the_address_and_says_so(db):
    ines = make_user()
    answer = Client().post("/accounts/login/", {"login": ines.email, "password": PASSWORD + "!"})
    html = answer.content.decode()
    assert f'value="{ines.email}"' in html
    assert 'role="alert"' in html
    assert complaints(html) == []


@pytest.mark.parametrize("address", ["/accounts/2fa/", "/accounts/password/change/", "/accounts/logout/", "/inbox/all/"])
def test_the_agents_shell_reads_well(agent, address):
    answer = agent.get(address)
    assert answer.status_code == 200
    assert complaints(answer.content.decode()) == []


def test_the_policy_stands_on_every_page(agent):
    policy = agent.get("/inbox/all/").headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in policy
    assert "'unsafe-eval'" not in policy


def test_a_stale_form_answers_without_a_session(db):
    from django.views.csrf import csrf_failure

    assert b"open for too long" in csrf_failure(RequestFactory().get("/")).content
