-- SPDX-License-Identifier: PostgreSQL
-- The least that a trigger in PL/pgSQL does: old and new row as jsonb, when, who. No subject, no index but the key.
CREATE TABLE audit.log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(),
  who name NOT NULL DEFAULT session_user, relation oid NOT NULL, operation text NOT NULL, old_row jsonb, new_row jsonb
);
CREATE FUNCTION audit.log_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit.log (relation, operation, old_row, new_row) VALUES (TG_RELID, TG_OP, to_jsonb(OLD), to_jsonb(NEW));
  RETURN NULL;
END
$$;
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON audit.person FOR EACH ROW EXECUTE FUNCTION audit.log_change();
