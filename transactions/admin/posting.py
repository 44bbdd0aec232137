"""How does what staff enter reach the ledger? Through the back office's own connection, one item at a time."""

import secrets

from django.contrib.auth.models import User

from partners.activity import Activity, Decision, EarlyRelease, Redemption, Reversal, Transfer
from partners.models import Connection
from partners.tier_setting import TierSetting
from programs.models import Program
from transactions import ledger
from transactions.books.items import Result, accepted
from transactions.quotes.quoting import Quote, quote

#: Who may enter and take back transactions.
MAY_POST = "transactions.add_journal"

Item = Activity | Decision | EarlyRelease | Redemption | Reversal | TierSetting | Transfer


def new_external_id() -> str:
    """A name for a fact that is entered by hand: made when its form opens, so that sending it twice posts once."""
    return f"desk-{secrets.token_hex(8)}"


def back_office(program: Program) -> Connection:
    """The connection through which everything comes that staff enter."""
    return Connection.of(program.owner, Connection.Platform.BACK_OFFICE)


def post(item: Item, program: Program, user: User, *, dry_run: bool = False) -> Result:
    """The Result of one item that `user` entered; with `dry_run` nothing stays written. Raises Refused."""
    via = back_office(program)
    return accepted(ledger.record([item], program_id=program.pk, via=via, user=user, dry_run=dry_run)[0])


def quoted(item: Activity, program: Program) -> Quote:
    """What posting it would do; nothing is written. Raises Refused."""
    return quote(item, program_id=program.pk, via=back_office(program))
