# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# What a copy refuses, and how it says so: never with a value.

people_database refused 200
log_has() { like "$1" "$(<"$work/log")" "$2"; }
no_values() { is "$1: no value is in its words" "$(grep -cE 'Anna|Keller|firma|DE[0-9]{20}|\+4930' "$work/log" "$work/out" | grep -v ':0$')" ""; }

fresh refuse
at_target 'CREATE SCHEMA crm CREATE TABLE crm.contact (n int)' refuse
copy refused "$(to refuse)"
is "a target that is not empty is refused" "$code" 2
log_has "a target that is not empty is named" 'database ..refuse.. is not empty.*crm.contact'
is "nothing there is dropped" "$(at_target "SELECT to_regclass('crm.contact')" refuse)" crm.contact
copy refused "$(to refuse)" --resume
is "where there is nothing to resume it says so" "$code" 2
log_has "where there is nothing to resume it says so" 'no unfinished copy'

fresh refuse
code=0
PGUSER=half_sighted "$GDPR_BATCH" copy --from refused --to "$(to refuse)" --key-file "$key_file" >"$work/out" 2>"$work/log" || code=$?
is "rows under row level security are an error, not missing" "$code" 2
log_has "rows under row level security: what to do" BYPASSRLS
is "rows under row level security: no table has a part of its rows" "$(at_target "SELECT count(*) FROM crm.contact" refuse)" 0

fresh refuse
PGUSER=postgres "$GDPR_BATCH" copy --from refused --to "$(to refuse)" --key-file "$key_file" >"$work/out" 2>"$work/log"
is "a superuser is refused" $? 2
copy refused "host=$target_host user=postgres dbname=refuse"
is "a superuser at the target is refused" "$code" 2
PGUSER=copier "$GDPR_BATCH" copy --from refused --to "$(to refuse)" --key-file /nowhere >"$work/out" 2>"$work/log"; code=$?
is "no key is refused" "$code" 2
copy refused "$(to nowhere_at_all)"
is "a target that is not there is an error of the database" "$code" 3
copy refused "$(to refuse)" --schema nonesuch
is "a schema that is not there is refused" "$code" 2
sql -d refused "ALTER TABLE crm.activity ADD COLUMN secret text"
copy refused "$(to refuse)"
is "a column without a classification is refused" "$code" 2
log_has "a column without a classification is named" 'secret'
is "nothing was made for what is refused" "$(at_target "SELECT count(*) FROM pg_namespace WHERE nspname IN ('crm', 'gdpr_copy')" refuse)" 0
sql -d refused "ALTER TABLE crm.activity DROP COLUMN secret"

# What its own rows break there: a check that no fake can pass, an index that takes no two.
sql -d refused "ALTER TABLE crm.contact ADD CHECK (email LIKE '%@firma.example')"
fresh refuse
copy refused "$(to refuse)" --json
is "a check that the fakes do not pass: the table is said to be missing" "$code $(json state)" "5 unfinished"
like "a check that the fakes do not pass is named" "$(<"$work/out")" 'check_violation of constraint .*contact_email_check'
no_values "a check that the fakes do not pass"
is "a check that the fakes do not pass: the other tables are there" "$(at_target "SELECT count(*) FROM crm.account" refuse)" 200
sql -d refused "ALTER TABLE crm.contact DROP CONSTRAINT contact_email_check"
sql -d refused "CREATE FUNCTION crm.loud(t text) RETURNS int IMMUTABLE LANGUAGE plpgsql
  AS 'BEGIN IF t !~ ''^(called )?Anna'' THEN RAISE ''loud about %'', t; END IF; RETURN 1; END'; CREATE INDEX loud ON crm.activity (crm.loud(note))"
fresh refuse
copy refused "$(to refuse)" --json
is "an index that cannot be made: everything else is there" "$code $(json state) $(at_target "SELECT count(*) FROM crm.activity" refuse)" "5 unfinished 400"
like "an index that cannot be made is named" "$(json missing.0)" 'INDEX crm loud.*raise_exception'
is "an index that cannot be made: what its function says is not passed on" "$(grep -c 'loud about' "$work/log" "$work/out" | grep -v ':0$')" ""
sql -d refused "DROP INDEX crm.loud"
copy refused "$(to refuse)" --resume --json
is "once it can be made the copy comes to its end" "$code $(json state)" "0 done"
