"""Are the stores that a segment names there? First whether their partners take part, then whether there are such."""

from collections.abc import Collection, Iterable, Iterator

from django.db.models import Q

from partners.models import Store
from programs.capping import store_of
from programs.checks import Problem, clipped
from programs.segments.base import Surroundings


def strangers(stores: Iterable[str], around: Surroundings) -> Iterator[str]:
    """What is said of stores whose partners do not take part."""
    for text in stores:
        name = store_of(text, around.owner)
        if name and name[0] not in around.partners:
            yield f"no partner “{clipped(name[0])}” takes part in the program"


def missing(named: Collection[tuple[str, str]], owner: str) -> Iterator[Problem]:
    """Of (path, store), which there is none of; this asks the database."""
    wanted = {text: store_of(text, owner) for _, text in named}
    asked = Q(pk__in=())
    for partner, code in filter(None, wanted.values()):
        asked |= Q(partner__code=partner, code=code)
    there = set(Store.objects.filter(asked).values_list("partner__code", "code")) if named else set()
    for path, text in named:
        name = wanted[text]
        if name not in there:
            partner, code = name or (owner, text)
            yield Problem(path, f"partner “{clipped(partner)}” has no store “{clipped(code)}”; add it in the admin")
