"""How agents sign in: password, second step, single sign-on for known addresses only, and limits on guessing."""

import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.cache import cache
from django.test import RequestFactory
from django.urls import reverse

from helpdesk.identity import AgentSocialAdapter
from helpdesk.models import User
from tests.factories import PASSWORD, make_admin, make_customer, make_user

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def fresh_limits():
    cache.clear()


def code_now(secret):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def sign_in(client, user, password=PASSWORD, **extra):
    return client.post(LOGIN, {"login": user.email, "password": password, **extra})


def test_an_agent_signs_in_and_the_session_gets_a_new_key(client):
    ines = make_user()
    client.session.save()
    planted = client.session.session_key
    client.cookies["sessionid"] = planted
    response = sign_in(client, ines)
    assert (response.status_code, response.url) == (302, reverse("inbox:home"))
    assert client.session.session_key != planted
    assert client.session["_auth_user_id"] == str(ines.pk)


def test_the_admin_has_no_sign_in_of_its_own_past_the_second_step(client):
    morgan = make_admin()
    TOTP.activate(morgan, "JBSWY3DPEHPK3PXP")
    response = client.post("/admin/login/?next=/admin/", {"username": morgan.email, "password": PASSWORD, "next": "/admin/"})
    assert response.url.startswith(LOGIN)
    assert "_auth_user_id" not in client.session
    client.force_login(make_user(), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize("who", ["wrong password", "unknown", "inactive"])
def test_all_refusals_look_alike(client, who):
    user = make_user(is_active=who != "inactive")
    if who == "unknown":
        user = User(email="nobody@desk.example")
    response = sign_in(client, user, PASSWORD if who != "wrong password" else "not it at all")
    assert response.status_code in {200, 302}
    assert "_auth_user_id" not in client.session


def test_guessing_is_stopped_after_a_few_tries_even_with_the_right_password(client):
    ines = make_user()
    for _ in range(6):
        sign_in(client, ines, "not it at all")
    response = sign_in(client, ines)
    assert "_auth_user_id" not in client.session
    assert "Too many" in response.content.decode()


def test_a_customers_address_is_no_agents_account(client):
    ada = make_customer()
    assert client.post(LOGIN, {"login": ada.email, "password": PASSWORD}).status_code == 200
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(client, target):
    assert sign_in(client, make_user(), next=target).url == reverse("inbox:home")


def test_nobody_signs_up(client):
    form = {"email": "mallory@evil.example", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", form)
    assert not User.objects.exists()


def test_with_a_second_step_the_password_alone_does_not_open(client):
    ines = make_user()
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(ines, secret)
    response = sign_in(client, ines)
    assert response.url.startswith(reverse("mfa_authenticate"))
    assert "_auth_user_id" not in client.session
    assert client.post(response.url, {"code": "000000"}).status_code == 200
    assert client.post(response.url, {"code": code_now(secret)}).status_code == 302
    assert client.session["_auth_user_id"] == str(ines.pk)


def test_an_agent_sets_up_the_second_step_after_showing_the_password_again(client):
    ines = make_user()
    sign_in(client, ines)
    asked = client.get(reverse("mfa_activate_totp"))
    client.post(asked.url, {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200
    client.post(reverse("mfa_activate_totp"), {"code": code_now(page.context["form"].secret)})
    assert set(Authenticator.objects.filter(user=ines).values_list("type", flat=True)) == {"totp", "recovery_codes"}


class TestSingleSignOn:
    @pytest.fixture(autouse=True)
    def provider(self, settings):
        app = {"provider_id": "sso", "name": "SSO", "client_id": "id", "secret": "s", "settings": {"server_url": "https://sso.example"}}
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}

    def login(self, email, verified):
        request = RequestFactory().get("/")
        SessionMiddleware(lambda request: None).process_request(request)
        account = SocialAccount(provider="sso", uid="u-1")
        sociallogin = SocialLogin(user=User(email=email), account=account, email_addresses=[EmailAddress(email=email, verified=verified)])
        AgentSocialAdapter(request).pre_social_login(request, sociallogin)
        return request, sociallogin

    def test_a_verified_address_of_an_agent_is_connected(self):
        ines = make_user()
        _, sociallogin = self.login(ines.email, verified=True)
        assert sociallogin.account.user == ines and sociallogin.account.pk

    @pytest.mark.parametrize("case", ["unverified", "unknown", "inactive"])
    def test_anything_else_is_not(self, case):
        ines = make_user(is_active=case != "inactive")
        email = "mallory@evil.example" if case == "unknown" else ines.email
        request, sociallogin = self.login(email, verified=case != "unverified")
        assert not SocialAccount.objects.exists()
        assert AgentSocialAdapter(request).is_open_for_signup(request, sociallogin) is False


def test_signing_out_ends_the_session(client):
    sign_in(client, make_user())
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session
    assert client.get("/inbox/").status_code == 302
