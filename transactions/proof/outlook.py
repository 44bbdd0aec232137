"""When do the points that a member holds end?"""

from collections.abc import Callable


def coming(collect: Callable[[str], str]) -> str:
    """SQL of a subquery: the coming expiries of the member `m` behind the instant of its one parameter.

    `collect` makes an aggregate of columns; here it is currency id, instant and points. What is pending or never
    ends is left out.
    """
    return (
        f"SELECT {collect('o.currency_id, o.expires_at, o.points')} FROM "
        "(SELECT l.currency_id, l.expires_at, SUM(l.remaining) AS points FROM transactions_lot l "
        "WHERE l.member_id = m.id AND l.remaining > 0 AND l.expires_at > %s AND NOT l.is_pending "
        "GROUP BY l.currency_id, l.expires_at) o"
    )
