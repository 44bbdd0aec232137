"""How do redeemed points come back? Source of the rules: semantics C13."""

from programs.expiry import End, days_from
from transactions import moves
from transactions.models import Entry, Journal


def left(redemption):
    """How many points of a redemption are not given back yet."""
    return sum(points for _, points in redemption.uses) - redemption.taken_back


def give_back(posting, redemption, points, *, journal_id):
    """Return `points` of a redemption to the lots they came from, the newest consumed first.

    A lot that has ended meanwhile cannot take them: the currency says whether they live on in a
    successor (grace, fresh) or end at once (strict). Returns the points that can be spent again.
    """
    books, account = posting.books, posting.account
    uses = list(_newest_first(books, redemption, points))
    currency = books.currencies[uses[0][0].currency_id]
    common = {"journal_id": journal_id, "activity_at": posting.activity_at}
    alive = [(lot, used) for lot, used in uses if lot.expires_at is None or lot.expires_at > books.now]
    total = sum(used for _, used in alive)
    kind = Entry.Kind.REVERSAL_CREDIT
    moves.put_back(books, account, currency, alive, kind=kind, lifetime_redeemed=-total, **common)
    for lot, used in uses:
        if lot.expires_at and lot.expires_at <= books.now:
            total += _revive(posting, currency, lot, used, **common)
    redemption.taken_back += points
    redemption.status = Journal.Status.PARTIALLY_REVERSED if left(redemption) else Journal.Status.REVERSED
    books.change_journal(redemption.id, status=redemption.status, taken_back=points)
    return total


def _newest_first(books, redemption, points):
    """(lot, points) of the uses from the last one back, behind what was returned before."""
    skip = redemption.taken_back
    for lot, used in reversed(redemption.uses):
        skipped = min(skip, used)
        skip -= skipped
        here = min(points, used - skipped)
        points -= here
        if here:
            yield books.add_lot(lot), here


def _revive(posting, currency, lot, points, **common):
    """Points whose lot has ended: a lot of their own, or nothing; returns how many can be spent."""
    books, account = posting.books, posting.account
    policy = currency.returned_points
    end = End(max(lot.expires_at, days_from(books.now, currency.grace_days, books.configuration.zone)))
    if policy == "fresh":
        end = moves.end_of(books, account, currency, earned_at=books.now)
    key = moves.credit(
        books,
        account,
        currency,
        points,
        end=end,
        kind=Entry.Kind.REVERSAL_CREDIT,
        origin_id=lot.id,
        lifetime_redeemed=-points,
        **common,
    )
    if policy != "strict":
        return points
    again = books.lots[account.id, currency.id][key]
    kind = Entry.Kind.EXPIRY
    moves.debit(
        books, account, currency, again.remaining, lots=[again], kind=kind, lifetime_expired=again.remaining, **common
    )
    return 0
