"""Which member is meant? Identifiers are tried in one fixed order (semantics C5, step 2)."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.sql import Session
from members.models.customers import email_key

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


def normal(kind: str, value: str) -> str:
    """The identifier `value` of this kind as it is stored for look-up."""
    if kind == "email":
        return email_key(value)
    return value.strip() if kind == "external_id" else "".join(value.split())


class Lookup:
    """Finds the members of many references with one statement for each kind of identifier in use.

    It is made inside a pipeline, whose end the answers come with; `take` reads them. Who was merged into another
    is found as that other. Afterwards `groups` maps members to the groups that they belong to, and `collective`
    holds those who are groups themselves, all by primary key.
    """

    def __init__(
        self, session: Session, program_id: int, connection_id: int, references: Iterable[Reference]
    ) -> None:
        self._references = list(references)
        self.groups: dict[int, set[int]] = {}
        self.collective: set[int] = set()
        self._cursors = {}
        for kind in IDENTIFIERS:
            wanted = sorted({normal(kind, ref[kind]) for ref in self._references if ref.get(kind)})
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
            members = found.get((kind, normal(kind, reference[kind])), set())
            if len(members) == 1:
                return next(iter(members))
            if members:
                detail = f"Several members have this {kind}; name the member by number or card."
                return Refusal("member_ambiguous", detail, field=f"member.{kind}")
        detail = "No member of this program has it. Enrol the member first, or correct it."
        return Refusal("member_unknown", detail, field=f"member.{given[0]}")
