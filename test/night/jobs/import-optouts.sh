# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# A list of people who opted out, strangers and lines that are no addresses. It is imported again where it was broken off.

people=4000 also=consents.sql
strangers=20000 rejects=$work/rejects
locked=  # it comes to people in the order of the list
# In no order, some twice, some in capitals.
list() {
  {
    echo email
    awk -v people="$people" -v strangers="$strangers" 'BEGIN {
      for (n = 3; n <= people; n += 3) { print "person" n "@example.org"; if (n % 5 == 0) print "PERSON" n "@Example.org" }
      for (n = 1; n <= strangers; n++) { print "stranger" n "@example.net"; if (n % 1000 == 0) print "no address " n }
    }' | sort -R --random-source=<(yes 1)
  } >"$work/list.csv"
}
prepare() {
  list
  sql "CREATE TABLE oracle.person AS
    SELECT n AS id, CASE WHEN n % 3 <> 0 THEN 'untouched' WHEN n % 100 = 91 THEN 'stranger' ELSE 'opted out' END AS becomes
    FROM generate_series(1, $people) AS n;
    CREATE TABLE oracle.suppressed AS SELECT max(suppression) AS last FROM gdpr_internal.suppression;
    CREATE TABLE oracle.list (address text)" >/dev/null
}
first() { arguments=(import-optouts "$work/list.csv" --subject contact --channel email --reason 'mailing provider' --rejects "$rejects" --chunk-rows 100 --jobs 2 --json); }
again() { first; }
bad=$((strangers / 1000))
# How long the list is the ledger does not know before its end.
between() { [ "$(sql "SELECT count(*) FROM gdpr.runs WHERE state = 'running' AND done > 0")" -gt 0 ]; }
summary() { echo "rejected=$bad"; }
# It has come to its end when a program said so: to import it again changes nothing.
complete() { false; }
laws() {
  sql "
    CREATE TEMP TABLE now AS
    SELECT p.id, p.becomes,
           (SELECT count(*) FROM gdpr_internal.consent_event AS e, oracle.last_event AS l
            WHERE e.subject_type = 'contact' AND e.subject_key = p.id::text AND e.event > l.event) AS events,
           (SELECT count(*) FROM gdpr.opt_outs AS o WHERE o.subject_key = p.id::text AND o.channel = 'email' AND o.purpose IS NULL) AS opted_out
    FROM oracle.person AS p;
    SELECT 'somebody on the list has not one event and one opt-out|' || count(*) FROM now WHERE becomes = 'opted out' AND (events, opted_out) <> (1, 1)
    UNION ALL SELECT 'somebody who is not on it was touched|' || count(*) FROM now WHERE becomes <> 'opted out' AND (events > 0 OR opted_out > 0)
    UNION ALL SELECT 'a stranger is not suppressed|' || count(*) FROM generate_series(1, $strangers, 97) AS n
              WHERE NOT gdpr.is_suppressed('email', 'stranger' || n || '@example.net')
    UNION ALL SELECT 'strangers are not there once each|' || abs(count(*) - $strangers - (SELECT count(*) FROM oracle.person WHERE becomes = 'stranger'))
              FROM gdpr_internal.suppression AS s, oracle.suppressed AS o WHERE s.suppression > coalesce(o.last, 0)
    UNION ALL SELECT 'a chunk keeps keys|' || count(*) FROM gdpr_internal.chunk WHERE keys <> '{}'"
  echo "lines that are no address are not in the reject file once each|$(($(grep -c . "$rejects" 2>/dev/null) - bad))"
}
