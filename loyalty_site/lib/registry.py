"""Which plug-ins lie in a folder? One class, one file; the file name is the plug-in's slug."""

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

PlugIn = TypeVar("PlugIn")


def load(package: ModuleType, base: type[PlugIn]) -> dict[str, type[PlugIn]]:
    """{slug: class} of every module of `package` that defines a subclass of `base`.

    A module without one is shared code of the folder (base classes, conditions) and is left out. Raises ImportError
    where a module has two: the second would take the place of the first, and nobody would know.
    """
    found: dict[str, type[PlugIn]] = {}
    for slug in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        module = importlib.import_module(f"{package.__name__}.{slug}")
        own = [thing for thing in _classes(module) if issubclass(thing, base) and thing is not base]
        if len(own) > 1:
            names = " and ".join(thing.__name__ for thing in own)
            raise ImportError(f"{module.__name__} defines {names}: one file, one {base.__name__}.")
        if own:
            found[slug] = own[0]
    return found


def _classes(module: ModuleType) -> list[type]:
    """The classes that `module` itself defines, each once whatever its names."""
    things = dict.fromkeys(thing for thing in vars(module).values() if isinstance(thing, type))
    return [thing for thing in things if thing.__module__ == module.__name__]
