# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# Keys that are personal themselves, and keys of several columns with commas and quotes in them.

crm personal 0 || fail "database"
sql "SET ROLE crm_owner;
  CREATE TABLE crm.reader (email text PRIMARY KEY, name text, changes int NOT NULL DEFAULT 0);
  INSERT INTO crm.reader SELECT 'reader' || n || '@example.org', 'Name ' || n FROM generate_series(1, 50) AS n;
  CREATE VIEW crm.busy AS SELECT email FROM crm.reader WHERE name = 'Name 9';
  CREATE TRIGGER count_change BEFORE UPDATE ON crm.reader FOR EACH ROW EXECUTE FUNCTION crm.count_change();
  SELECT gdpr.classify('crm.reader', 'email', 'email'), gdpr.classify('crm.reader', 'name', 'full_name'),
         gdpr.classify('crm.reader', 'changes', 'not_personal'), gdpr.register_subject('reader', 'crm.reader'),
         gdpr.add_blocker('reader', 'busy', 'crm.busy', 'email')" >/dev/null
sql "SELECT gdpr.queue_erasure('reader', 'reader3@example.org', 'withdrawn')" >/dev/null
for n in $(seq 1 10) 5 77; do echo "reader$n@example.org"; done >"$work/keys"
gdpr_batch anonymize --subject reader --keys "$work/keys" --reason left --chunk-rows 4 --json
is "people are found by a personal key" "$code $(json anonymized) $(json held) $(json missing) $(json frozen)" "5 9 1 1 0"
is "each once" "$(sql "SELECT count(*) FROM crm.reader WHERE changes = 1")" 9
is "no personal key of anybody who is gone is left in the database" "$(sql "
  SELECT t.relname FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace
  WHERE n.nspname = 'gdpr_internal' AND t.relkind = 'r'
    AND query_to_xml(format('SELECT * FROM %s', t.oid::regclass), true, false, '')::text ~ 'reader([1-8]|10|77)@'")" ""
is "who is held back can still be found" "$(sql "SELECT subject_key FROM gdpr.held_back WHERE state = 'held'")" "reader9@example.org"
is "the queue knows that it is done" "$(sql "SELECT state FROM gdpr.erasure_queue")" done
case $err$out in *reader[0-9]*) fail "no log line and no report names one" ;; *) pass "no log line and no report names one" ;; esac
gdpr_batch anonymize --subject reader --all --reason closing --chunk-rows 7 --jobs 2 --json
is "--all goes by personal keys too" "$(json people) $(json anonymized) $(json held)" "41 40 1"

crm composite 0 || fail "database"
sql "SET ROLE crm_owner;
  CREATE TABLE crm.member (club text, number int, name text, changes int NOT NULL DEFAULT 0, PRIMARY KEY (club, number));
  INSERT INTO crm.member SELECT c, n, 'Name ' || n FROM unnest('{\"a\",\"b, \\\"c\\\"\",\"d (e)\"}'::text[]) AS c, generate_series(1, 20) AS n;
  CREATE TRIGGER count_change BEFORE UPDATE ON crm.member FOR EACH ROW EXECUTE FUNCTION crm.count_change();
  SELECT gdpr.classify('crm.member', 'name', 'full_name'), gdpr.classify('crm.member', 'changes', 'not_personal'),
         gdpr.register_subject('member', 'crm.member')" >/dev/null
printf '%s\n' '(a,1)' '("b, ""c""",2)' '("d (e)", 3)' >"$work/keys"
gdpr_batch anonymize --subject member --keys "$work/keys" --reason left --json
is "a key of several columns is one line" "$code $(json anonymized)" "0 3"
is "it finds the right people" "$(sql "SELECT string_agg(club || number, ';' ORDER BY number) FROM crm.member WHERE changes = 1")" 'a1;b, "c"2;d (e)3'
gdpr_batch anonymize --subject member --all --reason closing --chunk-rows 7 --jobs 2 --json
is "--all goes by keys of several columns" "$(json people) $(json anonymized)" "57 57"
is "everybody once" "$(sql "SELECT count(*) FROM crm.member WHERE changes = 1")" 60

# Lists of other jobs, and what earlier runs said, are places of a personal key too.
crm lists 0 || fail "database"
sql "SET ROLE crm_owner;
  CREATE TABLE crm.reader (email text PRIMARY KEY, changes int NOT NULL DEFAULT 0);
  INSERT INTO crm.reader SELECT 'reader' || n || '@example.org' FROM generate_series(1, 50) AS n;
  CREATE TABLE crm.busy (email text); INSERT INTO crm.busy VALUES ('reader9@example.org');
  CREATE TRIGGER count_change BEFORE UPDATE ON crm.reader FOR EACH ROW EXECUTE FUNCTION crm.count_change();
  GRANT SELECT ON crm.reader TO night;
  SELECT gdpr.classify('crm.reader', 'email', 'email'), gdpr.classify('crm.reader', 'changes', 'not_personal'),
         gdpr.register_subject('reader', 'crm.reader'), gdpr.add_blocker('reader', 'busy', 'crm.busy', 'email')" >/dev/null
sql "SELECT gdpr.add_purpose('letters')" >/dev/null
echo reader9@example.org >"$work/keys"
for again in 1 2; do gdpr_batch anonymize --subject reader --keys "$work/keys" --reason left; done
is "who is held back is known by the last run only" "$(sql "SELECT count(*) FROM gdpr.held_back") $(sql "SELECT count(*) FROM gdpr.run_people WHERE settled")" "1 1"
PGUSER=night psql -XqtA -o /dev/null -c "SELECT gdpr.run_start_mark('reader', 'crm.reader', 'accepted', 'letters', 'email', chunk_rows => 20)"
sql "DELETE FROM crm.busy" >/dev/null
gdpr_batch anonymize --subject reader --keys "$work/keys" --reason left --json
is "and goes while another job's list waits" "$code $(json anonymized)" "0 1"
is "no list and no earlier run keeps the key" "$(sql "
  SELECT t.relname FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace
  WHERE n.nspname = 'gdpr_internal' AND t.relkind = 'r'
    AND query_to_xml(format('SELECT * FROM %s', t.oid::regclass), true, false, '')::text ~ 'reader9@'")" ""
gdpr_batch mark --subject reader --resume --json
is "the other job does not find who has gone" "$code $(json changed) $(json missing)" "5 49 1"
