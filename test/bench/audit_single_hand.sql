\set n random(1, :rows)
\startpipeline
BEGIN;
UPDATE audit.person SET updated_at = now(), visits = visits + 1, status = 'seen' || :n WHERE id = :n;
INSERT INTO audit.hand_statement (statement, at, system_id, xid, shape, operation, anonymized, changes, session_role, acting_role, seed)
VALUES (nextval('audit.hand_seq'), clock_timestamp(), :system_id, pg_current_xact_id(), :shape, 'U', false, 1, session_user, current_user, decode(:seed, 'hex'));
INSERT INTO audit.hand_change (statement, n, subject_type, subject_key, seed, body)
VALUES (currval('audit.hand_seq'), 1, 'person', :n::text, decode(:row_seed, 'hex'), decode(:body, 'hex'));
COMMIT;
\endpipeline
