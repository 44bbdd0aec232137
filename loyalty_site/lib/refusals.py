"""What does an expected failure look like, wherever it is raised?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not done, and what to do about it.

    `code` is stable and for machines, `field` is the path of the offending input ("" when the whole
    is meant), `detail` is a sentence for people that says what to do.
    """

    code: str
    detail: str
    field: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.field}: {self.detail}" if self.field else self.detail


class Refused(Exception):
    """An expected failure: nothing was written. Carries one `Refusal`, which says all that is wrong.

    Where several things are, `refusals` has each at its own field.
    """

    #: Subclasses name a state that callers tell apart by type; the code goes into answers.
    code = "refused"
    #: What an HTTP answer says beside its body.
    headers: Mapping[str, str] = {}

    def __init__(
        self, detail: str, *, field: str = "", code: str | None = None, several: Sequence[Refusal] = ()
    ) -> None:
        self.refusal = Refusal(code=code or self.code, detail=detail, field=field)
        self._several = tuple(several)
        super().__init__(str(self.refusal))

    @property
    def refusals(self) -> Sequence[Refusal]:
        """Each thing that is wrong, at least one."""
        return self._several or (self.refusal,)
