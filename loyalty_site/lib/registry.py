"""Which plug-ins lie in a folder? One class, one file; the file name is the plug-in's slug."""

import importlib
import pkgutil
from types import ModuleType
from typing import Protocol, TypeVar


class PlugIn(Protocol):
    """Whatever can be found by the name of its file."""

    slug: str


PlugInType = TypeVar("PlugInType", bound=PlugIn)


def load(package: ModuleType, base: type[PlugInType]) -> dict[str, type[PlugInType]]:
    """{slug: class} of every module of `package` that defines a subclass of `base`; sets the `slug` of each class.

    A module without one is shared code of the folder (base classes, conditions) and is left out.
    """
    found: dict[str, type[PlugInType]] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        loaded = importlib.import_module(f"{package.__name__}.{module}")
        for thing in vars(loaded).values():
            if not isinstance(thing, type) or thing.__module__ != loaded.__name__:
                continue
            if issubclass(thing, base) and thing is not base:
                thing.slug = module
                found[module] = thing
    return found
