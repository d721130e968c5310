-- A transaction of pgbench in ../capture: a row, a page of rows, and what is not there.
\set id random(1, 3900)
\set rows random(1, 40)
SELECT id, name, item FROM catalogue WHERE id = :id;
SELECT id, name, item->>'price' AS price, item FROM catalogue WHERE id > :id ORDER BY id LIMIT :rows;
SELECT count(*), avg((item->>'price')::numeric) FROM catalogue WHERE id BETWEEN :id AND :id + 50;
SELECT name FROM catalogue WHERE id = :id + 100000;
