"""When has an import made its tables so much larger that the database has to count their rows again?"""

from loyalty_site.lib.sql import Session
from transactions import ledger
from transactions.models import Journal


class Growth:
    """Lets the database count its rows again when the import has doubled them: its plans depend on that."""

    def __init__(self) -> None:
        self._written = 0

    def note(self, posted: int) -> None:
        """So many further facts are written."""
        self._written += posted
        if self._written >= ledger.LARGEST_BATCH and Session().analyze_grown(Journal, self._written):
            self._written = 0
