\set n random(1, :rows)
WITH u AS (
  UPDATE audit.person SET updated_at = now(), visits = visits + 1, status = 'seen' || :n WHERE id = :n RETURNING id
), s AS (
  INSERT INTO audit.hand_statement (statement, at, system_id, xid, shape, operation, anonymized, changes, session_role, acting_role, seed)
  SELECT nextval('audit.hand_seq'), d.at, d.system_id, pg_current_xact_id(), d.shape, d.operation, d.anonymized, d.changes, d.session_role,
    d.acting_role, d.seed FROM u, audit.single_statement AS d RETURNING statement
)
INSERT INTO audit.hand_change (statement, n, subject_type, subject_key, seed, body)
SELECT s.statement, d.n, d.subject_type, u.id::text, d.seed, d.body FROM s, u, audit.single_change AS d;
