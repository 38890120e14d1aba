"""A site in the admin: where it is shown, what its builders copy, and a secret that is seen and changed by few, and noted."""

from types import SimpleNamespace

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from helpdesk.admin.embedding import SIGNING
from helpdesk.models import Site
from helpdesk.widget import identity
from tests.factories import make_admin, make_user
from tests.helpdesk.test_admin import act, changelist
from tests.ui.reading import complaints

pytestmark = pytest.mark.django_db
ADD = "admin:helpdesk_site_add"


@pytest.fixture
def site():
    return Site.objects.create(name="Fieldnote app", origins=["https://app.fieldnote.example", "http://localhost:3000"])


@pytest.fixture
def morgan(client):
    morgan = make_admin()
    client.force_login(morgan)
    return morgan


@pytest.fixture
def onlooker(client):
    """May read sites in the admin, and change nothing."""
    lena = make_user("Lena Fischer", is_staff=True)
    lena.user_permissions.add(Permission.objects.get(codename="view_site", content_type__app_label="helpdesk"))
    client.force_login(lena)
    return lena


def address(site, page="change"):
    return reverse(f"admin:helpdesk_site_{page}", args=[site.pk])


def test_origins_are_written_one_a_line(client, morgan):
    lines = " https://App.fieldnote.example/\r\n\r\nhttp://localhost:3000\r\nhttps://app.fieldnote.example\r\n"
    client.post(reverse(ADD), {"name": "Fieldnote app", "origins": lines, "is_active": "on"})
    site = Site.objects.get()
    assert site.origins == ["https://app.fieldnote.example", "http://localhost:3000"]
    assert "https://app.fieldnote.example\nhttp://localhost:3000</textarea>" in client.get(address(site)).content.decode()
    assert "https://app.fieldnote.example, http://localhost:3000" in client.get(changelist(Site)).content.decode()


@pytest.mark.parametrize(
    "lines", ["", "  \n", "app.fieldnote.example", "https://app.fieldnote.example/permits", "https://a.example\njavascript:alert(1)"]
)
def test_what_is_no_origin_is_refused(client, morgan, lines):
    answer = client.post(reverse(ADD), {"name": "Fieldnote app", "origins": lines, "is_active": "on"})
    assert answer.status_code == 200 and answer.context["adminform"].form.errors["origins"]
    assert not Site.objects.exists()


def test_the_page_holds_what_its_builders_copy_and_no_secret(client, morgan, site, settings):
    settings.SITE_URL = "https://desk.example"
    html = client.get(address(site)).content.decode()
    assert f"&lt;script async src=&quot;https://desk.example/widget.js&quot; data-site=&quot;{site.key}&quot;&gt;&lt;/script&gt;" in html
    assert "script-src https://desk.example; frame-src https://desk.example" in html
    assert all(language in html for language in SIGNING)
    assert site.secret not in html
    assert list(complaints(html.split('<section class="embed module"')[1].split("</section>")[0])) == []
    assert "Put it on your pages" not in client.get(reverse(ADD)).content.decode()


def test_the_python_example_signs_what_the_desk_believes(site, monkeypatch):
    monkeypatch.setenv("WHETSTONE_SITE_SECRET", site.secret)
    names = {}
    exec(SIGNING["Python"], names)
    ada = SimpleNamespace(id=17, email="ada@client.example", has_verified_email=True, name="Ada Okonkwo")
    claims = identity.read(names["whetstone_identity"](ada), site, at=timezone.now())
    assert claims == identity.Claims("17", "ada@client.example", "Ada Okonkwo")


@pytest.mark.parametrize("language", SIGNING)
def test_every_example_names_every_claim_and_lasts_an_hour(language):
    assert all(claim in SIGNING[language] for claim in ("sub", "email", "email_verified", "name", "exp", "HS256", "+ 3600"))


def test_the_secret_is_shown_on_a_click_and_that_is_noted(client, morgan, site):
    assert client.get(address(site, "secret")).url == address(site)
    assert not LogEntry.objects.exists()
    shown = client.post(address(site, "secret"))
    assert site.secret in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    note = LogEntry.objects.get()
    assert (note.user, note.object_id, note.get_change_message()) == (morgan, str(site.pk), "Looked at the secret")
    assert client.post(address(site, "secret").replace(str(site.pk), "987654")).status_code == 404


def test_whoever_may_only_look_gets_neither_the_secret_nor_a_new_one(client, onlooker, site):
    html = client.get(address(site)).content.decode()
    assert site.key in html and "Show the secret" not in html and "Rotate the secret" not in html
    assert client.post(address(site, "secret")).status_code == 403
    act(client, Site, "rotate", site, confirmed="yes")
    client.post(address(site), {"name": "Mine", "origins": "https://evil.example", "is_active": "on"})
    fresh = Site.objects.get()
    assert (fresh.secret, fresh.name, fresh.origins) == (site.secret, site.name, site.origins)
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("who", [None, make_user], ids=["nobody", "an agent"])
def test_others_get_no_further_than_the_door(client, site, who):
    if who:
        client.force_login(who())
    for answer in (client.get(address(site)), client.post(address(site, "secret")), client.post(changelist(Site), {"action": "rotate"})):
        assert answer.status_code == 302 and answer.url.startswith("/admin/login/")


def test_another_admin_sees_who_looked(client, morgan, site):
    client.post(address(site, "secret"))
    client.force_login(make_admin("Robin Park"))
    history = client.get(address(site, "history")).content.decode()
    assert "Looked at the secret" in history and "Morgan" in history


def test_rotating_asks_first_and_leaves_no_gap(client, morgan, site):
    first = site.secret
    assert "stays good until the next rotation" in act(client, Site, "rotate", site).content.decode()
    site.refresh_from_db()
    assert site.secret == first
    act(client, Site, "rotate", site, confirmed="yes")
    site.refresh_from_db()
    assert site.secret != first and site.secrets == [site.secret, first]
    assert "What was signed with the one before it is still good" in client.get(address(site)).content.decode()
    act(client, Site, "rotate", site, confirmed="yes")
    site.refresh_from_db()
    assert first not in site.secrets
    assert [note.get_change_message() for note in LogEntry.objects.all()] == ["Rotate the secret"] * 2
    assert first not in "".join(f"{note.object_repr}{note.change_message}" for note in LogEntry.objects.all())


def test_a_site_is_switched_off_and_not_deleted(client, morgan, site):
    assert client.post(address(site, "delete"), {"post": "yes"}).status_code == 403
    assert Site.objects.exists()
