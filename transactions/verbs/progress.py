"""How does what rules count for a member move, and move back with a refund? Under the lock of the member."""

from collections.abc import Mapping

from members import rule_progress
from members.holdings import Account
from partners.activity import Activity
from programs import progress
from programs.configuration import Configuration
from programs.earning import Earned
from programs.progress import Advance, Reached
from transactions.books.originals import Original
from transactions.books.posting import Posting
from transactions.books.refunded import Refund


def before(posting: Posting[Activity], configuration: Configuration) -> dict[str, Reached]:
    """{code of a rule: how far the member is} with what the rules of `configuration` count.

    For an order that replaces another one as if that had never been.
    """
    account = posting.account
    keys = {rule.code: rule.kind.measure for rule in configuration.counting}
    found = {code: rule_progress.reached(account, key) for code, key in zip(keys, keys.items(), strict=True)}
    if posting.item.replaces:
        for code, advance in posting.about.progress.items():
            if keys.get(code) == advance.measure:
                found[code] = progress.less(advance, found[code], progress.kept(advance, advance.before))
    return found


def booked(account: Account, earned: Earned) -> Earned:
    """Let the member be as far as an activity has brought it; returns what it earned.

    What caps cut counts as given, and so does what another rule was given for.
    """
    for code, advance in earned.progress.items():
        if advance.after != advance.before:
            rule_progress.put(account, (code, advance.measure), advance.after)
    return earned


def take_back(account: Account, original: Original, refund: Refund, left: Mapping[str, Advance]) -> None:
    """Take back what the order counted beyond what is `left` of it, and note that in the `refund`."""
    for code, advance in original.progress.items():
        rest = progress.kept(advance, left[code].after if code in left else advance.before)
        if rest != advance.after:
            key = code, advance.measure
            now = progress.less(advance, rule_progress.reached(account, key), rest)
            rule_progress.put(account, key, now)
            refund.progress[code] = Advance(advance.measure, advance.after, rest)
