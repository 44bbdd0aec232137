"""Which plug-ins lie in a folder? One class, one file; the file name is the plug-in's slug."""

import importlib
import pkgutil


def load(package, base):
    """{slug: class} of every module of `package` that defines a concrete subclass of `base`.

    A module without one is shared code of the folder (base classes, conditions) and is left out.
    """
    found = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        loaded = importlib.import_module(f"{package.__name__}.{module}")
        for thing in vars(loaded).values():
            is_own = isinstance(thing, type) and thing.__module__ == loaded.__name__
            if is_own and issubclass(thing, base) and thing is not base:
                thing.slug = module
                found[module] = thing
    return found
