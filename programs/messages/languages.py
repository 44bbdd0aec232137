"""In which of its languages does somebody get a message?"""

from collections.abc import Iterable


def choose(there: Iterable[str], wanted: str, usual: str) -> str | None:
    """The one of the languages that are `there` for who speaks `wanted`: that one, its base (pt-BR: pt), another form
    of it (pt-PT), the `usual` one of the program in the same way, else the first; None where there is none."""
    found = list(there)
    for asked in (wanted, usual):
        for fits in (_is_same, _is_base, _has_same_base):
            if asked and (fitting := [one for one in found if fits(one, asked)]):
                return fitting[0]
    return found[0] if found else None


def _base(language: str) -> str:
    return language.partition("-")[0].casefold()


def _is_same(one: str, asked: str) -> bool:
    return one.casefold() == asked.casefold()


def _is_base(one: str, asked: str) -> bool:
    return one.casefold() == _base(asked)


def _has_same_base(one: str, asked: str) -> bool:
    return _base(one) == _base(asked)
