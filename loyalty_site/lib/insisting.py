"""How does whoever can go on by itself get over a connection to the database that was lost? By asking again."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

from loyalty_site.lib import commits

logger = logging.getLogger("loyalty.database")

Result = TypeVar("Result")

#: So many seconds it waits for a database that is away, such as one that is started anew.
PATIENCE_S = 60


def insist(do: Callable[[], Result]) -> Result:
    """The result of `do`, which does nothing twice; done again where the connection was lost, over a new one.

    Raises what it raises where the connection is still there, inside a transaction, and after PATIENCE_S seconds.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return do()
        except (OperationalError, InterfaceError) as error:
            if connection.in_atomic_block or time.monotonic() > deadline or not commits.is_loss(error):
                raise
            logger.warning("the connection to the database was lost; going on over a new one", exc_info=True)
            connection.close()
            time.sleep(1)
