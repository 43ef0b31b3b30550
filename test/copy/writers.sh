# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# A source that goes on writing is not torn: what moves from row to row and table to table is there once.

people_database written 3000
writer() {
  local n=0
  while [ ! -e "$work/enough" ]; do
    n=$((n + 1))
    echo "BEGIN; SET LOCAL gdpr.purpose = 'administration'; UPDATE crm.contact SET balance = balance - 1 WHERE id = $((n * 37 % 3000 + 1));
      UPDATE crm.account SET balance = balance + 1 WHERE id = $((n * 53 % 3000 + 1));
      INSERT INTO crm.contact (id, email, first_name, last_name) VALUES ($1$((1000000 + n)), 'new$1-$n@firma.example', 'New', 'Comer');
      INSERT INTO crm.account (contact_id, balance) VALUES ($1$((1000000 + n)), 0); COMMIT;"
  done | psql -Xq -v ON_ERROR_STOP=1 -d written >/dev/null 2>"$work/writer.$1"
}
total="SELECT (SELECT sum(balance) FROM crm.contact) + (SELECT sum(balance) FROM crm.account)"
before=$(sql -d written "$total")
rm -f "$work/enough"
writer 1 & writers=($!)
writer 2 & writers+=($!)
for round in 1 2 3; do
  fresh "written"
  copy written "$(to written)"
  is "round $round: a copy beside two writers" "$code" 0
  is "round $round: what moves between rows is there once" "$(at_target "$total" written)" "$before"
  is "round $round: nobody came half" "$(at_target "SELECT count(*) FROM crm.contact AS c WHERE NOT EXISTS (SELECT FROM crm.account AS a WHERE a.contact_id = c.id)" written)" 0
done
touch "$work/enough"
wait "${writers[@]}"
is "the writers had no error" "$(cat "$work"/writer.*)" ""
ok "they wrote" test "$(sql -d written "SELECT count(*) FROM crm.contact")" -gt 3000
