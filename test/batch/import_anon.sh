# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# gdpr-batch import-anon-labels: rules of PostgreSQL Anonymizer as statements that run, from a dump and from a database;
# what cannot be said has a reason, and nothing is executed.
crm anon 100

cat >"$work/dump.sql" <<'SQL'
COPY crm.contact (id, note) FROM stdin;
SECURITY LABEL FOR anon ON COLUMN crm.contact.name IS 'MASKED WITH VALUE NULL';
\.

SECURITY LABEL FOR anon ON COLUMN crm.contact.email IS 'MASKED WITH FUNCTION anon.fake_email()';
SECURITY LABEL FOR anon ON COLUMN crm.contact.phone IS 'MASKED WITH FUNCTION anon.partial(phone,2,$$****$$,2)';
SECURITY LABEL FOR anon ON COLUMN crm.contact.changes IS 'NOT MASKED';
SECURITY LABEL FOR anon ON COLUMN crm.contact.x IS 'MASKED WITH FUNCTION public.drop_everything(x)';
SECURITY LABEL FOR anon ON ROLE bob IS 'MASKED';
SECURITY LABEL FOR anon ON TABLE crm.contact IS 'TABLESAMPLE BERNOULLI(10)';
SECURITY LABEL FOR anon ON FUNCTION public.drop_everything(text) IS 'TRUSTED';
SQL
# No connection: whatever the environment says, none is tried.
PGHOST=/nowhere gdpr_batch import-anon-labels --file "$work/dump.sql"
is "a dump needs no server" "$code" 0
is "what is known becomes a statement" "$(grep -c '^SELECT gdpr.classify(' <<<"$out")" 3
like "with its kind and treatment" "$out" "'phone', 'phone mask=partial\(2,2\)'\);  -- was anon.partial\(\)"
is "everything else is a comment" "$(grep -vcE '^(--|SELECT gdpr\.classify\()' <<<"$out")" 0
like "a function of one's own is listed with its reason" "$out" "not mapped: crm.contact.x, was public.drop_everything\(\): a function"
like "and so is what is no column's" "$out" "not mapped: role bob: who sees what"
like "a sample has another way" "$out" 'not mapped: table crm.contact: gdpr-batch copy --sample'
not_ok "lines of a table's data are no labels" grep -q "'name'" <<<"$out"
grep '^SELECT' <<<"$out" | grep -E "email" >"$work/run.sql"
ok "a statement runs as it is" psql -Xq -v ON_ERROR_STOP=1 -f "$work/run.sql"
gdpr_batch import-anon-labels --file - --json <"$work/dump.sql"
is "as JSON: proposed, and not mapped" "$(json proposed.0.rule) $(json not_mapped.0.object)" "email crm.contact.x"
printf 'PGDMP rest' >"$work/archive"
gdpr_batch import-anon-labels --file "$work/archive"
is "an archive is none" "$code" 2
like "and it says how to make a script of it" "$err" 'pg_restore'

# From a database: its labels are there although Anonymizer is not loaded.
psql -Xq -v ON_ERROR_STOP=1 <<'SQL'
SET allow_system_table_mods = on;
INSERT INTO pg_seclabel SELECT a.attrelid, 'pg_class'::regclass, a.attnum, 'anon', 'MASKED WITH FUNCTION anon.fake_last_name()'
FROM pg_attribute AS a WHERE a.attrelid = 'crm.contact'::regclass AND a.attname = 'email';
SQL
gdpr_batch import-anon-labels
is "from a database" "$code $(grep -c "'crm.contact', 'email', 'last_name'" <<<"$out")" "0 1"
before=$(sql "SELECT count(*) FROM gdpr.classification")
gdpr_batch import-anon-labels --provider other
is "of another provider there is nothing" "$code $(grep -c '^SELECT' <<<"$out")" "0 0"
like "and it says why that may be" "$out" 'no labels for provider other: .*--no-security-labels'
is "and nothing has changed" "$(sql "SELECT count(*) FROM gdpr.classification")" "$before"
