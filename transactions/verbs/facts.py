"""What do the rules see of a member? The tiers and the person, as they were before the activity."""

from members import persons, tiers
from partners.activity import Activity
from programs.configuration import Configuration
from programs.rules.base import Basket, Facts
from transactions.books.posting import Posting


def before(posting: Posting[Activity], configuration: Configuration, basket: Basket) -> Facts:
    """The Facts of the member of an activity, for the rules of `configuration`, which were in force then.

    Those of an order that replaces another one are the ones from before that one.
    """
    account = posting.account
    asked = configuration.asks
    seen = persons.seen(account.person, asked, f"{basket.local:%m}") if asked else {}
    if posting.item.replaces:
        return Facts(posting.about.tiers, account.enrolled_at, posting.about.seen or seen)
    held = tiers.codes(configuration, account, at=posting.activity_at)
    return Facts(held, account.enrolled_at, seen)
