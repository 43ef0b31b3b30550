\set id random(1, :rows)
SELECT name FROM reach.person WHERE id = :id;
