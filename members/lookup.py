"""Which member is meant? Identifiers are tried in one fixed order (semantics C5, step 2)."""

from loyalty_site.lib.refusals import Refusal
from members.models.customers import email_key

#: Most certain first.
IDENTIFIERS = ("number", "card", "external_id", "email", "phone")

_QUERIES = {
    "number": "SELECT m.number, m.id FROM members_member m WHERE m.program_id = %s AND m.number {ids}",
    "card": (
        "SELECT c.number, c.member_id FROM members_card c WHERE c.program_id = %s AND c.is_active AND c.number {ids}"
    ),
    "external_id": (
        "SELECT e.value, m.id FROM members_externalid e "
        "JOIN members_member m ON m.customer_id = e.customer_id AND m.program_id = %s "
        "WHERE e.connection_id = %s AND e.value {ids}"
    ),
    "email": (
        "SELECT c.email_key, m.id FROM members_customer c "
        "JOIN members_member m ON m.customer_id = c.id AND m.program_id = %s "
        "WHERE c.email_key <> '' AND c.email_key {ids}"
    ),
    "phone": (
        "SELECT c.phone, m.id FROM members_customer c "
        "JOIN members_member m ON m.customer_id = c.id AND m.program_id = %s "
        "WHERE c.phone <> '' AND c.phone {ids}"
    ),
}


def normal(kind, value):
    """`value` as it is stored for look-up."""
    if kind == "email":
        return email_key(value)
    return value.strip() if kind == "external_id" else "".join(value.split())


class Lookup:
    """Finds the members of many references with one statement for each kind of identifier in use.

    `references` are dicts like {"card": "C-7", "email": "a@b.c"}; said inside a pipeline, read after it.
    """

    def __init__(self, session, program_id, connection_id, references):
        self._references = references
        self._cursors = {}
        for kind in IDENTIFIERS:
            wanted = sorted({normal(kind, ref[kind]) for ref in references if ref.get(kind)})
            if wanted:
                scope = [program_id, connection_id] if kind == "external_id" else [program_id]
                self._cursors[kind] = session.run(_QUERIES[kind], [*scope, wanted])

    def take(self):
        """A member id or a Refusal for each reference, in their order."""
        found = {}
        for kind, cursor in self._cursors.items():
            for value, member_id in cursor.fetchall():
                found.setdefault((kind, value), []).append(member_id)
        return [self._choose(reference, found) for reference in self._references]

    def _choose(self, reference, found):
        given = [kind for kind in IDENTIFIERS if reference.get(kind)]
        if not given:
            return Refusal("member_missing", f"Name the member by one of {', '.join(IDENTIFIERS)}.", field="member")
        for kind in given:
            members = found.get((kind, normal(kind, reference[kind])), ())
            if len(members) == 1:
                return members[0]
            if members:
                detail = f"Several members have this {kind}; name the member by number or card."
                return Refusal("member_ambiguous", detail, field=f"member.{kind}")
        detail = "No member of this program has it. Enrol the member first, or correct it."
        return Refusal("member_unknown", detail, field=f"member.{given[0]}")
