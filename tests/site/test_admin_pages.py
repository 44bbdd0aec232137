"""Every page of the admin opens: a wrong name in a list or a filter is seen when the page is drawn."""

import pytest
from django.contrib import admin
from django.urls import reverse

pytestmark = pytest.mark.django_db

REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)


def url_of(model, page):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")


@pytest.fixture
def at_the_desk(client, boss):
    client.force_login(boss)
    return client


def test_the_index_opens(at_the_desk):
    assert at_the_desk.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_the_list_opens(model, at_the_desk):
    assert at_the_desk.get(url_of(model, "changelist")).status_code == 200
    if admin.site._registry[model].search_fields:
        assert at_the_desk.get(url_of(model, "changelist"), {"q": "smith 42"}).status_code == 200


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_the_form_for_a_new_one_opens_or_is_forbidden(model, at_the_desk, rf, boss):
    request = rf.get("/")
    request.user = boss
    may_add = admin.site._registry[model].has_add_permission(request)
    assert at_the_desk.get(url_of(model, "add")).status_code == (200 if may_add else 403)
