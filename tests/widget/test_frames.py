"""What stands on other people's pages: small, fetched from anywhere, and the frame only where the site says."""

import gzip

import pytest

from helpdesk.models import Site

pytestmark = pytest.mark.django_db


def test_the_script_is_small_is_kept_a_while_and_sets_no_cookie(client):
    answer = client.get("/widget.js")
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/javascript")
    assert len(gzip.compress(answer.content)) < 20 * 1024
    assert "max-age" in answer["Cache-Control"] and answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert not answer.cookies


def test_the_frame_stands_on_the_sites_own_pages_and_nowhere_else(client, site):
    answer = client.get(f"/widget/frame/{site.key}/")
    policy = answer["Content-Security-Policy"]
    assert "frame-ancestors https://app.fieldnote.example;" in f"{policy};" and "script-src 'self'" in policy
    assert "X-Frame-Options" not in answer and not answer.cookies
    assert "secret" not in answer.content.decode() and site.secret not in answer.content.decode()


def test_without_origins_nobody_may_show_it_and_a_site_that_is_off_has_none(client, site):
    Site.objects.update(origins=[])
    assert "frame-ancestors 'none'" in client.get(f"/widget/frame/{site.key}/")["Content-Security-Policy"]
    Site.objects.update(is_active=False)
    assert client.get(f"/widget/frame/{site.key}/").status_code == 404
    assert client.get("/widget/frame/site_nobody/").status_code == 404
