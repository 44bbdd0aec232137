"""Who uses the back office in the tests? Three people, so that each permission has its negative test."""

import pytest

from loyalty_site import staff


def _person(django_user_model, name, group=None):
    person = django_user_model.objects.create_user(name, f"{name}@example.com", "correct horse", is_staff=bool(group))
    if group:
        staff.make_groups()
        person.groups.add(staff.Group.objects.get(name=group))
    return person


@pytest.fixture
def marketing(db, django_user_model):
    return _person(django_user_model, "marketing", "Marketing")


@pytest.fixture
def store_staff(db, django_user_model):
    return _person(django_user_model, "store", "Store staff")


@pytest.fixture
def stranger(db, django_user_model):
    """Somebody with a login and nothing else."""
    return _person(django_user_model, "stranger")


@pytest.fixture
def boss(db, django_user_model):
    return django_user_model.objects.create_superuser("boss", "boss@example.com", "correct horse")
