# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# A large table is copied in parts, ranges of its pages: each row once, wherever updates have moved it, and none that is dead.
# Killed among its parts, a copy does that table again and leaves alone those that were whole.

people_database parts 600
psql -Xq -o /dev/null -d parts -v ON_ERROR_STOP=1 <<'SQL'
SET client_min_messages = warning;
SET ROLE crm_owner;
-- Pages of whole rows, of some, of none: updates within a page and to later ones, rows that are gone, toasted ones. No VACUUM
-- and no ANALYZE: the catalog says that there are no pages.
CREATE TABLE crm.wide (id bigint PRIMARY KEY, email text UNIQUE, filler text, big text) WITH (autovacuum_enabled = false, fillfactor = 80);
INSERT INTO crm.wide SELECT n, 'w' || n || '@firma.example', repeat(md5(n::text), 8) FROM generate_series(1, 40000) AS n;
UPDATE crm.wide SET filler = filler || 'moved' WHERE id % 3 = 0;
DELETE FROM crm.wide WHERE id BETWEEN 9000 AND 16000 OR id % 11 = 0;
UPDATE crm.wide SET filler = 'moved again', email = email || '.example' WHERE id % 7 = 0;
INSERT INTO crm.wide SELECT n, NULL, repeat('x', 300) FROM generate_series(50001, 52000) AS n;
UPDATE crm.wide SET big = (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 400) AS n) WHERE id % 500 = 0;
CREATE TABLE crm.first AS SELECT n AS id, repeat('f', 200) AS filler FROM generate_series(1, 7500) AS n;  -- one part, and copied first
GRANT SELECT ON crm.wide, crm.first TO copier;
SELECT gdpr.classify('crm.first', 'id', 'not_personal'), gdpr.classify('crm.first', 'filler', 'not_personal');
SELECT gdpr.classify('crm.wide', 'email', 'email'), gdpr.classify('crm.wide', 'filler', 'not_personal'), gdpr.classify('crm.wide', 'big', 'free_text');
SQL
mb=$(sql -d parts "SELECT pg_relation_size('crm.wide') / 1048576")
ok "the large table has parts enough" test "$mb" -ge 12
# of_table NAME WORD: what the summary says of a table.
of_table() { psql -XqtA -d postgres -v all="$(json tables)" <<<"SELECT j ->> '$2' FROM jsonb_array_elements(:'all'::jsonb) AS j WHERE j ->> 'table' = '$1'"; }
fresh parts
copy parts "$(to parts)" --part-mb 1 --jobs 3 --json
is "a copy in parts" "$code" 0
[ "$code" = 0 ] || note "$(tail -n 5 "$work/log")"
treated_queries parts | run_queries parts >"$work/expected"
plain_queries parts | PGHOST=$target_host run_queries parts >"$work/got"
is "in parts, every row is what gdpr.anonymize() makes of it, once" "$(diff "$work/expected" "$work/got" | cut -c1-200 | head -n 6)" ""
is "the summary counts the large table's rows" "$(of_table crm.wide rows)" "$(sql -d parts "SELECT count(*) FROM crm.wide")"
copy parts "$work/parts" --part-mb 1 --jobs 2
is "a directory in parts" "$code" 0
fresh loaded
ok "a directory in parts: psql loads it" bash -c "cd '$work/parts' && PGHOST=$target_host psql -X -q -o /dev/null -U owner -d loaded -f load.sql"
is "a directory in parts is the same copy" "$(diff <(content "$target_host" parts) <(content "$target_host" loaded) | head -n 5)" ""
content "$target_host" parts >"$work/undisturbed"
copy_of_sample() { fresh "$1"; copy parts "$(to "$1")" --sample 50% --whole-below 100 --part-mb "$2"; }
copy_of_sample halves 1
is "a sample in parts" "$code" 0
fresh loaded
copy_of_sample loaded 1000
is "a sample in parts is the same sample" "$(diff <(content "$target_host" halves) <(content "$target_host" loaded) | head -n 5)" ""
ok "a sample has about half of the large table" test "$(at_target "SELECT abs(count(*) - $(sql -d parts 'SELECT count(*) FROM crm.wide') / 2) < 1000 FROM crm.wide" halves)" = t

# held_in_parts: some parts of the large table are there and some are not, and the program stands still.
held_in_parts() {
  local some
  some=$(at_target "SELECT count(row_count), max(parts) FROM gdpr_copy.part WHERE table_name = 'wide'" parts 2>/dev/null) || return
  read -r done_parts all_parts <<<"$some"
  [ "${done_parts:-0}" -ge 2 ]
}
for try in 1 2 3 4 5; do
  fresh parts
  in_background parts "$(to parts)" --part-mb 1
  wait_for 20 held_in_parts
  kill -STOP "$pid" && held_in_parts
  kill -9 "$pid"; reap
  [ "${done_parts:-0}" -ge "${all_parts:-0}" ] || break
done
ok "killed among the parts of the large table, of which there are as many as MB" test "$done_parts" -lt "$all_parts" -a "$all_parts" -ge 12
first_file() { at_target "SELECT pg_relation_filenode('crm.first')" parts; }
before=$(first_file)
copy parts "$(to parts)" --resume --json
is "killed among parts: --resume comes to the end, with another size of parts" "$code" 0
is "killed among parts: the copy is the one that nobody disturbed" "$(content "$target_host" parts | diff "$work/undisturbed" - | head -n 5)" ""
is "killed among parts: what was whole is left alone, the large table is done again" \
  "$(of_table crm.first earlier) $(first_file) $(of_table crm.wide earlier)" "true $before "
