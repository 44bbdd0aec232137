"""Which member is meant? Identifiers are tried in one fixed order (semantics C5, step 2)."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from loyalty_site.lib import notation
from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.sql import Session

#: What a sender calls a member: {"card": "C-7", "email": "a@b.c"}.
Reference: TypeAlias = Mapping[str, str]

#: Most certain first.
IDENTIFIERS = ("number", "card", "external_id", "email", "phone")

#: Of the member `m` that was found: the one it was merged into, each group that it belongs to, and whether
#: it is a group itself. Read along, so that postings of people without groups pay nothing for them.
_FOUND = (
    "COALESCE(m.merged_into_id, m.id), r.group_id, EXISTS (SELECT 1 FROM members_relation p "
    "WHERE p.group_id = COALESCE(m.merged_into_id, m.id) AND p.left_at IS NULL)"
)
_GROUPS = (
    "LEFT JOIN members_relation r ON r.member_id = COALESCE(m.merged_into_id, m.id) AND r.left_at IS NULL "
    "WHERE m.program_id = %s"
)

_QUERIES = {
    "number": f"SELECT m.number, {_FOUND} FROM members_member m {_GROUPS} AND m.number {{ids}}",
    "card": (
        f"SELECT c.number, {_FOUND} FROM members_card c JOIN members_member m ON m.id = c.member_id "
        f"{_GROUPS} AND c.is_active AND c.number {{ids}} AND c.program_id = m.program_id"
    ),
    "external_id": (
        f"SELECT e.value, {_FOUND} FROM members_externalid e "
        f"JOIN members_member m ON m.customer_id = e.customer_id {_GROUPS} "
        "AND e.connection_id = %s AND e.value {ids}"
    ),
    "email": (
        f"SELECT c.email_key, {_FOUND} FROM members_customer c "
        f"JOIN members_member m ON m.customer_id = c.id {_GROUPS} AND c.email_key <> '' AND c.email_key {{ids}}"
    ),
    "phone": (
        f"SELECT c.phone, {_FOUND} FROM members_customer c "
        f"JOIN members_member m ON m.customer_id = c.id {_GROUPS} AND c.phone <> '' AND c.phone {{ids}}"
    ),
}


_NOTATIONS: Mapping[str, Callable[[str], str]] = {
    "number": notation.member_number,
    "card": notation.card,
    "external_id": notation.external_id,
    "email": notation.email_key,
}
#: Where two members had them in one notation, one kept another (members/migrations/0003_one_notation.py).
_KEPT_AS_WRITTEN = ("card", "external_id")


def normal(kind: str, value: str, country: str = "") -> str:
    """The identifier `value` of this kind as it is stored for look-up.

    A phone number that names no country is one of `country`. Raises notation.NoPhone.
    """
    return notation.phone(value, country) if kind == "phone" else _NOTATIONS[kind](value)


def notations(kind: str, value: str, country: str = "") -> list[str]:
    """How the identifier `value` of this kind may be stored, the surest first; none where it is no phone number."""
    try:
        found = normal(kind, value, country)
    except notation.NoPhone:
        return []
    return list(dict.fromkeys([value.strip(), found])) if kind in _KEPT_AS_WRITTEN else [found]


class Lookup:
    """Finds the members of many references with one statement for each kind of identifier in use.

    It is made inside a pipeline, whose end the answers come with; `take` reads them. Who was merged into another
    is found as that other. Afterwards `groups` maps members to the groups that they belong to, and `collective`
    holds those who are groups themselves, all by primary key.
    """

    def __init__(
        self,
        session: Session,
        program_id: int,
        connection_id: int,
        references: Iterable[Reference],
        *,
        country: str = "",
    ) -> None:
        """Phone numbers that name no country are of `country` (ISO 3166, "" for none)."""
        self._references, self._country = list(references), country
        self.groups: dict[int, set[int]] = {}
        self.collective: set[int] = set()
        self._cursors = {}
        self._forms: dict[tuple[str, str], list[str]] = {}
        for kind in IDENTIFIERS:
            given = {ref[kind] for ref in self._references if ref.get(kind)}
            forms = {(kind, value): notations(kind, value, country) for value in given}
            self._forms |= forms
            wanted = sorted({text for found in forms.values() for text in found})
            if wanted:
                scope = [program_id, connection_id] if kind == "external_id" else [program_id]
                self._cursors[kind] = session.run(_QUERIES[kind], [*scope, wanted])

    def take(self) -> list[int | Refusal]:
        """The primary key of a member or a Refusal for each reference, in their order."""
        found: dict[tuple[str, str], set[int]] = {}
        for kind, cursor in self._cursors.items():
            for value, member_id, group_id, is_group in cursor.fetchall():
                found.setdefault((kind, value), set()).add(member_id)
                if group_id:
                    self.groups.setdefault(member_id, set()).add(group_id)
                if is_group:
                    self.collective.add(member_id)
        return [self._choose(reference, found) for reference in self._references]

    def _choose(self, reference: Reference, found: Mapping[tuple[str, str], set[int]]) -> int | Refusal:
        given = [kind for kind in IDENTIFIERS if reference.get(kind)]
        if not given:
            return Refusal("member_missing", f"Name the member by one of {', '.join(IDENTIFIERS)}.", field="member")
        for kind in given:
            forms = self._forms[kind, reference[kind]]
            members = next((found[kind, form] for form in forms if (kind, form) in found), set())
            if len(members) == 1:
                return next(iter(members))
            if members:
                detail = f"Several members have this {kind}; name the member by number or card."
                return Refusal("member_ambiguous", detail, field=f"member.{kind}")
        if phone_problem := self._phone_problem(reference.get("phone")):
            return Refusal("invalid_value", phone_problem, field="member.phone")
        detail = "No member of this program has it. Enrol the member first, or correct it."
        return Refusal("member_unknown", detail, field=f"member.{given[0]}")

    def _phone_problem(self, phone: str | None) -> str:
        """Why nobody can be found by this phone number, whoever has which."""
        try:
            notation.phone(phone or "", self._country)
        except notation.NoPhone as error:
            return str(error)
        return ""
