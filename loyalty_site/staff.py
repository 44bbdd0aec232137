"""Who works here, and what may they do? The two staff groups, and the first three logins.

Permissions are computed from the models of each app, so a model that arrives later is covered when its
migrations are applied.
"""

import os
import secrets
import tempfile

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import transaction

MARKETING = "Marketing"
STORE = "Store staff"

VIEW = ("view",)
KEEP = ("add", "change", "view")

# Nobody may delete: configuration is closed and facts are reversed. What an app's models get, then the
# models that differ (None: nothing at all).
PERMISSIONS = {
    MARKETING: {
        "programs": (KEEP, {}),
        "partners": (KEEP, {"apikey": VIEW, "connection": VIEW}),
        "members": (
            VIEW,
            {"member": ("change", "view"), "customer": ("change", "view"), "relation": KEEP, "merge": KEEP},
        ),
        "transactions": (VIEW, {"approval": ("change", "view")}),
    },
    STORE: {
        "programs": (VIEW, {}),
        "members": (VIEW, {"member": ("add", "view")}),
        "transactions": (VIEW, {"journal": ("add", "view"), "journalline": ("add", "view")}),
    },
}

# Name of the first login -> its group; the administrator has none and needs none.
FIRST_LOGINS = {"admin": None, "marketing": MARKETING, "store": STORE}


@transaction.atomic
def make_groups():
    """Make both groups, or add what they lack; what somebody added to them stays. Safe to repeat."""
    for name, per_app in PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=name)
        for app_label, (usual, special) in per_app.items():
            codenames = codenames_of(app_label, usual, special)
            group.permissions.add(
                *Permission.objects.filter(content_type__app_label=app_label, codename__in=codenames)
            )


def codenames_of(app_label, usual, special):
    """The codenames for each model of an app; the history of a model can only be read."""
    for model in apps.get_app_config(app_label).get_models():
        name = model._meta.model_name
        actions = VIEW if hasattr(model, "history_object") else special.get(name, usual)
        yield from (f"{action}_{name}" for action in actions)


def make_logins(path):
    """Make the first users that are missing; return {name: first password}, kept in the file at `path`.

    The file is readable by its owner only. A user who exists without being in the file keeps the password
    that he has, which nobody knows here.
    """
    logins = read_logins(path)
    known = set(get_user_model().objects.filter(username__in=FIRST_LOGINS).values_list("username", flat=True))
    missing = [name for name in FIRST_LOGINS if name not in known]
    for name in missing:
        logins.setdefault(name, secrets.token_urlsafe(9))
    if missing:
        # Written first: a password that is in nobody's hands would lock everybody out.
        write_logins(path, logins)
        make_users({name: logins[name] for name in missing})
    return logins


@transaction.atomic
def make_users(passwords):
    for name, password in passwords.items():
        group = FIRST_LOGINS[name]
        user = get_user_model().objects.create_user(
            name, password=password, is_staff=True, is_superuser=group is None
        )
        if group:
            user.groups.add(Group.objects.get(name=group))


def read_logins(path):
    if not path.exists():
        return {}
    return dict(line.split(": ", 1) for line in path.read_text().splitlines() if ": " in line)


def write_logins(path, logins):
    handle, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    with open(handle, "w") as file:
        file.writelines(f"{name}: {password}\n" for name, password in logins.items())
    os.replace(draft, path)
