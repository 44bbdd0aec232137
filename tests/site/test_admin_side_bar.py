"""The side bar names what one may see. Its addresses are not looked up anew for each page."""

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import Permission
from django.urls import get_script_prefix, reverse, set_script_prefix

from loyalty_site.lib.admin import Site, site, sites
from partners.models import Partner, Store


@pytest.fixture
def shop(lively_shop):
    return lively_shop


@pytest.fixture
def asked(rf):
    def ask(person):
        request = rf.get("/admin/")
        request.user = person
        return request

    return ask


def by_name(apps):
    return {app["app_label"]: app | {"models": sorted(app["models"], key=lambda one: one["name"])} for app in apps}


@pytest.mark.parametrize("label", [None, "members"])
def test_everybody_gets_the_list_that_django_makes_for_them(
    asked, boss, marketing, store_staff, stranger, shop, label
):
    for person in (boss, marketing, store_staff, stranger, boss, stranger, store_staff, marketing):
        made = AdminSite.get_app_list(site, asked(person), label)
        assert by_name(site.get_app_list(asked(person), label)) == by_name(made)


def test_whoever_is_given_a_right_sees_it_at_once(client, store_staff, shop):
    def shown():
        client.force_login(store_staff)
        return reverse("admin:partners_store_changelist") in client.get(reverse("admin:index")).content.decode()

    assert not shown()
    store_staff.user_permissions.add(Permission.objects.get(codename="view_store"))
    assert shown()
    store_staff.user_permissions.clear()
    assert not shown()


def test_who_may_only_read_is_told_so(asked, store_staff, shop):
    store_staff.user_permissions.add(Permission.objects.get(codename="view_partner"))
    (app,) = site.get_app_list(asked(store_staff), "partners")
    (model,) = app["models"]
    assert model["view_only"] is True
    assert model["add_url"] is None


def test_what_a_page_does_to_its_list_no_other_page_sees(asked, boss, shop):
    first = site.get_app_list(asked(boss))
    first[0]["models"][0]["name"] = "changed"
    del first[0]["models"][1:]
    first[0]["name"] = "changed"
    assert by_name(site.get_app_list(asked(boss))) == by_name(AdminSite.get_app_list(site, asked(boss)))


def test_below_another_address_the_links_lead_there(asked, boss, shop):
    site.get_app_list(asked(boss))
    before = get_script_prefix()
    set_script_prefix("/loyalty/")
    try:
        urls = {model["admin_url"] for app in site.get_app_list(asked(boss)) for model in app["models"]}
    finally:
        set_script_prefix(before)
    assert all(url.startswith("/loyalty/admin/") for url in urls)


def test_no_address_is_looked_up_again_for_the_same_rights(asked, boss, shop, monkeypatch):
    site.get_app_list(asked(boss))
    monkeypatch.setattr("django.contrib.admin.sites.reverse", None)
    assert site.get_app_list(asked(boss))


def test_kept_lists_do_not_grow_without_bound(asked, boss, shop, monkeypatch):
    monkeypatch.setattr(sites, "MOST_APP_LISTS", 2)
    small = Site()
    small._registry = {Partner: site._registry[Partner], Store: site._registry[Store]}
    for label in (None, "partners", "members", "programs", None):
        small.get_app_list(asked(boss), label)
        assert len(small._app_lists) <= 2
    assert [model["object_name"] for model in small.get_app_list(asked(boss))[0]["models"]] == ["Partner", "Store"]
