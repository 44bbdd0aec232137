"""What is known of the person behind a locked member, for rules that ask? Read only where one does."""

from collections.abc import Collection, Iterable, Mapping

from loyalty_site.lib.sql import Session
from members.holdings import Account

#: The statements that read each thing a rule may ask, by the name under which it asks.
_READ = {
    "birthday": (
        "SELECT m.id, 'birthday', c.birthday FROM members_member m "
        "JOIN members_customer c ON c.id = m.customer_id WHERE m.id {ids}"
    ),
    "language": (
        "SELECT m.id, 'language', c.language FROM members_member m "
        "JOIN members_customer c ON c.id = m.customer_id WHERE m.id {ids}"
    ),
    "tags": (
        "SELECT m.id, 'tags', t.name FROM members_member m "
        "JOIN members_tag t ON t.customer_id = m.customer_id WHERE m.id {ids}"
    ),
}


class Reading:
    """One statement for all that is asked; sent inside the pipeline of the lock, taken when it has ended."""

    def __init__(self, session: Session, member_ids: list[int], names: Collection[str]) -> None:
        """`names` are those of what rules ask, of which others than these are somebody else's to read."""
        wanted = [_READ[name] for name in sorted(names) if name in _READ]
        self._rows = session.run(" UNION ALL ".join(wanted), [member_ids] * len(wanted)) if wanted else None

    def take(self, accounts: Mapping[int, Account]) -> None:
        """Note with each account what is known of it."""
        for member, name, value in self._rows.fetchall() if self._rows else ():
            accounts[member].person.setdefault(name, []).append(value)


def seen(
    person: Mapping[str, Iterable[str]], asked: Mapping[str, Collection[str]], month: str
) -> dict[str, list[str]]:
    """What rules see of a person by the names under which they ask: of what they ask for, that which fits.

    Nothing else of the person gets into the trace of a transaction. `month` is the one in which it happened, as MM.
    """
    fits = {
        "birthday": lambda text, wanted: text[:2] == month,
        "language": lambda text, wanted: text == wanted or text.startswith(f"{wanted}-"),
        "tags": lambda text, wanted: text == wanted,
    }
    found = {
        name: sorted({one for one in wanted for text in person.get(name, ()) if fits[name](text, one)})
        for name, wanted in asked.items()
        if name in fits
    }
    return {name: values for name, values in found.items() if values}
