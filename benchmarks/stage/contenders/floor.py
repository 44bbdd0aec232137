"""The floor: what posting costs when nothing is computed. Five statements in one transaction.

"Post" = insert the transaction with a unique key, an entry, a lot, move the balance by a delta, insert an
outbox row.
"""

import secrets
from itertools import count
from time import perf_counter

MEMBERS = 20_000

TABLES = """
CREATE TABLE five_balance (member_id {key} PRIMARY KEY, available bigint NOT NULL, version bigint NOT NULL);
CREATE TABLE five_transaction (id {serial}, member_id bigint NOT NULL REFERENCES five_balance,
    external_id text NOT NULL UNIQUE, amount bigint NOT NULL, posted_at {instant} NOT NULL);
CREATE TABLE five_entry (id {serial}, transaction_id bigint NOT NULL REFERENCES five_transaction,
    member_id bigint NOT NULL, points bigint NOT NULL);
CREATE INDEX five_entry_member ON five_entry (member_id, id);
CREATE TABLE five_lot (entry_id bigint PRIMARY KEY REFERENCES five_entry, member_id bigint NOT NULL,
    remaining bigint NOT NULL, expires_at {instant} NOT NULL);
CREATE TABLE five_outbox (id {serial}, member_id bigint NOT NULL, body text NOT NULL)
"""
POSTGRESQL = {"key": "bigint", "serial": "bigserial PRIMARY KEY", "instant": "timestamptz"}
SQLITE = {"key": "integer", "serial": "integer PRIMARY KEY AUTOINCREMENT", "instant": "text"}

STATEMENTS = (
    "INSERT INTO five_transaction (member_id, external_id, amount, posted_at) "
    "VALUES (%(member)s, %(name)s, 1250, %(now)s) RETURNING id",
    "INSERT INTO five_entry (transaction_id, member_id, points) "
    "VALUES (%(transaction)s, %(member)s, 12) RETURNING id",
    "INSERT INTO five_lot (entry_id, member_id, remaining, expires_at) VALUES (%(entry)s, %(member)s, 12, %(now)s)",
    "UPDATE five_balance SET available = available + 12, version = version + 1 WHERE member_id = %(member)s",
    "INSERT INTO five_outbox (member_id, body) VALUES (%(member)s, 'earned 12')",
)

#: The same for pgbench, which prepares them too.
PGBENCH = r"""
\set member random(1, {members})
\set name random(1, 9000000000000000000)
BEGIN;
INSERT INTO five_transaction (member_id, external_id, amount, posted_at)
    VALUES (:member, 'pgbench-' || :name, 1250, now()) RETURNING id \gset transaction_
INSERT INTO five_entry (transaction_id, member_id, points) VALUES (:transaction_id, :member, 12) RETURNING id
    \gset entry_
INSERT INTO five_lot (entry_id, member_id, remaining, expires_at) VALUES (:entry_id, :member, 12, now());
UPDATE five_balance SET available = available + 12, version = version + 1 WHERE member_id = :member;
INSERT INTO five_outbox (member_id, body) VALUES (:member, 'earned 12');
COMMIT;
"""


def build():
    """Make the tables on the database of this process."""
    from django.db import connection

    with connection.cursor() as cursor:
        types = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
        for statement in TABLES.format(**types).split(";"):
            cursor.execute(statement)
        cursor.executemany("INSERT INTO five_balance VALUES (%s, 0, 0)", [(n + 1,) for n in range(MEMBERS)])


def check(acknowledged):
    """Raises AssertionError unless rows and sums are what was acknowledged."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table in ("transaction", "entry", "lot", "outbox"):
            cursor.execute(f"SELECT count(*) FROM five_{table}")
            found = cursor.fetchone()[0]
            assert found == acknowledged, f"{acknowledged} posts acknowledged, {found} rows in five_{table}"
        cursor.execute("SELECT sum(available), (SELECT sum(points) FROM five_entry) FROM five_balance")
        balances, entries = cursor.fetchone()
        assert balances == entries == 12 * acknowledged, (balances, entries, acknowledged)


class FiveStatements:
    """By plain psycopg, prepared on the server, one round trip for each statement."""

    def __init__(self, place, places):
        from django.conf import settings
        from django.db import connection

        assert settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
        connection.ensure_connection()
        import psycopg

        self.connection = psycopg.connect(connection.connection.info.dsn, prepare_threshold=0)
        self.name = f"{secrets.token_hex(4)}-{place}-"
        self.numbers = count(place, places)

    def prepare(self, seconds):
        """Nothing: the first posts prepare their statements."""

    def post(self, until):
        from datetime import UTC, datetime

        posted, cursor = 0, self.connection.cursor()
        while perf_counter() < until:
            number = next(self.numbers)
            values = {"member": number % MEMBERS + 1, "name": f"{self.name}{number}"}
            values["now"] = datetime.now(UTC)
            values["transaction"] = cursor.execute(STATEMENTS[0], values).fetchone()[0]
            values["entry"] = cursor.execute(STATEMENTS[1], values).fetchone()[0]
            for statement in STATEMENTS[2:]:
                cursor.execute(statement, values)
            self.connection.commit()
            posted += 1
        return posted


class FiveOnSQLite:
    """By Python's sqlite3, in the durability mode of our settings."""

    def __init__(self, place, places):
        from django.db import connection

        connection.ensure_connection()
        self.connection = connection.connection
        self.name = f"{secrets.token_hex(4)}-{place}-"
        self.numbers = count()

    def prepare(self, seconds):
        """Nothing: sqlite3 keeps the statements prepared."""

    def post(self, until):
        import re

        statements = [re.sub(r"%\((\w+)\)s", r":\1", statement) for statement in STATEMENTS]
        cursor, posted = self.connection.cursor(), 0
        while perf_counter() < until:
            number = next(self.numbers)
            values = {"member": number % MEMBERS + 1, "name": f"{self.name}{number}", "now": "2026-01-01 00:00:00"}
            cursor.execute("BEGIN IMMEDIATE")
            values["transaction"] = cursor.execute(statements[0], values).fetchone()[0]
            values["entry"] = cursor.execute(statements[1], values).fetchone()[0]
            for statement in statements[2:]:
                cursor.execute(statement, values)
            cursor.execute("COMMIT")
            posted += 1
        return posted
