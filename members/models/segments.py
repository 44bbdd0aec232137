"""Who is in which segment, since when?"""

from django.db import models

from members.models.members import Member
from programs.models import Segment


class SegmentMembership(models.Model):
    """This member is in this segment, as it was looked up last; who leaves it has no row any more.

    Written by members/segments/keeping.py only, one statement for all who came and one for all who left.
    """

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="memberships", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="segment_memberships", db_index=False)
    since = models.DateTimeField(help_text="When it was looked up and found for the first time.")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            # Also the index by which the segments of a member are read.
            models.UniqueConstraint(fields=["member", "segment"], name="member_once_in_a_segment"),
        ]
        # A page of the members of a segment after the other, and those of a batch.
        indexes = [models.Index(fields=["segment", "member"], name="members_of_segment")]

    def __str__(self) -> str:
        return f"{self.member} in {self.segment} since {self.since:%Y-%m-%d}"
