"""The admin: every list searches, filters and costs the same for any number of rows; what is hard to take back asks first."""

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.urls import reverse

from helpdesk.models import ApiKey, Article, Customer, Outbox, SiteSettings, User
from tests.factories import make_admin, make_article, make_customer, make_organisation, make_ticket, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def morgan(client):
    morgan = make_admin()
    client.force_login(morgan)
    return morgan


def changelist(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def act(client, model, action, *objects, **extra):
    data = {"action": action, ACTION_CHECKBOX_NAME: [each.pk for each in objects], **extra}
    return client.post(changelist(model), data, follow=True)


OURS = [model for model in admin.site._registry if model._meta.app_label in {"helpdesk", "learning", "assistant"}]


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_list_opens_searches_and_offers_its_form(client, morgan, model):
    make_ticket(make_customer(organisation=make_organisation()))
    make_article()
    response = client.get(changelist(model), {"q": "a"} if admin.site._registry[model].search_fields else {}, follow=True)
    assert response.status_code == 200
    if admin.site._registry[model].has_add_permission(response.wsgi_request):
        assert client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")).status_code == 200


@pytest.mark.parametrize(
    ("model", "make"),
    [(Customer, lambda: make_customer(organisation=make_organisation())), (Article, make_article), (User, make_user)],
)
def test_a_list_costs_the_same_for_any_number_of_rows(client, morgan, model, make, django_assert_max_num_queries):
    costs = []
    client.get(changelist(model))  # makes the row of settings
    for rows in (5, 30):
        while model.objects.count() < rows:
            make()
        with django_assert_max_num_queries(20) as queries:
            client.get(changelist(model))
        costs.append(len(queries))
    assert costs[0] == costs[1]


@pytest.mark.parametrize("who", [None, make_user], ids=["nobody", "an agent"])
def test_only_admins_come_in(client, who):
    if who:
        client.force_login(who())
    assert client.get(reverse("admin:index")).status_code == 302
    assert client.get(changelist(User)).status_code == 302


def test_deactivating_asks_first_and_signs_out_everywhere(client, morgan, django_user_model):
    from django.test import Client

    ines, elsewhere = make_user(), Client()
    elsewhere.force_login(ines)
    asked = act(client, User, "deactivate", ines)
    assert b"signed out everywhere" in asked.content
    ines.refresh_from_db()
    assert ines.is_active
    act(client, User, "deactivate", ines, confirmed="yes")
    ines.refresh_from_db()
    assert not ines.is_active
    assert "_auth_user_id" not in elsewhere.session


def test_nobody_deactivates_themselves(client, morgan):
    answer = act(client, User, "deactivate", morgan, confirmed="yes").content.decode()
    morgan.refresh_from_db()
    assert morgan.is_active
    assert "cannot deactivate yourself" in answer and "Deactivated:" not in answer


def test_a_key_is_shown_once_and_works(client, morgan):
    response = client.post(reverse("admin:helpdesk_apikey_add"), {"name": "CRM", "scopes": ["ask"]}, follow=True)
    [shown] = [word for message in response.context["messages"] for word in str(message).split() if word.startswith("wsk_")]
    assert ApiKey.find(shown).scopes == ["ask"]
    assert shown not in client.get(changelist(ApiKey)).content.decode()
    act(client, ApiKey, "revoke", ApiKey.objects.get(), confirmed="yes")
    assert ApiKey.find(shown) is None


def test_an_article_is_published_revised_and_archived_through_its_verbs(client, morgan):
    article = make_article(publish=False)
    act(client, Article, "publish", article, confirmed="yes")
    article.refresh_from_db()
    assert (article.status, article.version, article.source.is_live) == ("published", 1, True)
    form = {
        "title": "New title",
        "slug": article.slug,
        "body": "New body",
        "audience": "public",
        "locale": "en",
        "summary": "",
        "pages": "",
    }
    inline = {"versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}
    client.post(reverse("admin:helpdesk_article_change", args=[article.pk]), {**form, **inline})
    article.refresh_from_db()
    assert (article.title, article.version, article.source.title) == ("New title", 2, "New title")
    act(client, Article, "archive", article, confirmed="yes")
    article.source.refresh_from_db()
    assert not article.source.is_live


def test_settings_are_one_row_with_bounds(client, morgan):
    url = reverse("admin:helpdesk_sitesettings_change", args=[SiteSettings.load().pk])
    assert client.get(changelist(SiteSettings)).url == url
    fields = {field.name: getattr(SiteSettings.load(), field.name) for field in SiteSettings._meta.fields if field.name != "id"}
    assert b"Ensure this value is less than or equal to" in client.post(url, {**fields, "answer_target": 1.5}).content
    client.post(url, {**fields, "company_name": "Fieldnote"})
    assert SiteSettings.load().company_name == "Fieldnote"


def test_what_was_given_up_can_be_sent_again(client, morgan):
    row = Outbox.enqueue("mail", to="ada@client.example", payload={"subject": "s", "text": "t"}, key="k")
    Outbox.objects.filter(pk=row.pk).update(state="dead", attempts=12)
    act(client, Outbox, "send_again", row, confirmed="yes")
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("pending", 0)
