"""How do tests spend the points of a group?"""

from tests.support.factories import redemption


def by(group, member, points, **fields):
    """A redemption of the group's points by one of its members."""
    return redemption(group, points, by={"number": member.number}, **fields)
