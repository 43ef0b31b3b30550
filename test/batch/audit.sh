# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# gdpr-batch verify: the audit log from an export, over a connection, against key and anchor; proofs; and whatever
# single character of an export is changed.

crm audit 60 || fail "database"
sql "SELECT gdpr.audit('crm.contact')" >/dev/null
sql "SET gdpr.app_user = 'olive'; UPDATE crm.contact SET first_name = 'Paris' WHERE id < 20; SELECT gdpr.anonymize_subject('contact', '3', 'left')" >/dev/null
sql "UPDATE crm.contact SET birth_date = '2000-01-01' WHERE id BETWEEN 4 AND 5" >/dev/null
sql "SELECT gdpr.seal_audit()" >/dev/null
psql -XqtA -c "SELECT gdpr.export_audit()" -o "$work/log.jsonl"
key=$(sql "SELECT encode(gdpr.audit_public_key(), 'hex')")
sql "SELECT format('%s 2026-01-01T00:00:00Z %s %s %s %s', seal, system_id, gdpr_internal.anchor_database(),
  (SELECT instance FROM gdpr_internal.key_fingerprint), encode(digest, 'hex')) FROM gdpr_internal.audit_seal ORDER BY seal" >"$work/anchor"
# verify ARGUMENTS…: without a role or a database; output in $out, exit code in $code.
verify() { out=$(env -u PGDATABASE -u PGHOST "$GDPR_BATCH" verify "$@" 2>"$work/err"); code=$?; }

verify --audit "$work/log.jsonl"
is "an export verifies without a database" "$code" 0
like "it says how much that was" "$out" '^[0-9]+ seals, [0-9]+ events: ok'
verify --audit "$work/log.jsonl" --public-key "$key" --anchor "$work/anchor" --json
is "against the key and an anchor" "$code $(json status) $(json key) $(json anchor)" "0 ok given true"
verify --audit "$work/log.jsonl" --public-key "${key//[0-9]/7}"
is "another key has signed nothing" "$code" 5
sed -E 's/.{8}$/00000000/' "$work/anchor" >"$work/other"
verify --audit "$work/log.jsonl" --anchor "$work/other"
like "another anchor is not its own" "$code $out" '^5 .*differs from its anchor'
verify --audit "$work/log.jsonl" --anchor "$work/anchor" --database-name audit
is "its name is the one it should have" "$code" 0
verify --audit "$work/log.jsonl" --anchor "$work/anchor" --database-name other
like "a log of another name is told" "$code $out" '^5 the log is of a database of another name'
sed 's/ audit / former /; s/0$/x/; s/[0-9a-f]$/0/; s/x$/1/' "$work/anchor" | cat "$work/anchor" - >"$work/other"
verify --audit "$work/log.jsonl" --anchor "$work/other"
like "another history in the anchor is told, and no fault" "$code $out" '^0 .*another history of this log, of a database "former", from seal 1 on'
sql "SELECT gdpr.grant_bundle('auditor', 'night')" >/dev/null
gdpr_batch verify --audit --public-key "$key"
like "an auditor verifies the database itself" "$code $out" '^0 [0-9]+ seals, [0-9]+ events: ok'
gdpr_batch verify
is "without anything to verify it is a mistake of usage" "$code" 1
echo '{"format": "something else"}' >"$work/other"
verify --audit "$work/other"
is "what is no export is refused" "$code" 2
head -n -1 "$work/log.jsonl" >"$work/other"
verify --audit "$work/other"
like "an export that was cut off is not whole" "$code $out" '^5 the export ends too early'

event=$(sql "SELECT min(statement) || ':1' FROM gdpr_internal.audit_statement WHERE operation = 'U'")
sql "SELECT gdpr.prove_event('$event')" >"$work/proof"
verify --proof "$work/proof" --public-key "$key"
like "a proof of one event verifies by itself" "$code $out" "^0 event $event is under seal [0-9]+: ok"
sed 's/"subject_key": "/&9/' "$work/proof" >"$work/other"
verify --proof "$work/other" --public-key "$key"
is "that of another event does not" "$code $out" "5 the event is not under the seal"

# One letter or digit of any line but the first, which says whose log it is, the heads of what is not sealed, and the seeds
# of events without values.
cases=40
[ -z "${GDPR_LONG:-}" ] || cases=400
missed=
for ((i = 0; i < cases; i++)); do
  perl -e 'srand($ARGV[0]); open(F, $ARGV[1]); my @l = <F>; my $n;
    do { $n = 1 + int(rand($#l)) } while ($l[$n] =~ /"unsealed"|"body": "0100", "seed": "|"app_user": null/);
    my @at; push @at, pos($l[$n]) - 1 while $l[$n] =~ /[0-9A-Za-z]/g;
    my $p = $at[int(rand(@at))]; my $c = substr($l[$n], $p, 1);
    my @o = grep { lc($_) ne lc($c) } (0 .. 9, "a" .. "f"); substr($l[$n], $p, 1) = $o[int(rand(@o))];
    print @l' "$i$RANDOM" "$work/log.jsonl" >"$work/other"
  verify --audit "$work/other"
  [ $code = 5 ] || missed+=" $code:$(diff "$work/log.jsonl" "$work/other" | cut -c1-300)"
done
is "whatever single character of an export is changed, it does not verify" "$missed" ""
