"""The rows of every list are drawn as the theme draws them, letter by letter."""

import re

import pytest
from django.contrib import admin
from django.urls import reverse

from loyalty_site.lib.admin import rows

MODELS = [pytest.param(model, id=model._meta.label) for model in admin.site._registry]
LISTS = [
    pytest.param({}, id="all"),
    pytest.param({"o": "-1.2"}, id="sorted"),
    pytest.param({"_popup": "1"}, id="popup"),
    pytest.param({"_popup": "1", "_to_field": "id"}, id="popup-by-key"),
]


@pytest.fixture
def shop(lively_shop):
    return lively_shop


@pytest.fixture
def listed(client, boss, shop, monkeypatch):
    """Asks for a list: as it is served and, `by_theme`, as the theme draws it."""
    client.force_login(boss)

    def ask(model, query, by_theme=False):
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        with monkeypatch.context() as patch:
            if by_theme:
                patch.setattr(admin.site._registry[model], "change_list_template", None)
            answer = client.get(address, query)
        assert answer.status_code == 200
        html = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
        return re.sub(r"\s+", " ", html)

    return ask


@pytest.mark.parametrize("query", LISTS)
@pytest.mark.parametrize("model", MODELS)
def test_a_list_is_what_the_theme_makes_of_it(listed, model, query):
    assert listed(model, query) == listed(model, query, by_theme=True)
