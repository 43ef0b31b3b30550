-- Relations with everything below them: partitions, inheritance children. $1: oids
WITH RECURSIVE down(root, oid) AS (
  SELECT o.oid, o.oid FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS o(oid)
  UNION
  SELECT d.root, i.inhrelid FROM down AS d JOIN pg_catalog.pg_inherits AS i ON i.inhparent = d.oid
)
SELECT d.root, d.oid, c.relkind, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
FROM down AS d JOIN pg_catalog.pg_class AS c ON c.oid = d.root JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY 1, 2
