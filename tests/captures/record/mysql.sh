# MariaDB to its command line client, PyMySQL and Perl's DBI: text and binary results, prepared statements, several statements and
# results at once, errors, LOAD DATA LOCAL, a wrong password, compression, TLS. Not on its usual port.
#
# Needs Debian's mariadb-server, mariadb-client, python3-pymysql, libdbd-mariadb-perl.
# shellcheck shell=bash disable=SC2154
port=13306

serve() {
    mariadb-install-db --no-defaults --user=root --datadir="$dir/data" --auth-root-authentication-method=normal >"$dir/install.log" 2>&1
    certificate db.example.com
    spawn mariadbd --no-defaults --user=root --datadir="$dir/data" --port=$port --bind-address=127.0.0.1 --socket="$dir/db.sock" \
        --skip-name-resolve --local-infile=1 --ssl-cert="$dir/cert.pem" --ssl-key="$dir/key.pem"
    await $port
    run mariadb --no-defaults --socket="$dir/db.sock" -u root -e "
        CREATE DATABASE shop;
        CREATE USER demo@'%' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO demo@'%';
        CREATE USER other@'%' IDENTIFIED BY ''; GRANT SELECT ON shop.* TO other@'%'"
}

client() { run mariadb --no-defaults --skip-ssl --protocol=tcp -h 127.0.0.1 -P $port -u demo -psecret "$@"; }

talk() {
    client --skip-ssl shop -f -e "
        CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40), born DATE, score DOUBLE, data BLOB);
        INSERT INTO users (name, born, score, data) VALUES ('bob', '2001-02-03', 1.5, x'00ff'), ('grüße', NULL, NULL, NULL);
        SELECT * FROM users; SELECT name FROM users WHERE id = 99; UPDATE users SET score = 2 WHERE id = 1;
        SELECT nothing FROM users; SELEC 1; INSERT INTO users (id) VALUES (1); SELECT * FROM missing;
        SELECT 1 / 0; SHOW WARNINGS; BEGIN; ROLLBACK; CALL nowhere();
        USE mysql; USE nowhere; USE shop;
        SELECT REPEAT('x', 3000);"
    client --skip-ssl shop -e "
        delimiter //
        CREATE PROCEDURE both_of_them() BEGIN SELECT 1; SELECT 2, 'two'; END//
        CALL both_of_them()//"
    client --skip-ssl --compress shop -f -e "SELECT REPEAT('compressed ', 200); SELECT * FROM users; SELEC 1;"
    client --ssl shop -e "SELECT 'nobody reads this'"
    run mariadb --no-defaults --skip-ssl --protocol=tcp -h 127.0.0.1 -P $port -u demo -pwrong -e "SELECT 1"
    run mariadb-admin --no-defaults --skip-ssl --protocol=tcp -h 127.0.0.1 -P $port -u demo -psecret ping status processlist
    script mysql.py $port
    run perl "$here/record/mysql.pl" $port
}
