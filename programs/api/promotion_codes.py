"""How does the owner's system add codes to a promotion's own list, and how does a till ask for one of them?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib import problems
from loyalty_site.lib.json_types import Json
from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.schema_objects import Answer, Answered, Fields, Items
from loyalty_site.lib.schema_types import Text, Truth, Whole
from programs import promotion_codes
from programs.api.endpoint import AddressedProgram
from programs.api.promotions import CODE, NAME, one_offered
from programs.promotion_codes import written

MOST = 1_000
_ADDED, _KNOWN, _REFUSED = "added", "known", "refused"
_CODE = Text(promotion_codes.LONGEST, required=True)


class _AsSent(Items[str]):
    """A list that is taken as it was sent: each code stands for itself, whatever is wrong with others."""

    def read(self, value: Json, field: str, errors: list[Refusal]) -> Sequence[str] | None:
        fits = type(value) is list and self.least <= len(value) <= (self.most or 0)
        return cast(Sequence[str], value) if fits else super().read(value, field, errors)


_NEW = Fields[Mapping[str, Sequence[Json]]](
    "NewPromotionCodes", {"codes": _AsSent(_CODE, least=1, most=MOST, required=True)}
)
_COUNTS = {name: Whole() for name in (_ADDED, _KNOWN, _REFUSED)}
_RESULT = {
    "index": Whole(text="Place of the code in the list, from 0."),
    "code": Text(promotion_codes.LONGEST, text="As the list keeps it; empty where it could not be read."),
    "status": Text(10, choices=(_ADDED, _KNOWN, _REFUSED), text="“known”: the list had it already."),
    "reason": Text(40, text="A stable code for why it was refused; else empty."),
    "detail": Text(2000, text="The same as a sentence."),
}
_ADDED_CODES = Answer("AddedPromotionCodes", _COUNTS | {"results": Items(Answer("AddedPromotionCode", _RESULT))})
_CHECKED = Answer(
    "CheckedPromotionCode",
    {
        "code": Text(400, text="As lists keep it: in capital letters."),
        "can_be_used": Truth(text="false for whatever reason: unknown, used up, or the promotion does not run."),
    },
)


class _Outcome(NamedTuple):
    """What became of one code."""

    code: str
    status: str
    refusal: Refusal | None = None


@extend_schema_view(
    create=extend_schema(
        operation_id="add_promotion_codes",
        summary=f"Add up to {MOST:,} codes to a promotion's own list",
        description="Each stands for itself. Only for keys of the program's owner.",
        parameters=[CODE, NAME],
        request={"application/json": _NEW.schema()},
        responses={200: _ADDED_CODES.schema()},
        examples=[OpenApiExample("Two codes", value={"codes": ["SPRING-7Q2F", "SPRING-9X4M"]}, request_only=True)],
    ),
    retrieve=extend_schema(
        operation_id="check_promotion_code",
        summary="Whether a code can be used now",
        parameters=[CODE, NAME, OpenApiParameter("typed", str, OpenApiParameter.PATH, description="The code.")],
        responses={200: _CHECKED.schema()},
    ),
)
class PromotionCodeViewSet(AddressedProgram):
    """Codes of a promotion's own list: they are added and asked for one by one, never listed."""

    scopes = {"create": "adjust", "retrieve": "read"}
    #: A code that is sent again is known already.
    named_by_address = {"create"}

    def create(self, request: Request, code: str, promotion: str) -> HttpResponse:
        if not self.is_owner:
            raise problems.unlike("owner_only", "Only keys of the program's owner add codes.")
        return self.once(lambda: self._add(promotion))

    def _add(self, code: str) -> HttpResponse:
        asked, promotion = problems.refuse(_NEW, self.request.data)["codes"], one_offered(self.program.pk, code)
        if not promotion.uses_per_code:
            detail = "The promotion has no list of codes: have the back office say how often each may be used."
            raise problems.unlike("promotion_without_codes", detail)
        read = list(_read(asked))
        added = promotion_codes.add(promotion, [one.code for one in read if one.refusal is None])
        outcomes = [one._replace(status=_KNOWN) if _is_known(one, added) else one for one in read]
        counts = Counter(one.status for one in outcomes)
        results = [_told(place, one) for place, one in enumerate(outcomes)]
        return self.answer({name: counts[name] for name in _COUNTS} | {"results": results})

    def retrieve(self, request: Request, code: str, promotion: str, typed: str) -> HttpResponse:
        found = one_offered(self.program.pk, promotion)
        is_usable = promotion_codes.can_be_used(found, typed, now=timezone.now(), zone=self.configuration.zone)
        return self.answer({"code": written(typed), "can_be_used": is_usable})


def _read(asked: Sequence[Json]) -> list[_Outcome]:
    """Each code as lists keep it, as if it were new; or why it is refused."""
    found: list[_Outcome] = []
    places: dict[str, int] = {}
    for place, value in enumerate(asked):
        errors: list[Refusal] = []
        text = _CODE.read(value, "", errors)
        code = written(text) if text and not errors else ""
        if code and len(code) > promotion_codes.LONGEST:
            errors.append(Refusal("text_too_long", "In capital letters it has too many characters."))
        if code in places:
            errors.append(Refusal("duplicate_in_batch", f"The list has it at place {places[code]} already."))
        if errors:
            found.append(_Outcome("", _REFUSED, errors[0]))
            continue
        places[code] = place
        found.append(_Outcome(code, _ADDED))
    return found


def _is_known(one: _Outcome, added: set[str]) -> bool:
    return one.status == _ADDED and one.code not in added


def _told(place: int, one: _Outcome) -> dict[str, Answered]:
    reason, detail = (one.refusal.code, one.refusal.detail) if one.refusal else ("", "")
    return {"index": place, "code": one.code, "status": one.status, "reason": reason, "detail": detail}
