"""Every page of the admin opens, for whom it should and for nobody else."""

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.site.shop import Shop

MODELS = [pytest.param(model, id=model._meta.label) for model in admin.site._registry]


@pytest.fixture
def shop(db):
    return Shop()


def page(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.mark.parametrize("model", MODELS)
def test_every_list_and_page_opens(client, boss, shop, model):
    client.force_login(boss)
    rows = model._default_manager.all()
    assert rows.exists() or model._meta.app_label == "auth", f"The shop has no {model._meta.label} to show."
    assert client.get(page(model, "changelist")).status_code == 200
    assert client.get(page(model, "changelist"), {"q": "Lovelace"}).status_code == 200
    for row in rows[:3]:
        assert client.get(page(model, "change", row.pk)).status_code == 200
        assert client.get(page(model, "history", row.pk)).status_code == 200
    wanted = 200 if admin.site._registry[model].has_add_permission(_request(boss)) else 403
    assert client.get(page(model, "add")).status_code == wanted


def _request(user):
    class Request:
        pass

    request = Request()
    request.user = user
    return request
