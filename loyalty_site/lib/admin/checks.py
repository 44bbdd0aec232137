"""Are the actions of a page offered for permissions that exist? A misspelled one would hide its button for ever."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.admin.checks import ModelAdminChecks
from django.contrib.auth import get_permission_codename
from django.core.checks import CheckMessage, Error


class PageChecks(ModelAdminChecks):
    """Django's checks, and this one. The theme's own asks the database, which has no tables at the first start."""

    def check(self, admin_obj: Any, **kwargs: Any) -> list[CheckMessage]:
        return [*super().check(admin_obj, **kwargs), *_unknown_permissions(admin_obj)]


def _unknown_permissions(page: Any) -> Iterator[CheckMessage]:
    known = _permissions()
    for action in page._get_base_actions_detail():
        for name in sorted(set(action.method.allowed_permissions) - known):
            yield Error(f"The action {action.action_name} asks for {name}, which no model has.", id="loyalty.E004")


def _permissions() -> set[str]:
    """Every permission of every model, as app.codename."""
    known = set()
    for model in apps.get_models():
        meta = model._meta
        codenames = [get_permission_codename(action, meta) for action in meta.default_permissions]
        known |= {f"{meta.app_label}.{name}" for name in [*codenames, *(name for name, _ in meta.permissions)]}
    return known
