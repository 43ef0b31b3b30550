# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# Lists of opt-outs: whoever is on one gets no messages, now or when they become a contact; what is no
# address is told by its line; the same list twice is the same list once.

crm optouts 1000 || fail "database"
sql "SET ROLE crm_owner; UPDATE crm.contact SET email = 'Anna.Schmidt@example.de' WHERE id = 1;
  UPDATE crm.contact SET email = 'o''brien+news@example.ie' WHERE id = 2; UPDATE crm.contact SET changes = 0" >/dev/null
events() { sql "SELECT count(*) FROM gdpr_internal.consent_event WHERE kind = 'opted_out'"; }
opted_out() { sql "SELECT string_agg(subject_key, ',' ORDER BY subject_key::int) FROM gdpr.opt_outs WHERE channel = 'email'"; }
suppressed() { sql "SELECT count(*) FROM gdpr_internal.suppression"; }
# numbers: lines, people, kept, already, rejected of the summary
numbers() { echo "$code: $(json lines) $(json people) $(json kept) $(json already) $(json rejected)"; }
import() { gdpr_batch import-optouts "$@" --json; }

gdpr_batch import-optouts
is "an import without a list is a usage error" "$code" 1
import "$work/nowhere.csv"
is "a list that is not there is a configuration error" "$code" 2
printf 'name,city\nAnna,Berlin\nBob,Paris\n' >"$work/list"
import "$work/list"
is "a list that is not understood is a configuration error" "$code" 2
like "and there is a hint how to say it" "$err" 'hint=.*--column.*--delimiter.*--encoding'
import "$work/list" --column city
is "a column without addresses is refused as well" "$code" 2
is "and nothing has begun" "$(sql "SELECT count(*) FROM gdpr.runs")" 0

printf '"ts";"mail";"note"\r\n"1";"anna.schmidt@EXAMPLE.de";"said ""stop"",\nthen hung up"\r\n;o'\''brien+news@example.ie;\r\n' >"$work/list"
printf '2;stranger@example.net;\r\n\r\n2; Stranger@example.net ;\r\n3;no address;\r\n4;;\r\n5\r\n6;"a"b@example.net;\r\n7;person3@example.org;' >>"$work/list"
import "$work/list" --dry-run
is "a dry run counts" "$(numbers)" "0: 9 3 1 1 4"
is "and tells the format" "$(json format)" \
  '{"kind": "address", "column": 2, "header": true, "encoding": "UTF-8", "delimiter": ";", "column_name": "mail"}'
is "and changes nothing" "$(events) $(suppressed) $(sql "SELECT count(*) FROM gdpr.runs") $(ls "$work"/list*)" "0 0 0 $work/list"
import "$work/list" --reason 'mailing provider'
is "an import counts the same" "$(numbers)" "0: 9 3 1 1 4"
is "people on the list have opted out, by one event each" "$(opted_out) $(events)" "1,2,3 3"
is "strangers are suppressed" "$(sql "SELECT gdpr.is_suppressed('email', 'STRANGER@example.net')")" t
is "rejects are told by line and reason" "$(<"$work/list.rejects")" \
  $'8\tno @ in it\n9\tnothing in the column that is read\n10\tfewer columns than the one that is read\n11\ta quote that is not closed, or something behind it'
case "$err$out$(<"$work/list.rejects")" in *[Ss]chmidt* | *stranger* | *brien*) fail "no log, summary or reject file quotes a line" ;;
  *) pass "no log, summary or reject file quotes a line" ;; esac
import "$work/list" --strict
is "the same list again changes nothing" "$(events) $(suppressed)" "3 1"
is "and says so; --strict makes rejects a failure" "$(numbers)" "5: 9 0 0 5 4"
is "imports are runs" "$(sql "SELECT count(*), count(*) FILTER (WHERE state = 'finished') FROM gdpr.runs WHERE job = 'import-optouts'")" $'2\t2'

