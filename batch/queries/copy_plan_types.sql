-- The types of some columns, and all that they are made of.
WITH RECURSIVE need (oid) AS (
  SELECT unnest($1::oid[])
  UNION
  SELECT x.oid
  FROM need AS n JOIN pg_type AS t ON t.oid = n.oid,
    LATERAL (VALUES (t.typbasetype),
                    (CASE WHEN t.typsubscript = 'array_subscript_handler'::regproc THEN t.typelem END)) AS x (oid)
  WHERE x.oid <> 0
)
SELECT t.oid, t.typtype, t.typbasetype, t.typtypmod,
       CASE WHEN t.typsubscript = 'array_subscript_handler'::regproc THEN t.typelem ELSE 0 END,
       t.typlen = -1 AND s.prosrc = 'textsend' AND EXISTS (
         SELECT FROM pg_cast AS c WHERE c.castsource = t.oid AND c.casttarget = 'text'::regtype
         AND c.castmethod = 'b' AND c.castcontext = 'i'),
       t.typsend <> 0 AND t.typreceive <> 0 AND NOT EXISTS (
         SELECT FROM pg_attribute AS a JOIN pg_type AS p ON p.oid = a.atttypid
         WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped AND (p.typsend = 0 OR p.typreceive = 0)),
       t.oid = ANY ('{regproc,regprocedure,regoper,regoperator,regclass,regtype,regrole,regnamespace,regconfig,regdictionary,regcollation}'::regtype[]),
       t.typnotnull, t.typname = 'citext'
FROM need AS n JOIN pg_type AS t ON t.oid = n.oid LEFT JOIN pg_proc AS s ON s.oid = t.typsend
