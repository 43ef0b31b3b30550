# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# Pagila and Northwind, classified by their truth files, copied with profile fake into a database and into a directory that
# psql loads: no personal value of the source is anywhere in the copy, and everything else is equal.
data=${GDPR_DATA:-$(realpath -m "$PWD/../shared/data")}

# The kind of a column of the truth file that the pack does not know: the truth file is about tables that are no subject's too.
kind_of() {  # kind_of TRUTH-KIND COLUMN
  case $1:$2 in
    *:*company*) echo company ;; *:*city) echo city ;; *:*region) echo region ;; *:*postal_code) echo postal_code ;;
    *:*country) echo country ;; phone:*) echo phone ;; address:*) echo address_line ;; job:*) echo job_title ;; name:*) echo full_name ;;
    url:*) echo url ;; free_text:*) echo free_text ;; organisation:*) echo company ;; *) echo not_personal ;;
  esac
}

# The personal values of a database, "TABLE TAB COLUMN TAB VALUE", those that the truth file says must go.
real_values() {  # real_values DATABASE TRUTH
  awk -F'\t' 'NR > 1 && $5 == "must" { print $1 "\t" $2 }' "$2" | while IFS=$'\t' read -r table column; do
    sql -d "$1" "SELECT DISTINCT '$table', '$column', translate($column::text, E'\n\t', '  ') FROM $table WHERE length($column::text) >= 4"
  done
}
# Words that only this person has: not the name of a city or a first name ("Mike" is a login too), which a fake may have by chance.
distinctive='^(email|phone|fax|home_phone|address|ship_address|contact_name|company_name|ship_name|username|password|notes|photo|picture|photo_path)$'

# Every row without its personal columns, from all tables.
impersonal_rows() {  # impersonal_rows DATABASE (with "personal", made from the source)
  local query
  while IFS=$'\t' read -r table columns; do
    query="SELECT '$table', count(*), md5(string_agg(md5(t::text), '' ORDER BY t::text)) FROM (SELECT $columns FROM ONLY $table) AS t"
    sql -d "$1" "$query"
  done <"$work/impersonal"
}
all_rows() { sql -d "$1" "SELECT format('SELECT %L, t::text FROM ONLY %s AS t;', c.oid::regclass, c.oid::regclass) FROM pg_class AS c
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace" >"$work/all.sql"
  psql -XqtA -F $'\t' -v ON_ERROR_STOP=1 -d "$1" -f "$work/all.sql" | sort; }

