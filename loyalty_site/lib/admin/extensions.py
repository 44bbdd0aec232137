"""What do higher apps add to the pages of lower ones? By declaration: `site.extend(Member, MemberActions)`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

from django.core.exceptions import PermissionDenied
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from loyalty_site.lib.admin.addresses import Row
from loyalty_site.lib.admin.theme import Actions, StaffRequest
from loyalty_site.lib.panels import Panel

if TYPE_CHECKING:
    from loyalty_site.lib.admin.pages import ModelAdmin


def names_of(actions: Actions) -> list[str]:
    """The names of the actions, those in menus included."""
    return [name for one in actions for name in ([one] if isinstance(one, str) else one["items"])]


@dataclass(frozen=True, slots=True)
class Subpage:
    """A page beside the one of a row, at <row>/<route>/, for those who have `permission` (app.codename).

    Its address is called <app>_<model>_<name>; `view` gets the admin, the request and the row's id as typed.
    """

    route: str
    name: str
    permission: str
    view: Callable[[ModelAdmin, StaffRequest, str], HttpResponseBase]

    def url(self, admin: ModelAdmin) -> URLPattern:
        """Where `admin` serves it."""

        def view(request: StaffRequest, object_id: str) -> HttpResponseBase:
            if not request.user.has_perm(self.permission):
                raise PermissionDenied
            return self.view(admin, request, object_id)

        name = f"{admin.opts.app_label}_{admin.opts.model_name}_{self.name}"
        return path(f"<path:object_id>/{self.route}/", admin.admin_site.admin_view(view), name=name)


@dataclass(frozen=True, slots=True)
class Button:
    """A button of such a page; `name` is what it sends."""

    name: str
    label: str
    variant: str = ""


class Extension(Generic[Row]):
    """What is added to the pages of a model whose admin is registered already, see Site.extend.

    A subclass declares; what it leaves out adds nothing. `admin` is the one that it extends.
    """

    #: Buttons at the top of a row's page, behind those that are there.
    actions_detail: Actions = ()
    subpages: Sequence[Subpage] = ()

    def __init__(self, admin: ModelAdmin) -> None:
        self.admin = admin

    def refresh(self, request: StaffRequest, row: Row) -> None:
        """Bring up to date what the page is about to show of `row`, before any panel reads it."""

    def refresh_listed(self, request: StaffRequest, rows: Sequence[Row]) -> bool:
        """Bring up to date what a list is about to show of `rows`; says whether any of it had to be."""
        return False

    def panels(self, request: StaffRequest, row: Row) -> list[Panel]:
        """What is shown above the form, between the tiles of the page and its other panels."""
        return []

    def offered(self, request: StaffRequest, object_id: str) -> Collection[str]:
        """Those of its own actions that the state of the row leaves; asked when the user may do any of them."""
        return names_of(self.actions_detail)

    # The theme's `action` looks for these at whoever has the method, to know how to ask for its permission.
    actions_submit_line: tuple[str, ...] = ()

    def _extract_action_names(self, actions: Any) -> list[str]:
        return names_of(actions)
