"""What does an expected failure look like, wherever it is raised?"""

from collections.abc import Mapping
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
    """An expected failure: nothing was written. Carries one `Refusal`."""

    #: Subclasses name a state that callers tell apart by type; the code goes into answers.
    code = "refused"
    #: What an HTTP answer says beside its body.
    headers: Mapping[str, str] = {}

    def __init__(self, detail: str, *, field: str = "", code: str | None = None) -> None:
        self.refusal = Refusal(code=code or self.code, detail=detail, field=field)
        super().__init__(str(self.refusal))