real() {  # real NAME FILE…
  local name=$1 truth=$data/truth/$1.pii.tsv table column kind file; shift
  if [ ! -d "$data/$name" ]; then skip "$name is copied" "no $data/$name: the real database is not here"; return; fi
  local from=real_$name to=real_${name}_copy loaded=real_${name}_loaded
  for file in $from $to $loaded; do sql -d postgres "DROP DATABASE IF EXISTS $file WITH (FORCE)" 2>/dev/null; done
  sql -d postgres "CREATE DATABASE $from TEMPLATE gdpr"
  for file in "$@"; do PGOPTIONS='-c client_min_messages=error' psql -Xq -v ON_ERROR_STOP=1 -o /dev/null -d "$from" -f "$file" || { fail "$name is loaded"; return; }; done
  tail -n +2 "$truth" | while IFS=$'\t' read -r table column kind _; do
    [ "$(sql -d "$from" "SELECT gdpr.effective_rule('$table', '$column') IS NULL AND NOT EXISTS (
      SELECT FROM gdpr.classification WHERE relation = '$table'::regclass AND column_name = '$column')
      AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = '$table'::regclass AND indisprimary AND '$column' IN
        (SELECT attname FROM pg_attribute WHERE attrelid = indrelid AND attnum = ANY (indkey)))")" = t ] || continue
    printf "SELECT gdpr.classify('%s', '%s', '%s');\n" "$table" "$column" "$(kind_of "$kind" "$column")"
  done >"$work/classify.sql"
  ok "$name is classified by its truth file" psql -Xq -o /dev/null -v ON_ERROR_STOP=1 -d "$from" -f "$work/classify.sql"
  sql -d "$from" "SELECT c.oid::regclass, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM gdpr.classification AS x
      WHERE x.relation = c.oid AND x.column_name = a.attname AND x.kind <> 'not_personal') GROUP BY 1 ORDER BY 1" >"$work/impersonal"

  sql -d postgres "CREATE DATABASE $to TEMPLATE template0"
  ok "$name is copied into a database" "$GDPR_BATCH" copy --from "$from" --to "$to" --profile fake --unclassified keep --key-file "$GDPR_KEY_FILE" --allow-superuser
  rm -rf "$work/$name"
  ok "$name is copied into a directory" "$GDPR_BATCH" copy --from "$from" --to "$work/$name/" --profile fake --unclassified keep --key-file "$GDPR_KEY_FILE" --allow-superuser
  sql -d postgres "CREATE DATABASE $loaded TEMPLATE template0"
  ok "$name: psql loads the directory" bash -c "cd '$work/$name' && psql -Xq -v ON_ERROR_STOP=1 -d $loaded -f load.sql"

  all_rows $to >"$work/real.rows"
  is "$name: both copies are the same" "$(all_rows $loaded | diff "$work/real.rows" - | head -n 5 | cut -c1-200)" ""
  ok "$name: there is something in them" test "$(wc -l <"$work/real.rows")" -gt 3000
  is "$name: all but the personal columns is equal, rows, keys, sums" "$(impersonal_rows $to | diff <(impersonal_rows "$from") - | head -n 5)" ""
  is "$name: every constraint, sequence and index is there" "$(real_objects $to | diff <(real_objects "$from") - | head -n 5)" ""

  real_values "$from" "$truth" >"$work/values"
  ok "$name: there are values to lose" test "$(wc -l <"$work/values")" -gt 500
  awk -F'\t' -v d="$distinctive" '$2 ~ d && length($3) > 5 { print $3 }' "$work/values" | sort -u >"$work/words"
  # What stands in an impersonal column of the source as well is nobody's secret.
  while IFS=$'\t' read -r table column; do sql -d "$from" "SELECT t::text FROM (SELECT $column FROM ONLY $table) AS t"; done <"$work/impersonal" >"$work/public"
  perl -Mutf8 -CSD -e 'open my $w, "<:encoding(UTF-8)", $ARGV[0] or die; chomp(my @w = <$w>); local $/; my $t = lc <STDIN>;
    for (@w) { print "$_\n" if index($t, lc $_) < 0 }' "$work/words" <"$work/public" >"$work/words.own"
  ok "$name: most of them are nowhere else" test "$(wc -l <"$work/words.own")" -gt 150
  all_rows "$from" >"$work/source.rows"
  ok "$name: the search finds them in the source" test "$(LC_ALL=C.UTF-8 grep -ciF -f "$work/words.own" "$work/source.rows")" -gt 150
  is "$name: none of them is in the copy, in any column" "$(LC_ALL=C.UTF-8 grep -iF -f "$work/words.own" "$work/real.rows" | head -n 5 | cut -c1-200)" ""
  is "$name: nor in any file of the directory" "$(LC_ALL=C.UTF-8 grep -raliF -f "$work/words.own" "$work/$name" | head -n 5)" ""
  is "$name: no row of a personal column has kept its value" "$(real_kept "$from" $to "$truth")" ""
  for file in $from $to $loaded; do sql -d postgres "DROP DATABASE $file WITH (FORCE)"; done
}
real_objects() {
  sql -d "$1" "SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), convalidated::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'index', pg_get_indexdef(i.indexrelid), '', '' FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'sequence', sequencename, last_value::text, '' FROM pg_sequences WHERE schemaname = 'public'" | LC_ALL=C sort
}
# Personal columns in which a row of the copy has what the same row has at the source; rows are told apart by their keys.
real_kept() {  # real_kept FROM TO TRUTH
  awk -F'\t' 'NR > 1 && $5 == "must" { print $1 "\t" $2 }' "$3" | while IFS=$'\t' read -r table column; do
    key=$(sql -d "$1" "SELECT string_agg(quote_ident(attname), ', ') FROM pg_index, pg_attribute WHERE indrelid = '$table'::regclass AND indisprimary AND attrelid = indrelid AND attnum = ANY (indkey)")
    comm -12 <(sql -d "$1" "SELECT '$table', '$column', ($key)::text, md5($column::text) FROM $table WHERE length($column::text) >= 4" | sort) \
      <(sql -d "$2" "SELECT '$table', '$column', ($key)::text, md5($column::text) FROM $table WHERE length($column::text) >= 4" | sort) | cut -f1-3 | head -n 2
  done
}
real northwind "$data/northwind/northwind.sql" rules/northwind/pack.sql
real pagila "$data/pagila/pagila-schema.sql" "$data/pagila/pagila-data.sql" rules/pagila/pack.sql
