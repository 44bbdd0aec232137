"""What stands in the database, in any column of any table? For who looks for what should be nowhere."""

from django.db import connection


def tables_with(text):
    """{table: rows in which the text stands in some column, whatever the case of its letters}, of all tables."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            names = [column.name for column in connection.introspection.get_table_description(cursor, table)]
            where = " OR ".join(f"LOWER(CAST({connection.ops.quote_name(name)} AS TEXT)) LIKE %s" for name in names)
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT COUNT(*) FROM {quoted} WHERE {where}", [f"%{text.lower()}%"] * len(names))
            if count := cursor.fetchone()[0]:
                found[table] = count
    return found
