"""What is known of the person behind a locked member, for rules that ask? Read only where one does."""

from collections.abc import Callable, Collection, Iterable, Mapping

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
    # As they were looked up last; nobody is in one that is switched off.
    "segments": (
        "SELECT s.member_id, 'segments', g.code FROM members_segmentmembership s "
        "JOIN programs_segment g ON g.id = s.segment_id WHERE g.is_active AND s.member_id {ids}"
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


#: Whether what is known of a person (the first text) is what a rule asks for, in a month as MM.
_FITS: Mapping[str, Callable[[str, str, str], bool]] = {
    "birthday": lambda text, wanted, month: text[:2] == month,
    "language": lambda text, wanted, month: text == wanted or text.startswith(f"{wanted}-"),
    "segments": lambda text, wanted, month: text == wanted,
    "tags": lambda text, wanted, month: text == wanted,
}


def seen(
    person: Mapping[str, Iterable[str]], asked: Mapping[str, Collection[str]], month: str
) -> dict[str, list[str]]:
    """What rules see of a person by the names under which they ask: of what they ask for, that which fits.

    Nothing else of the person gets into the trace of a transaction. `month` is the one in which it happened, as MM.
    """
    found: dict[str, list[str]] = {}
    for name, wanted in asked.items():
        texts = person.get(name) if name in _FITS else None
        if texts and (values := {one for one in wanted for text in texts if _FITS[name](text, one, month)}):
            found[name] = sorted(values)
    return found
