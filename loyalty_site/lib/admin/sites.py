"""How is the back office laid out, and what do higher apps add to the pages of lower ones?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.exceptions import NotRegistered
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix

from loyalty_site.lib.admin.addresses import Row
from loyalty_site.lib.admin.extensions import Extension
from loyalty_site.lib.admin.lists import SearchedChoices
from loyalty_site.lib.admin.pages import ModelAdmin
from loyalty_site.lib.admin.theme import ThemeSite

#: Lists of the side bar that are kept, one for each set of rights that somebody has.
MOST_APP_LISTS = 100
#: What else the theme asks of each line of the side bar. Not to find it costs more than to draw the line.
_NOTHING_MORE = {"badge": None, "collapsible": False, "link_callback": None}


class Site(ThemeSite):
    """The admin with a side bar made of what is registered: nothing to forget when a model arrives."""

    #: App labels in the order of the side bar; others follow behind.
    app_order: Sequence[str] = ()
    site_title = site_header = "Loyalty"
    index_title = "Back office"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self._app_lists: dict[tuple[Any, ...], list[Any]] = {}

    def extend(self, model: type[Row], extension: type[Extension[Row]]) -> None:
        """Add `extension` to the pages of `model`, whose admin a lower app has registered.

        Several add up in the order of these calls: that of INSTALLED_APPS, which runs upward, and of the imports
        in an app's `admin`. Raises NotRegistered, and ImproperlyConfigured when it does not fit the page.
        """
        page = self._registry.get(model)
        if page is None:
            raise NotRegistered(
                f"{extension.__name__} extends the pages of {model._meta.label}, which has none so far: "
                "its admin has to be registered first, by an app that stands before this one in INSTALLED_APPS."
            )
        if not isinstance(page, ModelAdmin):
            raise ImproperlyConfigured(
                f"{extension.__name__} extends the pages of {model._meta.label}, but "
                f"{type(page).__name__} is no ModelAdmin of loyalty_site.lib.admin."
            )
        page.extend(extension)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        # A page shows it in two places, and it asks for a permission and an address of every model.
        made: dict[str | None, list[Any]] = vars(request).setdefault("app_lists", {})
        if app_label not in made:
            made[app_label] = self._app_list(request, app_label)
        return made[app_label]

    def _app_list(self, request: HttpRequest, app_label: str | None) -> list[Any]:
        """A copy of what was made for the first one with the same rights: to look up its 70 addresses takes long."""
        rights = tuple(
            (model, page.has_module_permission(request), *page.get_model_perms(request).values())
            for model, page in self._registry.items()
        )
        wanted = app_label, get_script_prefix(), rights
        kept = self._app_lists.get(wanted)
        if kept is None:
            kept = self._new_app_list(request, app_label)
            if len(self._app_lists) >= MOST_APP_LISTS:
                self._app_lists.clear()
            self._app_lists[wanted] = kept
        return [app | {"models": [dict(model) for model in app["models"]]} for app in kept]

    def _new_app_list(self, request: HttpRequest, app_label: str | None) -> list[Any]:
        apps: list[Any] = super().get_app_list(request, app_label)
        places = {label: place for place, label in enumerate(self.app_order)}
        for app in apps:
            app["models"].sort(key=lambda model: self._place(model["model"]))
        return sorted(apps, key=lambda app: places.get(app["app_label"], len(places)))

    def _place(self, model: type[Model]) -> tuple[bool, int, str]:
        place = _place_of(self._registry[model])
        return place is None, place or 0, str(model._meta.verbose_name_plural)

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        return [
            _NOTHING_MORE | {"title": app["name"], "separator": True, "items": list(self._links(request, app))}
            for app in self.get_app_list(request)
        ]

    def _links(self, request: HttpRequest, app: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for model in app["models"]:
            owner = self._registry[model["model"]]
            if isinstance(owner, ModelAdmin) and owner.place is not None and model["admin_url"]:
                yield _NOTHING_MORE | {
                    "title": model["name"],
                    "icon": owner.icon,
                    "link": model["admin_url"],
                    "active": request.path.startswith(model["admin_url"]),
                    "has_permission": True,
                }

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return cast(HttpResponse, _Autocomplete.as_view(admin_site=self)(request))


def _place_of(owner: admin.ModelAdmin[Any]) -> int | None:
    return owner.place if isinstance(owner, ModelAdmin) else None


class _Autocomplete(SearchedChoices):
    """A model's admin may say more about a row than its name, where two could be mistaken.

    What names a row is read along as it is for a list, not once for each row.
    """

    def get_queryset(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset()
        along = self.model_admin.list_select_related
        return rows if isinstance(along, bool) else rows.select_related(*along)

    def serialize_result(self, obj: Model, to_field_name: str) -> dict[str, str]:
        text = self.model_admin.autocomplete_text(obj) if isinstance(self.model_admin, ModelAdmin) else str(obj)
        return super().serialize_result(obj, to_field_name) | {"text": text}


#: Django's own site of the admin, which lib/apps.py makes one of ours.
site = cast(Site, admin.site)
