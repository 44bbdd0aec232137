"""Who works here, and what may they do? The two staff groups, and the first three logins.

Permissions are computed from the models of each app, so a model that arrives later is covered when its
migrations are applied.
"""

import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from simple_history.models import HistoricalChanges

MARKETING = "Marketing"
STORE = "Store staff"

VIEW = ("view",)
KEEP = ("add", "change", "view")

#: What each sees of themselves without any permission; of others, only superusers do.
OWN: dict[str, Sequence[str]] = {"staffnotice": (), "staffsubscription": ()}

#: {group: {app label: (what its models usually get, {model: what it gets instead})}}. Nobody may delete:
#: configuration is closed and facts are reversed.
PERMISSIONS: dict[str, dict[str, tuple[Sequence[str], dict[str, Sequence[str]]]]] = {
    MARKETING: {
        "programs": (KEEP, {}),
        "partners": (KEEP, {"apikey": VIEW, "connection": VIEW, "webhookendpoint": VIEW}),
        "members": (
            VIEW,
            {
                "member": ("change", "view"),
                "customer": ("change", "view"),
                "consent": ("add", "view"),
                "tag": KEEP,
                "relation": KEEP,
                "merge": KEEP,
                "promotionenrolment": KEEP,
                **OWN,
                "delivery": ("change", "view"),
            },
        ),
        "transactions": (VIEW, {"approval": ("change", "view")}),
    },
    STORE: {
        "programs": (VIEW, {}),
        "members": (VIEW, {"member": ("add", "view"), "promotionenrolment": KEEP, "event": (), **OWN}),
        # Whoever sees nights hears when one fails, which nobody at a counter can mend.
        "transactions": (
            VIEW,
            {"journal": ("add", "view"), "journalline": ("add", "view"), "nightrun": (), "nightbatch": ()},
        ),
    },
}

#: What is no usual permission of a model, as "app.codename": what marketing decides about members' tiers.
FURTHER = {MARKETING: ("programs.decide_downgrades", "transactions.set_tier")}

#: Name of the first login -> its group; the administrator has none and needs none.
FIRST_LOGINS: dict[str, str | None] = {"admin": None, "marketing": MARKETING, "store": STORE}


@transaction.atomic
def make_groups() -> None:
    """Make both groups, or add what they lack; what somebody added to them stays. Safe to repeat."""
    for name, per_app in PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=name)
        for app_label, (usual, special) in per_app.items():
            codenames = codenames_of(app_label, usual, special)
            group.permissions.add(
                *Permission.objects.filter(content_type__app_label=app_label, codename__in=codenames)
            )
        for app_label, codename in (one.split(".") for one in FURTHER.get(name, ())):
            group.permissions.add(*Permission.objects.filter(content_type__app_label=app_label, codename=codename))


def codenames_of(app_label: str, usual: Sequence[str], special: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The codenames for each model of an app; the history of a model can only be read."""
    for model in apps.get_app_config(app_label).get_models():
        name = str(model._meta.model_name)
        actions = VIEW if issubclass(model, HistoricalChanges) else special.get(name, usual)
        yield from (f"{action}_{name}" for action in actions)


def make_logins(path: Path) -> dict[str, str]:
    """Make the first users that are missing; return {name: first password}, kept in the file at `path`.

    The file is readable by its owner only. A user who exists without being in the file keeps the password
    they have, which nobody knows here.
    """
    logins = read_logins(path)
    known = set(User.objects.filter(username__in=FIRST_LOGINS).values_list("username", flat=True))
    missing = [name for name in FIRST_LOGINS if name not in known]
    for name in missing:
        if not _is_fit(name, logins.get(name, "")):
            logins[name] = secrets.token_urlsafe(9)
    if missing:
        # Written first: a password that nobody can read would lock everybody out.
        write_logins(path, logins)
        make_users({name: logins[name] for name in missing})
    return logins


def _is_fit(name: str, password: str) -> bool:
    """Whether the rules for passwords take it; somebody may have written another one into the file."""
    try:
        validate_password(password, User(username=name))
    except ValidationError:
        return False
    return True


@transaction.atomic
def make_users(passwords: Mapping[str, str]) -> None:
    """Make the first users of these names with these passwords, each in its group."""
    for name, password in passwords.items():
        group = FIRST_LOGINS[name]
        user = User.objects.create_user(name, password=password, is_staff=True, is_superuser=group is None)
        if group:
            user.groups.add(Group.objects.get(name=group))


def read_logins(path: Path) -> dict[str, str]:
    """{name: first password} as the file at `path` keeps it; empty when there is none."""
    if not path.exists():
        return {}
    return dict(line.split(": ", 1) for line in path.read_text().splitlines() if ": " in line)


def write_logins(path: Path, logins: Mapping[str, str]) -> None:
    """Replace the file at `path` in one step, readable by its owner only."""
    handle, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    with open(handle, "w") as file:
        file.writelines(f"{name}: {password}\n" for name, password in logins.items())
    os.replace(draft, path)
