# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# Samples of random databases: the rows of a copy are those that brute force in plain SQL finds in the source, each
# of them, and no other; every foreign key is as valid as at the source; the same sample twice is the same. GDPR_SEED
# repeats one; with GDPR_LONG there are 40 instead of 3.

sample_copy() {  # sample_copy FROM TO OPTION…
  local from=$1 to=$2; shift 2
  sql -d postgres "DROP DATABASE IF EXISTS $to WITH (FORCE)" 2>/dev/null
  sql -d postgres "CREATE DATABASE $to TEMPLATE template0"
  "$GDPR_BATCH" copy --from "$from" --to "$to" --profile erase --unclassified keep --allow-superuser "$@" >"$work/sample.out" 2>&1 ||
    { tail -n 3 "$work/sample.out"; return 1; }
}
rows_of() {  # all rows of a database, as "TABLE TAB ROW"
  sql -d "$1" "SELECT format('SELECT %L, t::text FROM ONLY %s AS t;', c.oid::regclass, c.oid::regclass) FROM pg_class AS c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'" >"$work/rows.sql" &&
    psql -XqtA -F $'\t' -v ON_ERROR_STOP=1 -d "$1" -f "$work/rows.sql" | sort
}
keys_of() { sql -d "$1" "SELECT conrelid::regclass, conname, convalidated FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace" | LC_ALL=C sort; }

sample_seed() {  # sample_seed SEED SHARE WHOLE
  local seed=$1 share=$2 whole=$3 name="seed $1, share $2, whole $3"
  sql -d postgres "DROP DATABASE IF EXISTS sample_from WITH (FORCE)" 2>/dev/null
  sql -d postgres "CREATE DATABASE sample_from TEMPLATE gdpr"
  if ! test/copy/schema.pl "$seed" build "$share" "$whole" | psql -Xq -o /dev/null -v ON_ERROR_STOP=1 -d sample_from 2>"$work/build.err"; then
    fail "$name: a random database" "$(grep ERROR "$work/build.err")"
    return
  fi
  test/copy/schema.pl "$seed" oracle "$share" "$whole" | psql -XqtA -F $'\t' -v ON_ERROR_STOP=1 -d sample_from |
    cut -f1,3- | sort >"$work/expected"
  ok "$name: is copied" sample_copy sample_from sample_to --sample "$share" --whole-below $((whole * 100000))
  rows_of sample_to >"$work/got"
  is "$name: has the rows that brute force finds, and no others" "$(diff "$work/expected" "$work/got" | head -n 5)" ""
  ok "$name: is no empty sample" test -s "$work/expected"
  is "$name: has every foreign key, as valid as at the source" "$(keys_of sample_to)" "$(keys_of sample_from)"
}

first=${GDPR_SEED:-$RANDOM}
number=3
[ -z "${GDPR_LONG:-}" ] || number=40
for ((i = 0; i < number; i++)); do
  sample_seed $((first + i)) "$(((first + i) % 3 * 15 + 15))%" $(((first + i) % 2))
done
if [ -s "$work/got" ]; then
  cp "$work/got" "$work/once"
  sample_copy sample_from sample_to --sample "$(((first + number - 1) % 3 * 15 + 15))%" --whole-below $(((first + number - 1) % 2 * 100000))
  is "the same sample twice is the same" "$(rows_of sample_to | diff "$work/once" - | head -n 5)" ""
fi

# Given people, and nobody else's anything. Told by plain SQL on a small shop.
sql -d postgres "DROP DATABASE IF EXISTS sample_from WITH (FORCE)" 2>/dev/null
sql -d postgres "CREATE DATABASE sample_from TEMPLATE gdpr"
psql -Xq -o /dev/null -v ON_ERROR_STOP=1 -d sample_from 2>"$work/build.err" <<'SQL'
CREATE TABLE country (id int PRIMARY KEY);
CREATE TABLE person (a int, b text, friend_a int, friend_b text, country int REFERENCES country, PRIMARY KEY (a, b),
  FOREIGN KEY (friend_a, friend_b) REFERENCES person);
CREATE TABLE orders (id int PRIMARY KEY, a int, b text, FOREIGN KEY (a, b) REFERENCES person);
CREATE TABLE big (id int PRIMARY KEY);
INSERT INTO country SELECT n FROM generate_series(1, 9) AS n;
INSERT INTO person SELECT n, 'x,"' || n, NULL, NULL, 1 + n % 9 FROM generate_series(1, 100) AS n;
UPDATE person SET friend_a = a + 1, friend_b = 'x,"' || a + 1 WHERE a < 100 AND a % 10 <> 0;
INSERT INTO orders SELECT n, 1 + n % 100, 'x,"' || 1 + n % 100 FROM generate_series(1, 300) AS n;
INSERT INTO big SELECT n FROM generate_series(1, 50) AS n;
SELECT gdpr.register_subject('person', 'person');
SELECT gdpr.add_link('person', 'orders', '{a,b}');
SQL
printf '%s\n' '(7,"x,""7")' '(33,"x,""33")' >"$work/keys"
ok "two people are copied by their keys" sample_copy sample_from sample_to --subjects "$work/keys" --subject person --whole-below 20
is "with the friends that they name, and those' friends" "$(sql -d sample_to 'SELECT array_agg(a ORDER BY a) FROM person')" "{7,8,9,10,33,34,35,36,37,38,39,40}"
is "with their own orders only" "$(sql -d sample_to 'SELECT array_agg(DISTINCT a ORDER BY a), count(*) FROM orders')" $'{7,33}\t6'
is "with all of the small table" "$(sql -d sample_to 'SELECT count(*) FROM country')" 9
is "and nothing of the large one" "$(sql -d sample_to 'SELECT count(*) FROM big')" 0
printf '%s\n' '(7,"x,""7")' '(7,nobody)' >"$work/keys"
not_ok "a key of nobody stops the copy" sample_copy sample_from sample_to --subjects "$work/keys" --subject person
is "which names the line and not the key" "$(grep -c 'line 2 of' "$work/sample.out") $(grep -c nobody, "$work/sample.out")" "1 0"
printf '%s\n' '(secret,x)' >"$work/keys"
not_ok "so does a key that is none" sample_copy sample_from sample_to --subjects "$work/keys" --subject person
is "which says where, and not what it is" "$(grep -c 'line 1 of' "$work/sample.out") $(grep -c secret "$work/sample.out")" "1 0"
# 100 people: fewer per cent might be nobody.
some=$(sample_copy sample_from sample_to --sample 25% --whole-below 20 >/dev/null; sql -d sample_to 'SELECT array_agg(a) FROM person')
ok "a larger sample is copied" sample_copy sample_from sample_to --sample 60% --whole-below 20
is "the people of 25 % are among those of 60 %" "$(sql -d sample_to "SELECT array_agg(a) @> '$some' FROM person")" t
sql -d postgres "DROP DATABASE sample_from WITH (FORCE)"
sql -d postgres "DROP DATABASE sample_to WITH (FORCE)"
