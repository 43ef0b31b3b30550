-- Which of these names of an error are names of this database: constraint or index, column, and table in a schema.
SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conname = $1)
         OR EXISTS (SELECT FROM pg_catalog.pg_class AS i WHERE i.relname = $1 AND i.relkind IN ('i', 'I')),
       EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attname = $2),
       EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
               WHERE c.relname = $3 AND n.nspname = $4)
