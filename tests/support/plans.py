"""Which rows does a statement look at? Asks the database for its plans while something happens."""

import json
import re
from contextlib import ExitStack, contextmanager
from unittest import mock

from django.apps import apps
from django.db import connection

from loyalty_site.lib import sql

#: What grows with members and with what they do.
_GROWS = ("members", "transactions")
_NAMES = re.compile(r'(?:FROM|JOIN|UPDATE|INTO)\s+"?(\w+)"?(?:\s+(?:AS\s+)?"?(\w+)"?)?', re.IGNORECASE)
_WHOLE = ("seqscan", "hashjoin", "mergejoin")
#: A line of a plan of SQLite: which table is read, and by what condition on an index.
_SCAN = re.compile(r"(?:SCAN|SEARCH) (\w+)(?: .*\((.*)\))?")
_ALIKE = {"program_id", "connection_id", "currency_id", "kind", "status"}
#: Tables with fewer rows may be read whole.
_MANY = 300
#: Plain inserts are left out: SQLite tells their foreign keys as scans.
_READS = re.compile(r"\s*(SELECT|WITH|UPDATE|INSERT\b.*\bSELECT)\b", re.IGNORECASE | re.DOTALL)

#: What may be done twice.
_ONLY_READS = re.compile(r"\s*(SELECT|WITH)\b(?!.*(nextval|INSERT|set_config|FOR NO KEY))", re.IGNORECASE | re.DOTALL)


@contextmanager
def full_scans():
    """A list that fills with (statement, table) for each growing table that a statement reads from end to end."""
    found, large = [], _large()
    with ExitStack() as stack:
        stack.enter_context(connection.execute_wrapper(_watch(found, large)))
        if connection.vendor == "postgresql":
            # What has few rows is read whole, whatever there is: without these, only where there is no other way.
            with connection.cursor() as cursor:
                for way in _WHOLE:
                    cursor.execute(f"SET LOCAL enable_{way} = off")
            stack.enter_context(mock.patch.object(sql.Session, "run", _watched_run(found, large, sql.Session.run)))
        yield found


@contextmanager
def short_ways(most=100):
    """A list that fills with (statement, what) where a statement reads more than `most` rows, or sorts what it reads.

    PostgreSQL is asked how many rows it has read, SQLite whether it has to sort, which it does after reading all.
    """
    found, _ = [], _large()
    with ExitStack() as stack:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for way in _WHOLE:
                    cursor.execute(f"SET LOCAL enable_{way} = off")
        stack.enter_context(connection.execute_wrapper(_watch_length(found, most)))
        yield found


