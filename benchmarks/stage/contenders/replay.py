"""The engine's own statements, replayed by plain psycopg: what is left when Python computes nothing.

Real postings are recorded inside a transaction that is rolled back. Their keys stay taken, so the very
same statements with the very same values can then be sent for good, in the same round trips.
"""

import secrets
from contextlib import contextmanager
from time import perf_counter

from benchmarks.stage.contenders.engine import Engine

#: Recorded for each second of replaying: more than this machine can send.
POSTS_A_SECOND = 2500


class Replay:
    def __init__(self, place, places):
        self.engine = Engine(place, places)
        self.places = places
        self.recorded = []
        self.connection = None

    def prepare(self, seconds):
        import psycopg
        from django.db import connection, transaction

        from transactions.ledger import record

        wanted = int(POSTS_A_SECOND * seconds / (1 if self.places == 1 else 4))
        self.engine.name = f"{secrets.token_hex(4)}-"
        self.recorded = []
        with recording() as trips, transaction.atomic():
            for _ in range(wanted):
                trips.clear()
                record(self.engine.batch(), program_id=self.engine.program_id, via=self.engine.via)
                self.recorded.append(list(trips))
            transaction.set_rollback(True)
        if self.connection is None:
            # The same kind of connection as the engine's, so that values travel alike.
            self.connection = psycopg.connect(connection.connection.info.dsn, autocommit=True)

    def post(self, until):
        posted = 0
        for look_up, *trips in self.recorded:
            if perf_counter() >= until:
                break
            self._trip(look_up)
            self._trip([("BEGIN", ()), *trips[0]])
            for trip in trips[1:]:
                self._trip(trip)
            self.connection.execute("COMMIT")
            posted += 1
        return posted

    def _trip(self, statements):
        cursors = []
        with self.connection.pipeline():
            for sql, params in statements:
                cursors.append(self.connection.execute(sql, params))
        for cursor in cursors:
            if cursor.description:
                cursor.fetchall()


@contextmanager
def recording():
    """Yields a list to which each round trip is added: a list of (statement, parameters)."""
    from loyalty_site.lib import sql

    trips = []

    class Cursor(sql.psycopg.Cursor):
        def execute(self, query, params=None, **options):
            trips[-1].append((query, params))
            return super().execute(query, params, **options)

    class Psycopg:
        """Stands for the module in the eyes of lib/sql.py."""

        def __getattr__(self, name):
            return Cursor if name == "Cursor" else getattr(original, name)

    original, together = sql.psycopg, sql.Session.together

    def counted(session):
        trips.append([])
        return together(session)

    sql.psycopg, sql.Session.together = Psycopg(), counted
    try:
        yield trips
    finally:
        sql.psycopg, sql.Session.together = original, together
