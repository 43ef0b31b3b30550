\set id random(1, :rows)
SELECT id, name, email FROM reach.person WHERE id BETWEEN :id AND :id + 49;
