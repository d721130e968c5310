"""What the command line client of MySQL does not do: several statements in one, a changed database, a killed query, a local file."""

import sys
import tempfile
import threading

import pymysql
from pymysql.constants import CLIENT, COMMAND

port = int(sys.argv[1])


def connect(**options):
    return pymysql.connect(host="127.0.0.1", port=port, ssl_disabled=True, **options)


def failing(cursor, statement):
    try:
        cursor.execute(statement)
    except pymysql.Error:
        pass


connection = connect(
    user="demo", password="secret", database="shop", client_flag=CLIENT.MULTI_STATEMENTS, local_infile=True, autocommit=True
)
with connection.cursor() as cursor:
    cursor.execute("SELECT 1; SELECT 2, 3; UPDATE users SET score = 3; SELECT 'last'")
    while cursor.nextset():
        pass
    failing(cursor, "SELECT 1; SELEC 2")
    failing(cursor, "SELECT 1; SELECT nothing FROM users")
    try:
        cursor.nextset()
    except pymysql.Error:
        pass
    with tempfile.NamedTemporaryFile("w", prefix="", dir="/srv") as rows:
        rows.write("50\tfrom a file\n51\tfrom it too\n")
        rows.flush()
        cursor.execute(f"LOAD DATA LOCAL INFILE '{rows.name}' INTO TABLE users (id, name)")
    failing(cursor, "LOAD DATA LOCAL INFILE '/srv/missing' INTO TABLE users (id, name)")
with connection.cursor(pymysql.cursors.SSCursor) as cursor:
    cursor.execute("SELECT seq, REPEAT('y', 50) FROM shop.users, mysql.help_keyword, (SELECT 1 AS seq) AS one LIMIT 30")
    cursor.fetchall()
connection.ping()
connection.select_db("mysql")
victim = connect(user="other", password="")
slow = threading.Thread(target=lambda: failing(victim.cursor(), "SELECT SLEEP(5)"))
slow.start()
threading.Event().wait(0.2)
connection.kill(victim.thread_id())
slow.join()
# A command that no server knows.
connection._execute_command(COMMAND.COM_STATISTICS, b"")
print(connection._read_packet().get_all_data())
connection._execute_command(0x7E, b"what")
try:
    connection._read_packet()
except pymysql.Error:
    pass
connection.close()
