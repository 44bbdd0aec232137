"""Which plug-ins lie in a folder? One class, one file; the file name is the plug-in's slug."""

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

PlugIn = TypeVar("PlugIn")


def load(package: ModuleType, base: type[PlugIn]) -> dict[str, type[PlugIn]]:
    """{slug: class} of every module of `package` that defines a subclass of `base`.

    A module without one is shared code of the folder (base classes, conditions) and is left out.
    """
    found: dict[str, type[PlugIn]] = {}
    for slug in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        module = importlib.import_module(f"{package.__name__}.{slug}")
        for thing in vars(module).values():
            is_own = isinstance(thing, type) and thing.__module__ == module.__name__
            if is_own and issubclass(thing, base) and thing is not base:
                found[slug] = thing
    return found
