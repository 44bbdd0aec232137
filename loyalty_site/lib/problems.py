"""What does a refusal look like over HTTP? One table of every kind; problem details of RFC 9457.

A `Refusal` becomes a problem by its code. A code that is not in the table says what is wrong with one value:
such refusals are answered together as the `errors` of one `validation_failed`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse

from loyalty_site.lib.json_types import Json
from loyalty_site.lib.refusals import Refusal, Refused
from loyalty_site.lib.schema_types import SchemaType

T = TypeVar("T")

PAGES = "/api/docs/problems/"
MOST_ERRORS = 50


@dataclass(frozen=True, slots=True)
class Kind:
    """`is_kept`: an answer on business grounds, given again to whoever repeats the Idempotency-Key."""

    status: int
    title: str
    advice: str
    is_kept: bool = False


KINDS = {
    "invalid_json": Kind(400, "The body is not JSON", "Correct the text at the place that is named."),
    "body_incomplete": Kind(
        400, "The body did not arrive whole", "Send it again; look at the client or the proxy if it stays."
    ),
    "validation_failed": Kind(400, "Values are missing or wrong", "Correct what errors names; send it again."),
    "bad_request": Kind(400, "The request cannot be read", "Compare it with the documentation."),
    "host_unknown": Kind(400, "Not a name of this site", "Use the address under which the site is reached."),
    "program_missing": Kind(400, "Which program?", "Name it: ?program=CODE."),
    "invalid_cursor": Kind(400, "The cursor is not ours", "Follow next and previous as they are."),
    "invalid_idempotency_key": Kind(
        400, "The Idempotency-Key cannot be kept", "Send 1 to 255 visible ASCII characters, such as a UUID."
    ),
    "not_authenticated": Kind(
        401, "No usable key", "Send a key that is neither revoked nor expired: Authorization: Bearer lk_…"
    ),
    "scope_missing": Kind(403, "The key may not do this", "Use a key with the scope that is named."),
    "https_required": Kind(
        403, "Only over HTTPS", "Send it to the address with https://; replace a key that was sent without."
    ),
    "partner_not_in_program": Kind(
        403, "The partner does not take part", "Ask the owner of the program to let your partner take part."
    ),
    "partner_not_allowed": Kind(
        403, "Only the owner speaks for others", "Leave partner out, or use a key of that partner.", True
    ),
    "not_allowed": Kind(403, "The relation does not allow it", "Have somebody do it who may.", True),
    "owner_only": Kind(403, "Only for the program's owner", "Use a key of the partner who runs the program."),
    "not_found": Kind(404, "There is no such address", "Compare the address with the documentation; all end in /."),
    "program_unknown": Kind(404, "No such program for this key", "GET /api/v1/programs/ lists those it reaches."),
    "member_unknown": Kind(404, "No such member", "Enrol the member first, or correct the identifier.", True),
    "transaction_unknown": Kind(404, "No such transaction", "Use an id that this API has answered.", True),
    "entry_unknown": Kind(404, "No such entry", "Use an id that GET entries/ has answered."),
    "promotion_unknown": Kind(404, "No such promotion", "GET programs/CODE/promotions/ lists them."),
    "not_enrolled": Kind(404, "The member has not enrolled in it", "Nothing needs to be done."),
    "hook_unknown": Kind(404, "No such subscription", "GET hooks/ lists those of your partner."),
    "delivery_unknown": Kind(404, "No such delivery", "Use an id that GET deliveries/ has answered."),
    "method_not_allowed": Kind(405, "The address does not take this method", "Use one that the Allow header names."),
    "request_timeout": Kind(
        408, "The request did not arrive in time", "Send it again; look at the line to us if it stays."
    ),
    "already_member": Kind(409, "Already a member", "Look the member up and use that membership.", True),
    "customer_differs": Kind(
        409, "The person is known with other data", "Send only external_id, or what is stored.", True
    ),
    "birthday_settled": Kind(409, "The birthday was said already", "Ask staff to change it.", True),
    "idempotency_conflict": Kind(
        409, "The external_id names another fact", "Give each fact an external_id of its own.", True
    ),
    "duplicate_in_batch": Kind(409, "Twice in one batch", "Send each fact once.", True),
    "insufficient_points": Kind(409, "Not enough points", "Redeem at most what the member has to spend.", True),
    "not_transferable": Kind(409, "It cannot be given away", "Compare with the limits in detail.", True),
    "not_reserved": Kind(409, "No open reservation", "Reserve the points first.", True),
    "not_open": Kind(409, "It is decided already", "Read the transaction.", True),
    "balance_too_large": Kind(409, "More than a member may hold", "Compare with the limit in detail.", True),
    "cap_reached": Kind(409, "A cap is reached", "Compare with the cap in detail.", True),
    "not_erasable": Kind(409, "The person cannot be erased now", "Read what detail says of them.", True),
    "not_mergeable": Kind(409, "These members cannot be merged", "Read what detail says of them.", True),
    "merge_consumed": Kind(409, "What was merged is spent", "Undo it with a split: it returns what is left.", True),
    "not_reinstatable": Kind(409, "It cannot be reinstated", "Read what detail says of the points.", True),
    "relation_ended": Kind(409, "The relation has ended", "Read what detail says of the two members.", True),
    "outside_limits": Kind(409, "Outside the limits of a redemption", "Compare with the limits in detail.", True),
    "refund_too_large": Kind(409, "More than is left of it", "Take back at most what detail says.", True),
    "not_reversible": Kind(409, "It cannot be taken back", "Read the transaction: it is reversed or final.", True),
    "member_not_active": Kind(409, "The member is not active", "Have the back office reactivate the member.", True),
    "program_not_active": Kind(409, "The program is not active", "Wait until the program is active.", True),
    "member_ambiguous": Kind(409, "Several members have it", "Name the member by number or card.", True),
    "hook_differs": Kind(
        409, "The address has these events otherwise", "Rotate the secret, or unsubscribe first.", True
    ),
    "hook_not_active": Kind(409, "Nothing is sent there", "Have it resumed, or subscribe anew.", True),
    "too_many_hooks": Kind(409, "As many subscriptions as possible", "Unsubscribe one that is not needed.", True),
    "promotion_not_open": Kind(409, "Nobody can enrol in it now", "Read what detail says of the promotion.", True),
    "promotion_without_codes": Kind(
        409, "The promotion has no list of codes", "Say first how often each code may be used.", True
    ),
    "request_in_flight": Kind(
        409, "The first request is still working", "Send the same again after Retry-After seconds."
    ),
    "length_required": Kind(411, "How long is the body?", "Send it with Content-Length, or in chunks over HTTP/1.1."),
    "body_too_large": Kind(413, "The body is too large", "Send fewer items at once."),
    "batch_too_large": Kind(413, "Too many items", "Send at most 1,000 items at once."),
    "address_too_long": Kind(414, "The address is too long", "Send what is long in the body."),
    "unsupported_media_type": Kind(415, "Not the JSON media type", "Send Content-Type: application/json."),
    "key_reused": Kind(422, "The Idempotency-Key belongs to another request", "Take a new key for each new request."),
    "store_unknown": Kind(422, "No such store", "Use the code of an active store of the partner.", True),
    "partner_unknown": Kind(422, "No such partner in the program", "Use the code of one that takes part.", True),
    "wrong_measure": Kind(422, "It is not measured so", "Name what this kind of transaction has.", True),
    "refund_empty": Kind(
        422, "Nothing would come back", "Say how much; or leave amount and lines out for all.", True
    ),
    "order_unknown": Kind(422, "No such order", "Use the external_id of an order that counts.", True),
    "currency_unknown": Kind(422, "Not a currency to use here", "GET /api/v1/programs/CODE/ lists them.", True),
    "tier_unknown": Kind(422, "No such tier", "Use the codes of a ladder of the program, and of its tiers.", True),
    "invalid_date": Kind(422, "Not a time that the program accepts", "Compare with the dates in detail.", True),
    "amount_missing": Kind(422, "A purchase without an amount", "Send the amount, 0 where nothing was paid.", True),
    "activity_unknown": Kind(
        422, "The program knows no such activity", "Correct the word, or have the program list it.", True
    ),
    "channel_unknown": Kind(
        422, "The program has no such channel", "Use one that detail names, or have the program list it.", True
    ),
    "points_too_many": Kind(422, "More points than a ledger holds", "Correct the amount, or the rule.", True),
    "headers_too_long": Kind(431, "The headers are too long", "Leave out headers that are not needed."),
    "throttled": Kind(429, "Too many requests", "Go on after Retry-After seconds, or send batches."),
    "server_error": Kind(
        500, "Our mistake", "Send it again with the same Idempotency-Key; tell us the X-Request-Id if it stays."
    ),
    "busy": Kind(503, "Busy", "Send the same again after Retry-After seconds."),
    "outcome_unknown": Kind(
        503, "It may have been written", "Send the same again if it has a name, which is safe; otherwise look first."
    ),
}

#: What may be wrong with one value: the codes in `errors` of `validation_failed`.
ERRORS = {
    "activity_missing": "activity is empty",
    "activity_reserved": "birthdays and anniversaries are given by the night, never reported",
    "batch_empty": "the list has no items",
    "external_id_missing": "external_id is empty",
    "field_missing": "a field that is needed is missing, null or empty",
    "invalid_amount": "a part (tax, shipping, a discount) exceeds what it is part of",
    "invalid_attributes": "attributes is no JSON object that we can keep, or too large",
    "invalid_choice": "not one of the words that are possible",
    "invalid_deed": "a reservation can only be confirmed or released",
    "invalid_day": "not a date like 1984-03-09",
    "invalid_instant": "not an instant with its time zone, from 1900 to 2199",
    "invalid_member": "member is no object of identifiers",
    "invalid_mode": "a refund is recomputed or proportional",
    "invalid_number": "not a number, negative, too large, or with too many decimals",
    "invalid_redemption": "points that pay do not fit the rest of the purchase; detail says why",
    "invalid_text": "text with controls (of direction, too), half a surrogate pair; blanks alone; or of another form",
    "invalid_type": "another JSON type is needed",
    "invalid_value": "the value breaks a rule of its field; detail says which",
    "member_missing": "member has no identifier",
    "reason_missing": "staff say why they change points",
    "text_too_long": "more characters than fit",
    "too_many_items": "a longer list than is possible",
    "too_many_lines": "more lines than a transaction can have",
    "unknown_field": "a field that is not known here",
    "unknown_parameter": "a query parameter that is not known here",
}


#: What is surely wrong with a fact that was taken all the same: the codes in its `warnings`. A program may refuse it,
#: with the same code.
WARNINGS = {
    "amount_missing": "a purchase without an amount: nothing was given for money",
    "activity_unknown": "an activity that no rule, cap or list of the program knows, such as purchse",
    "channel_unknown": "a channel that is none of those that the program lists",
}


class Rejected(Refused):
    """One or several refusals of what was sent."""

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        several = list(refusals)
        first = several[0]
        super().__init__(first.detail, field=first.field, code=first.code, several=several)


def refuse(kind: SchemaType[T], value: Json, *, field: str = "") -> T:
    """The value as `kind` reads it. Raises Rejected with everything that does not fit."""
    errors: list[Refusal] = []
    found = kind.read(value, field, errors)
    if errors or found is None:
        raise Rejected(errors)
    return found


def code_of(refusals: Sequence[Refusal]) -> str:
    """The kind of problem that these refusals are together: that of the first where all are answered alike."""
    kinds = [KINDS.get(refusal.code) for refusal in refusals]
    are_alike = kinds[0] and all(kind and kind.status == kinds[0].status for kind in kinds)
    return refusals[0].code if are_alike else "validation_failed"


def is_kept(refused: Refused) -> bool:
    """Whether it is an answer on business grounds, given again to whoever repeats the Idempotency-Key."""
    return KINDS[code_of(refused.refusals)].is_kept


def body(refusals: Sequence[Refusal], *, path: str, base: str = "#") -> dict[str, Json]:
    """The problem that `refusals` are. `base` is the JSON pointer to what their fields lie in."""
    code = code_of(refusals)
    kind = KINDS[code]
    detail = refusals[0].detail
    if len(refusals) > 1:
        detail = f"{len(refusals):,} values need correction; the first one: {refusals[0]}"
    problem: dict[str, Json] = {
        "type": f"{PAGES}{code}/",
        "title": kind.title,
        "status": kind.status,
        "code": code,
        "detail": detail,
        # The address as it is written, not as it is read.
        "instance": quote(path),
    }
    placed = [refusal for refusal in refusals[:MOST_ERRORS] if refusal.field or refusal.code not in KINDS]
    if placed:
        problem["errors"] = [_error(refusal, base) for refusal in placed]
    return problem


def _error(refusal: Refusal, base: str) -> dict[str, str]:
    """`?name` is a query parameter, `Name:` a header, anything else a path into the body."""
    if refusal.field.startswith("?"):
        place = {"parameter": refusal.field[1:]}
    elif refusal.field.endswith(":"):
        place = {"header": refusal.field[:-1]}
    else:
        steps = refusal.field.replace("[", ".").replace("]", "")
        place = {"pointer": base + "".join(f"/{step}" for step in steps.split(".") if step)}
    return place | {"code": refusal.code, "detail": refusal.detail}


def response(refused: Refused, *, path: str) -> HttpResponse:
    """The HTTP answer to a Refused; its `headers`, if any, belong to it."""
    refusals = refused.refusals
    text = json.dumps(body(refusals, path=path), ensure_ascii=False, separators=(",", ":"))
    status = KINDS[code_of(refusals)].status
    return HttpResponse(text, status=status, headers=refused.headers, content_type="application/problem+json")


def at_the_door(refused: Refused, request: HttpRequest) -> HttpResponse:
    """The answer before anybody knows whose the address is: a problem for programs, a sentence for people."""
    answer = response(refused, path=request.path)
    if request.path_info.startswith("/api/"):
        return answer
    title = HTTPStatus(answer.status_code).phrase
    text = HttpResponse(f"{title}: {refused}\n", status=answer.status_code, content_type="text/plain; charset=utf-8")
    for name, value in refused.headers.items():
        text.headers[name] = value
    return text


def unlike(code: str, detail: str, *, field: str = "", **headers: str | int) -> Refused:
    """A Refused of a kind that nobody tells apart by type; `headers` with _ for -."""
    refused = Refused(detail, field=field, code=code)
    refused.headers = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return refused
