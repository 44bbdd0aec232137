"""How do redeemed points come back? Source of the rules: semantics C13."""

from programs.expiry import End, days_from
from transactions.books import moves
from transactions.models import Entry


def left(redemption):
    """How many points of a redemption are not given back yet."""
    return sum(points for _, points in redemption.uses) - redemption.reversed_amount


def give_back(posting, redemption, points, *, journal_id):
    """Return `points` of a redemption, the newest consumed first; returns those that can be spent again."""
    uses = _newest_first(redemption, points)
    total = restore(posting, uses, journal_id=journal_id, lifetime="lifetime_redeemed")
    posting.books.take_back(redemption, points, is_all=points == left(redemption))
    return total


def restore(posting, uses, *, journal_id, lifetime):
    """Put points back into the lots that they came from; `uses` are (lot, points).

    A lot that has ended meanwhile cannot take them: the currency says whether they live on in a
    successor (grace, fresh) or end at once (strict). `lifetime` is the sum that they leave. Returns the
    points that can be spent again.
    """
    books, account = posting.books, posting.account
    uses = [(books.add_lot(lot), used) for lot, used in uses]
    currency = books.currencies[uses[0][0].currency_id]
    common = {"journal_id": journal_id, "activity_at": posting.activity_at}
    alive = [(lot, used) for lot, used in uses if not _has_ended(lot, books.now) and lot.member_id == account.id]
    total = sum(used for _, used in alive)
    kind = Entry.Kind.REVERSAL_CREDIT
    moves.put_back(books, account, currency, alive, kind=kind, **common, **{lifetime: -total})
    for lot, used in uses:
        if _has_ended(lot, books.now):
            total += _revive(posting, currency, lot, used, **common, **{lifetime: -used})
        elif lot.member_id != account.id:
            # It was used before that member was merged into this one.
            end = {"end": End(lot.expires_at, lot.is_floored), "origin_id": lot.root, lifetime: -used}
            moves.credit(books, account, currency, used, kind=kind, **common, **end)
            total += used
    return total


def _has_ended(lot, now):
    return lot.expires_at is not None and lot.expires_at <= now


def _newest_first(redemption, points):
    """(lot, points) of the uses from the last one back, behind what was returned before."""
    skip = redemption.reversed_amount
    for lot, used in reversed(redemption.uses):
        skipped = min(skip, used)
        skip -= skipped
        here = min(points, used - skipped)
        points -= here
        if here:
            yield lot, here


def _revive(posting, currency, lot, points, *, journal_id, activity_at, **lifetime):
    """Points whose lot has ended: a lot of their own, or nothing; returns how many can be spent."""
    common = {"journal_id": journal_id, "activity_at": activity_at}
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
        origin_id=lot.root,
        **common,
        **lifetime,
    )
    if policy != "strict":
        return points
    moves.end(books, account, currency, [books.lots[account.id, currency.id][key]], **common)
    return 0
