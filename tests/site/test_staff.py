import stat

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import Group, Permission

from loyalty_site import staff

pytestmark = pytest.mark.django_db


def test_marketing_configures_and_looks_after_members(marketing):
    allowed = ["programs.add_program", "programs.change_rule", "partners.add_store", "members.view_balance"]
    allowed += ["members.change_member", "members.change_customer", "transactions.view_entry"]
    assert marketing.has_perms(allowed)


@pytest.mark.parametrize(
    "permission",
    [
        "partners.add_apikey",
        "partners.change_connection",
        "members.change_balance",
        "members.add_member",
        "transactions.add_journal",
        "transactions.change_entry",
        "auth.change_user",
    ],
)
def test_marketing_may_not(marketing, permission):
    assert not marketing.has_perm(permission)


def test_store_staff_look_up_members_and_enter_purchases(store_staff):
    assert store_staff.has_perms(["members.view_member", "programs.view_program", "transactions.add_journal"])


@pytest.mark.parametrize(
    "permission",
    [
        "members.change_member",
        "programs.change_program",
        "partners.view_connection",
        "partners.view_apikey",
        "transactions.change_journal",
        "transactions.add_entry",
    ],
)
def test_store_staff_may_not(store_staff, permission):
    assert not store_staff.has_perm(permission)


def test_nobody_deletes():
    staff.make_groups()
    assert not Permission.objects.filter(group__isnull=False, codename__startswith="delete_").exists()


def test_history_is_read_only():
    staff.make_groups()
    kept = Permission.objects.filter(group__isnull=False, codename__contains="_historical")
    assert not kept.exclude(codename__startswith="view_").exists()


def test_groups_keep_what_was_added_to_them():
    staff.make_groups()
    extra = Permission.objects.get(codename="delete_session")
    Group.objects.get(name=staff.STORE).permissions.add(extra)
    staff.make_groups()
    assert extra in Group.objects.get(name=staff.STORE).permissions.all()
    assert Group.objects.count() == 2


def test_first_logins_are_made_once_and_kept_private(tmp_path):
    staff.make_groups()
    path = tmp_path / "logins.txt"
    first = staff.make_logins(path)
    assert staff.make_logins(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert authenticate(username="admin", password=first["admin"]).is_superuser
    store = authenticate(username="store", password=first["store"])
    assert store.is_staff
    assert not store.is_superuser
    assert [group.name for group in store.groups.all()] == [staff.STORE]
    assert len(set(first.values())) == 3


def test_a_user_who_was_there_keeps_his_password(tmp_path, django_user_model):
    staff.make_groups()
    django_user_model.objects.create_user("admin", password="own password")
    assert "admin" not in staff.make_logins(tmp_path / "logins.txt")
    assert authenticate(username="admin", password="own password")
