"""What psql does not do: the extended protocol of PostgreSQL, cancelling, notifications."""

import sys
import threading
import time

import psycopg


def failing(connection, statement, *arguments):
    try:
        connection.execute(statement, *arguments)
    except psycopg.Error:
        pass


port = sys.argv[1]
where = f"host=127.0.0.1 port={port} dbname=postgres user=demo sslmode=disable application_name=shop"
with psycopg.connect(where, autocommit=True) as connection:
    for number in [1, 2, 77]:
        connection.execute("SELECT name, born FROM users WHERE id = %s", [number], prepare=True).fetchall()
    connection.execute("SELECT id, name, data FROM users WHERE name = %s", ["bob"], binary=True).fetchall()
    connection.execute("SELECT %s::text, %s::int, %s::bytea", [None, 42, b"\x00\xff"]).fetchall()
    connection.execute("DELETE FROM users WHERE id = %s", [100])
    failing(connection, "SELECT %s / 0", [1])
    failing(connection, "SELECT name FROM nowhere WHERE id = %s", [1])
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO users (id, name) VALUES (%s, %s)", [(10, "a"), (11, "b"), (12, "c")])
    with connection.pipeline():
        for number in range(3):
            connection.execute("SELECT %s::int + 1", [number])
    try:
        with connection.pipeline():
            connection.execute("SELECT 1")
            connection.execute("SELECT 1 / 0")
            connection.execute("SELECT 'skipped'")
    except psycopg.Error:
        pass
    with connection.cursor() as cursor:
        with cursor.copy("COPY users (id, name) FROM STDIN") as copy:
            for number in range(20, 40):
                copy.write_row((number, f"copied {number}"))
        with cursor.copy("COPY (SELECT id, name FROM users) TO STDOUT (FORMAT binary)") as copy:
            list(copy)
        try:
            with cursor.copy("COPY users (id, name) FROM STDIN") as copy:
                copy.write("no number\tx\n")
        except psycopg.Error:
            pass
    connection.execute("LISTEN orders")
    connection.execute("SELECT pg_notify('orders', 'paid 7')")
    try:
        with connection.transaction():
            connection.execute("SELECT 1")
            with connection.transaction():
                failing(connection, "SELECT 1 / 0")
                failing(connection, "SELECT 'in a failed transaction'")
                raise psycopg.Rollback()
            raise psycopg.Rollback()
    except psycopg.Error:
        pass
    # A portal that is fetched in parts.
    with connection.transaction():
        cursor = connection.cursor("parts")
        cursor.execute("SELECT generate_series(1, 9)")
        cursor.fetchmany(4)
        cursor.close()
    threading.Timer(0.3, connection.cancel).start()
    failing(connection, "SELECT pg_sleep(5)")
# Ended by the server.
with psycopg.connect(where, autocommit=True) as connection, psycopg.connect(where, autocommit=True) as other:
    other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
    time.sleep(0.2)
    failing(connection, "SELECT 'too late'")
