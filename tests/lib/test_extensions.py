"""What one app adds to the pages of another: declared, in order, and refused at start-up when it does not fit."""

import pytest
from django.contrib import admin
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.auth.models import Group, User
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpResponse

from loyalty_site.lib.admin import Extension, ModelAdmin, Site, Subpage, action
from loyalty_site.lib.panels import Sentences, Tile, Tiles

TILES, OWN = Tiles([Tile("Members", "3")]), Sentences("Own", [])
FIRST, SECOND = Sentences("First", []), Sentences("Second", [])


class GroupPages(ModelAdmin):
    actions_detail = ["close"]

    def panels(self, request, group):
        return [TILES, OWN]

    @action(description="Close", permission="auth.change_group", icon="block")
    def close(self, request, object_id):
        return HttpResponse("closed")


def inside(page, request, object_id):
    return HttpResponse(f"{object_id} of {page} inside")


class Opening(Extension[Group]):
    actions_detail = ["open", {"title": "More", "items": ["widen"]}]
    subpages = [Subpage(route="in-side", name="inside", permission="auth.view_group", view=inside)]

    def panels(self, request, group):
        return [FIRST]

    @action(description="Open", permission="auth.change_group", icon="key")
    def open(self, request, object_id):
        return HttpResponse(f"{object_id} of {self.admin.model.__name__} is open")

    @action(description="Widen", permission="auth.view_group", icon="key")
    def widen(self, request, object_id):
        return HttpResponse("wide")


class Counting(Extension[Group]):
    actions_detail = ["count"]

    def refresh(self, request, group):
        group.name = "refreshed"

    def panels(self, request, group):
        return [SECOND, Sentences(group.name, [])]

    def offered(self, request, object_id):
        request.asked = True
        return []

    @action(description="Count", permission="auth.add_group", icon="key")
    def count(self, request, object_id):
        return HttpResponse("3")


@pytest.fixture
def site():
    site = Site("other")
    site.register(Group, GroupPages)
    return site


@pytest.fixture
def page(site):
    """The page of groups with both extensions."""
    site.extend(Group, Opening)
    site.extend(Group, Counting)
    return site._registry[Group]


class Person:
    """Somebody with these permissions."""

    is_active = is_staff = True

    def __init__(self, *permissions):
        self.permissions = permissions

    def has_perm(self, name, obj=None):
        return name in self.permissions


def asking(rf, *permissions):
    request = rf.get("/")
    request.user = Person(*permissions)
    return request


def names(actions):
    return [one.action_name.removeprefix("auth_group_") for one in actions]


def test_extensions_add_up_in_the_order_in_which_they_are_declared(rf, page):
    request = asking(rf, "auth.change_group", "auth.view_group")
    assert page.actions_detail == ["close", "open", {"title": "More", "items": ["widen"]}, "count"]
    assert names(page.get_actions_detail(request, "1")) == ["close", "open", "widen"]


def test_an_extension_is_of_one_site_and_one_page_only(page):
    assert GroupPages.actions_detail == ["close"]
    assert GroupPages(Group, Site("another")).extensions == []


def test_panels_stand_between_the_tiles_and_the_rest_and_are_read_when_all_is_up_to_date(rf, page):
    shown = page.all_panels(asking(rf), Group(name="stale"))
    assert shown == [TILES, FIRST, SECOND, Sentences("refreshed", []), OWN]


def test_an_action_of_an_extension_runs_for_those_who_may(rf, page):
    addresses = {pattern.name: pattern for pattern in page.get_urls()}
    assert {"auth_group_open", "auth_group_widen", "auth_group_inside"} <= addresses.keys()
    answer = page.get_unfold_action("open").method
    assert answer(asking(rf, "auth.change_group"), object_id="7").content == b"7 of Group is open"
    with pytest.raises(PermissionDenied):
        answer(asking(rf, "auth.view_group"), object_id="7")


def test_a_subpage_opens_for_those_who_may(rf, page):
    view = next(pattern.callback for pattern in page.get_urls() if pattern.name == "auth_group_inside")
    assert view(asking(rf, "auth.view_group"), object_id="7").content == b"7 of auth.GroupPages inside"
    with pytest.raises(PermissionDenied):
        view(asking(rf, "auth.change_group"), object_id="7")


def test_what_the_state_of_a_row_leaves_is_asked_only_for_those_who_may_do_it(rf, page):
    may_not, may = asking(rf, "auth.change_group"), asking(rf, "auth.add_group")
    assert names(page.get_actions_detail(may_not, "1")) == ["close", "open"]
    assert not hasattr(may_not, "asked")
    assert names(page.get_actions_detail(may, "1")) == []
    assert may.asked


def test_a_page_that_nobody_registered_cannot_be_extended(site):
    with pytest.raises(NotRegistered, match=r"Opening extends the pages of auth\.User, which has none so far"):
        site.extend(User, Opening)


def test_a_page_of_another_kind_cannot_be_extended(site):
    site.register(User, admin.ModelAdmin)
    with pytest.raises(ImproperlyConfigured, match=r"is no ModelAdmin of loyalty_site\.lib\.admin"):
        site.extend(User, Opening)


class Nameless(Extension[Group]):
    actions_detail = ["vanish"]


class Closing(Extension[Group]):
    actions_detail = ["close"]

    def close(self, request, object_id):
        return HttpResponse("closed otherwise")


class Beside(Extension[Group]):
    subpages = Opening.subpages


@pytest.mark.parametrize(
    ("extension", "why"),
    [
        (Nameless, "Nameless has no method for its action “vanish”"),
        (Closing, r"Closing adds “close” to auth\.GroupPages, which has that already"),
        (Opening, r"Opening adds “inside”, “open”, “widen” to auth\.GroupPages"),
        (Beside, r"Beside adds “inside” to auth\.GroupPages"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(site, extension, why):
    site.extend(Group, Opening)
    page = site._registry[Group]
    before = page.actions_detail, list(page.extensions)
    with pytest.raises(ImproperlyConfigured, match=why):
        site.extend(Group, extension)
    assert (page.actions_detail, page.extensions) == before


class Misspelled(Extension[Group]):
    actions_detail = ["shut"]

    @action(description="Shut", permission="auth.chnage_group", icon="key")
    def shut(self, request, object_id):
        return HttpResponse("shut")


def test_a_permission_that_no_model_has_is_found_at_the_start_without_the_database(site, page):
    assert page.check() == []
    site.extend(Group, Misspelled)
    (error,) = page.check()
    assert (error.id, "auth.chnage_group" in error.msg) == ("loyalty.E004", True)