@contextmanager
def rows_read():
    """A list that fills with (rows, statement) for each statement that only reads, on PostgreSQL: how many rows it
    looked at in whatever table, those that it passed over included. The planner is left as it is."""
    found = []

    def looked_at(told):
        nodes = _nodes((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])
        return sum(
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            for node in nodes
            if node.get("Relation Name") or node["Node Type"] == "Bitmap Index Scan"
        )

    def execute(go_on, statement, params, many, context):
        if _ONLY_READS.match(statement):
            cursor = connection.cursor().cursor
            cursor.execute("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + statement, params)
            found.append((looked_at(cursor.fetchall()[0][0]), statement))
        return go_on(statement, params, many, context)

    def watched(session, statement, params=()):
        if _ONLY_READS.match(statement):
            told = run(session, f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", params).fetchall()
            found.append((looked_at(told[0][0]), statement))
        return run(session, statement, params)

    run = sql.Session.run
    with connection.execute_wrapper(execute), mock.patch.object(sql.Session, "run", watched):
        yield found


@contextmanager
def read_by():
    """A list that fills with the names of the indexes by which `Session.run` reads tables; "" for one that is read
    whole."""
    found = []
    run = sql.Session.run

    def watched(session, statement, params=()):
        if _ONLY_READS.match(statement) and "set_config" not in statement:
            found.extend(_indexes(run, session, statement, params))
        return run(session, statement, params)

    with mock.patch.object(sql.Session, "run", watched):
        yield found


def _indexes(run, session, statement, params):
    if not session.is_postgresql:
        plan = [row[-1] for row in run(session, f"EXPLAIN QUERY PLAN {statement}", params).fetchall()]
        scans = [row for row in plan if row.startswith(("SCAN", "SEARCH")) and "json_each" not in row]
        return [found[1] if (found := re.search(r"INDEX (\w+)", row)) else "" for row in scans]
    told = run(session, f"EXPLAIN (FORMAT JSON, COSTS OFF) {statement}", params).fetchall()[0][0]
    nodes = _nodes((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])
    return [
        node.get("Index Name", "")
        for node in nodes
        if "Scan" in node["Node Type"] and "Bitmap Heap" not in node["Node Type"]
    ]


def _watch_length(found, most):
    def execute(go_on, statement, params, many, context):
        if _READS.match(statement):
            is_sqlite = connection.vendor == "sqlite"
            cursor = connection.cursor().cursor
            cursor.execute(
                ("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN (ANALYZE, FORMAT JSON) ") + statement, params
            )
            plan = cursor.fetchall()
            if is_sqlite:
                found.extend((statement, row[-1]) for row in plan if "FOR ORDER BY" in row[-1])
            else:
                told = plan[0][0]
                nodes = _nodes((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])
                read = max(node["Actual Rows"] * node["Actual Loops"] for node in nodes)
                found.extend([(statement, read)] if read > most else [])
        return go_on(statement, params, many, context)

    return execute


def _nodes(node):
    yield node
    for part in node.get("Plans", ()):
        yield from _nodes(part)


def _large():
    """Which tables have many rows; the database counts them, and SQLite believes in a thousand times as many."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "sqlite":
            cursor.execute("SELECT rowid, stat FROM sqlite_stat1")
            for row, stat in cursor.fetchall():
                cursor.execute("UPDATE sqlite_stat1 SET stat = %s WHERE rowid = %s", [_thousandfold(stat), row])
            cursor.execute("ANALYZE sqlite_schema")
    return {
        model._meta.db_table
        for label in _GROWS
        for model in apps.get_app_config(label).get_models()
        if model._default_manager.count() >= _MANY
    }


def _thousandfold(stat):
    """Of all rows, then of those that are alike in one, two, ... columns: what is alike in most stays so."""
    rows, *alike = map(int, stat.split())
    return " ".join(map(str, [rows * 1000, *(each * 1000 if each * 2 > rows else each for each in alike)]))


def _watch(found, large):
    def execute(go_on, statement, params, many, context):
        if not many and _READS.match(statement):
            ask = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN (FORMAT JSON, COSTS OFF) "
            # Django's cursor inside that calls the wrappers: this one is not watched itself.
            cursor = connection.cursor().cursor
            cursor.execute(ask + statement, params or ())
            plan = cursor.fetchall()
            found.extend((statement, table) for table in _scanned(statement, plan) & large)
        return go_on(statement, params, many, context)

    return execute


def _watched_run(found, large, run):
    def watched(session, statement, params=()):
        # What is in no list is read by any index, one as good as the other.
        if _READS.match(statement) and [] not in params:
            plan = run(session, f"EXPLAIN (FORMAT JSON, COSTS OFF) {statement}", params).fetchall()
            found.extend((statement, table) for table in _scanned(statement, plan) & large)
        return run(session, statement, params)

    return watched


def _scanned(statement, plan):
    if connection.vendor == "sqlite":
        names = {alias or table: table for table, alias in _NAMES.findall(statement)}
        return {names.get(scan[1], scan[1]) for row in plan if (scan := _SCAN.match(row[-1])) and _is_coarse(scan[2])}
    told = plan[0][0]
    return set(_without_condition((json.loads(told) if isinstance(told, str) else told)[0]["Plan"]))


def _is_coarse(condition):
    """Whether that is so of a great part of all rows: no condition, or of columns that are alike in many."""
    return set(re.findall(r"(\w+)[=<>]", condition or "")) <= _ALIKE


def _without_condition(node):
    """Tables that are read without a condition that an index answers."""
    for part in _nodes(node):
        if part["Node Type"].endswith("Scan") and not {"Index Cond", "Recheck Cond"} & part.keys():
            yield part.get("Relation Name")
