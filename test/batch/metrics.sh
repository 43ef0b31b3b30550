# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# status --metrics FILE: Prometheus' text format, held to its rules by a parser of our own.

crm metrics 40 || fail "database"
gdpr_batch anonymize --subject contact --all --reason left
sql "UPDATE gdpr_internal.run SET subject_type = E'con\"tact\\\\x'" >/dev/null
sql "SELECT gdpr.queue_erasure('contact', '20', 'request')" >/dev/null
gdpr_batch status --metrics "$work/m.prom"
is "the file is written" "$code" 0
is "beside it is nothing" "$(cd "$work" && echo m.prom*)" m.prom

# Prints what breaks a rule, and at the end how many samples there were.
cat >"$work/parse.pl" <<'PERL'
my ($name, %seen, %help, %type, $n);
while (<>) {
  chomp;
  if (/^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (\S.*)$/) { print "HELP of $1 again\n" if $help{$1}++; $name = $1; next }
  if (/^# TYPE (\S+) (gauge|counter)$/) { print "TYPE of $1 again\n" if $type{$1}++; print "TYPE without HELP: $1\n" if $name ne $1; next }
  if (/^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"(?:,(?=[a-z])|(?=\})))+)\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|NaN|[+-]Inf)$/) {
    print "sample of $1 is not under its TYPE\n" if $1 ne $name || !$type{$1};
    print "twice: $1$2\n" if $seen{"$1$2"}++;
    $n++; next;
  }
  print "line $.: $_\n";
}
print "$n samples\n";
PERL
like "every line keeps the rules, and no sample stands twice" "$(perl "$work/parse.pl" "$work/m.prom")" '^[0-9]{2,} samples$'
like "labels are escaped" "$(<"$work/m.prom")" 'subject_type="con\\"tact\\\\x"'
like "people of a run stand by state" "$(<"$work/m.prom")" 'gdpr_batch_run_people\{[^}]*"changed"[^}]*\} 38'
like "and those who were held back by blocker" "$(<"$work/m.prom")" 'gdpr_held_back_people\{.*reason="open_job".*\} 2'
like "and the queue" "$(<"$work/m.prom")" 'gdpr_erasure_queue_people\{state="due",subject_type="contact"\} 1'
is "no key and no value is among them" "$(grep -cE 'person[0-9]|example\.org|Name [0-9]' "$work/m.prom")" 0
gdpr_batch status --metrics /nowhere/m.prom
is "a place where it cannot be is an error" "$code" 3
gdpr_batch status --metrics /dev/full
is "and what is no file is not replaced" "$code $(test -c /dev/full && echo there)" "2 there"