sql "SET ROLE crm_owner; INSERT INTO crm.contact (id, email) VALUES (5001, 'Stranger@Example.net'), (5002, 'else@example.net')" >/dev/null
is "who was a stranger is suppressed as a contact" \
  "$(sql "SELECT k FROM gdpr_internal.suppressed_people('contact', '{5001,5002}', 'email') AS k")" 5001

for n in 4 5; do printf 'person%d@example.org' "$n" | md5sum | cut -c1-32; done >"$work/list"
printf 'stranger@example.com' | md5sum | cut -c1-32 >>"$work/list"
import "$work/list"
is "digests of addresses find people, the others are kept" "$(numbers)" "0: 3 2 1 0 0"
is "an old reject file goes with an import that has none" "$(ls "$work"/list*)" "$work/list"
is "who is on a list of digests is suppressed" "$(sql "SELECT gdpr.is_suppressed('email', 'stranger@example.com')")" t
printf '@blocked.example\n.below.example\na@b.example\nlocalhost\n' >"$work/list"
import "$work/list"
is "a list of domains" "$(numbers) $(json format.kind)" "0: 4 0 2 0 2 domain"
is "suppresses who is there" "$(sql "SELECT gdpr.is_suppressed('email', a) FROM unnest('{x@blocked.example,x@not.blocked.example,x@far.below.example}'::text[]) AS a" | tr '\n' ' ')" "t f t "
printf 'E-Mail\tName\r\nperson6@example.org\tJ\xc3\xbcrgen\r\n' | iconv -t UTF-16 >"$work/list"
import "$work/list"
is "UTF-16 with a byte order mark" "$(numbers) $(json format.encoding)" "0: 1 1 0 0 0 UTF-16LE"
import - < <(printf 'Name;Mail\nJ\xfcrgen;person7@example.org\n')
is "Latin-1, from standard input" "$(numbers) $(json format.encoding) $(json rejects)" "0: 1 1 0 0 0 Windows-1252 "
printf 'name^mail\nx^person8@example.org\n' >"$work/list"
import "$work/list" --delimiter '^' --column mail --encoding utf-8 --hash none
is "what is unusual can be said" "$(numbers)" "0: 1 1 0 0 0"
import /dev/null
is "an empty list is a list" "$(numbers)" "0: 0 0 0 0 0"
import "$work/list" --delimiter '^' --dated 2999-01-01
is "a list from the future is refused" "$code" 2

# As many lines as take a moment, in two connections, by chunks that meet on the same people.
awk 'BEGIN { print "email"; for (n = 0; n < 60000; n++) print (n % 3 ? "stranger" n % 25000 : "person" 10 + n % 900) "@example." (n % 3 ? "net" : "org") }' >"$work/list"
as_night import-optouts "$work/list" --chunk-rows 500 --jobs 2
wait_for 60 logged chunk
kill -INT "$pid"; wait "$pid"; code=$?
is "a signal ends it between chunks" "$code $(sql "SELECT state FROM gdpr.runs ORDER BY run DESC LIMIT 1")" "6 cancelled"
like "and the log says how to go on" "$(<"$work/log")" 'hint="Import the list again'
import "$work/list" --chunk-rows 3000 --jobs 2
is "and again goes on" "$code $(json lines) $(json rejected)" "0 60000 0"
is "everybody on the list has opted out once" "$(sql "SELECT count(*), count(DISTINCT subject_key) FROM gdpr.opt_outs WHERE channel = 'email' AND subject_key::int >= 10")" \
  "$(awk '/^person/ && !seen[$0]++ { n++ } END { print n "\t" n }' "$work/list")"
is "strangers are there once each" "$(sql "SELECT count(*) - count(DISTINCT digest) FROM gdpr_internal.suppression")" 0
is "nothing is left of the matching" "$(sql "SELECT count(*) FROM gdpr_internal.chunk WHERE keys <> '{}'")" 0
