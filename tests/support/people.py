"""Who uses the back office in the tests? Three people, so that each permission has its negative test."""

from django.contrib.auth import get_user_model

from loyalty_site import staff
from tests.support.stage import kept


def _person(name, group=None):
    person = get_user_model().objects.create_user(name, f"{name}@example.com", "correct horse", is_staff=bool(group))
    if group:
        staff.make_groups()
        person.groups.add(staff.Group.objects.get(name=group))
    return person


@kept
def marketing(db):
    return _person("marketing", "Marketing")


@kept
def store_staff(db):
    return _person("store", "Store staff")


@kept
def stranger(db):
    """Somebody with a login and nothing else."""
    return _person("stranger")


@kept
def boss(db):
    return get_user_model().objects.create_superuser("boss", "boss@example.com", "correct horse")
