# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# What can be said on the command line, what is answered, and that a dry run changes nothing.

crm verbs 200 || fail "database"

gdpr_batch forget
is "an unknown verb is a usage error" "$code" 1
like "an unknown verb names the verbs there are" "$err" 'unknown verb "forget"; available: anonymize, .*nightly, .*verify'
gdpr_batch anonymize --subject contact --all
is "a run without a reason is a usage error" "$code" 1
gdpr_batch anonymize --subject contact --reason r
is "a run without people is a usage error" "$code" 1
gdpr_batch anonymize --subject contact --reason r --keys /nowhere/list
is "a list that is not there is a configuration error" "$code" 2
gdpr_batch anonymize --subject customer --reason r --all
is "an unknown subject type is a configuration error" "$code" 2
like "an unknown subject type is named with a hint" "$err" 'customer.*hint='
gdpr_batch anonymize --subject contact --reason r --all -h /nowhere
is "a server that is not there is a database error" "$code" 3
printf '1\n2\nwrong@example.org\n' >"$work/keys"
gdpr_batch anonymize --subject contact --reason r --keys "$work/keys"
is "a key of the wrong type is a configuration error" "$code" 2
like "a key of the wrong type is named by its line" "$err" "line 3 of $work/keys"
case $err in *wrong@*) fail "a key of the wrong type is never quoted" ;; *) pass "a key of the wrong type is never quoted" ;; esac
is "a list with a wrong key leaves no run behind" "$(sql "SELECT count(*) FROM gdpr.runs")" 0

PGUSER=postgres "$GDPR_BATCH" anonymize --subject contact --reason r --all >/dev/null 2>"$work/err"
is "a superuser is refused" "$?" 2
like "the refusal says how to make an operator" "$(<"$work/err")" "grant_bundle"
sql "CREATE ROLE nobody LOGIN" >/dev/null
PGUSER=nobody "$GDPR_BATCH" anonymize --subject contact --reason r --all >/dev/null 2>"$work/err"
is "a role without the bundle is refused" "$?" 2
like "that refusal says which bundle" "$(<"$work/err")" "grant_bundle"

gdpr_batch status --key-file "$GDPR_KEY_FILE"
is "the database's key file is recognized" "$code" 0
head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$work/key"
gdpr_batch status --key-file "$work/key"
is "another key file is a mismatch" "$code" 4
gdpr_batch status -d postgres
is "a database without the extension is a mismatch" "$code" 4
sql "UPDATE pg_extension SET extversion = '0.0.1' WHERE extname = 'pg_gdpr'" >/dev/null
gdpr_batch status
is "another version of the extension is a mismatch" "$code" 4
like "the mismatch names both versions" "$err" '0\.0\.1'
sql "UPDATE pg_extension SET extversion = (SELECT default_version FROM pg_available_extensions WHERE name = 'pg_gdpr') WHERE extname = 'pg_gdpr'" >/dev/null

# Everything but the places of sequences, which no rollback takes back.
contents() { pg_dump -U postgres --inserts | grep -vE 'restrict|setval'; }
contents >"$work/before"
seq 1 210 >"$work/keys"
gdpr_batch anonymize --subject contact --keys "$work/keys" --dry-run --json
is "a dry run is done" "$code" 0
is "a dry run counts people, missing, held and who would go" \
  "$(json people) $(json missing) $(json held) $(json blockers.open_job) $(json would_anonymize)" "210 10 10 10 190"
is "a dry run estimates the rows" "$(json rows_estimate)" 570
gdpr_batch anonymize --subject contact --all --dry-run
like "a dry run reads well" "$out" 'would be anonymized, about 570 rows in 2 tables'
is "a dry run changes nothing" "$(contents | diff - "$work/before")" ""

sql "ALTER TABLE crm.contact ADD COLUMN hobby text" >/dev/null
gdpr_batch anonymize --subject contact --keys "$work/keys" --reason r
is "an unclassified column stops a run before it begins" "$code" 2
like "preflight names the column" "$out" 'crm.contact.hobby: .*classif'
is "and nothing was changed" "$(sql "SELECT count(*) FROM crm.contact WHERE changes > 0")" 0
gdpr_batch anonymize --subject contact --keys - --unclassified keep --reason r <<<7
is "--unclassified=keep lets it through" "$code" 0

printf 'subject = "contact"\n[anonymize]\nchunk-rows = 3\nreason = "from the file"\n' >"$work/batch.toml"
seq 11 20 >"$work/keys"
PG_GDPR_CHUNK_ROWS=5 gdpr_batch anonymize --config "$work/batch.toml" --keys "$work/keys" --unclassified keep --json
is "the environment wins over the config file" "$(json chunks)" 2
like "the config file gives what nobody else says" "$(sql 'SELECT reason FROM gdpr.runs ORDER BY run DESC LIMIT 1')" 'from the file'
gdpr_batch status --json
is "status is one JSON object" "$(json runs.0.subject_type)" contact
gdpr_batch status --subject contact
like "status shows who is held back, by reason" "$out" 'held +open_job +1'
