"""Django's own command, which lets a weak password pass: on the word of who types it, and from the environment."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.contrib.auth.models import User, UserManager
from django.contrib.auth.password_validation import validate_password


class Command(createsuperuser.Command):
    help = "Create an administrator. A password that the rules refuse is never taken."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.UserModel: Any = _Users(User)


class _Users:
    """The model of users as the command asks for it, with a manager that looks at passwords first."""

    def __init__(self, model: type[User]) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def __call__(self, **fields: Any) -> User:
        return self._model(**fields)

    @property
    def _default_manager(self) -> "_Users":
        return self

    def db_manager(self, database: str) -> "_Manager":
        return _Manager(self._model._default_manager.db_manager(database))


class _Manager:
    def __init__(self, manager: UserManager[User]) -> None:
        self._manager = manager

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)

    def create_superuser(self, *, password: str | None = None, **fields: Any) -> User:
        """Raises ValidationError, which the command says; without a password nobody can sign in with one."""
        if password is not None:
            validate_password(password, User(**fields))
        return self._manager.create_superuser(password=password, **fields)
