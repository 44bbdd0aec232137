"""What does the ledger know of a member who is read over the API?"""

from collections.abc import Callable
from datetime import datetime

from members.api import views
from members.held import State
from transactions import ledger
from transactions.proof import history, outlook


class MemberViewSet(views.MemberViewSet):
    """Members of one program, with what the ledger says of their points."""

    def settle(self, member_id: int, *, now: datetime) -> None:
        ledger.refresh(self.program.pk, [member_id], now=now)

    def expiries(self, collect: Callable[[str], str]) -> str:
        return outlook.coming(collect)

    def as_of(self, member_id: int, *, true_at: datetime | None, known_at: datetime | None) -> State:
        return history.as_of(member_id, true_at=true_at, known_at=known_at)
