# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# What consent in policies costs, beside no policy and beside what one writes by hand; how fast consent is
# recorded. In each round every side runs once, in turn, so that a slow moment of the machine hits all of them; the
# ratios are taken within a round. Databases: policy_hand (policies by hand, and none for the owner), policy_gdpr,
# policy_inline. Nothing is written while reads are measured, so they need no fresh copies.

SIDES="none same_row exists gdpr inline"

# door SIDE: sets database and role of a side.
door() {
  case $1 in
    none) database=policy_hand role=bench_owner ;;
    same_row) database=policy_hand role=bench_same_row ;;
    exists) database=policy_hand role=bench_exists ;;
    gdpr) database=policy_gdpr role=bench_app ;;
    inline) database=policy_inline role=bench_app ;;
  esac
}

# through SIDE COMMAND…: runs it as this side's role in this side's database. The purpose is the same everywhere.
through() {
  local database role; door "$1"; shift
  PGDATABASE=$database PGUSER=$role PGOPTIONS='-c gdpr.purpose=marketing -c max_parallel_workers_per_gather=0' "$@"
}

# statement SIDE TIMES SQL: seconds for one, measured in the server's session; its result goes to RESULTS/answer.SIDE.
statement() {
  local side=$1 times=$2 query=$3 i
  {
    echo 'SET work_mem = '"'256MB'"';'
    echo "\\o $RESULTS/answer.$side"
    echo "$query;"                      # brings code and index pages into memory
    echo "\\o $RESULTS/answer.$side"
    echo 'SELECT clock_timestamp() AS began \gset'
    for ((i = 0; i < times; i++)); do echo "$query;"; done
    echo '\o'
    echo "SELECT extract(epoch FROM clock_timestamp() - :'began') / $times;"
  } >"$RESULTS/statement.sql"
  through "$side" psql -XqtA -v ON_ERROR_STOP=1 -f "$RESULTS/statement.sql"
}

# transactions SIDE SCRIPT: how many per second, one connection, prepared.
transactions() {
  through "$1" pgbench -n -M prepared -f "test/bench/$2.sql" -D rows="$ROWS" -T "${BENCH_SECONDS:-3}" 2>/dev/null |
    sed -n 's/^tps = \([0-9.]*\).*/\1/p'
}

# rounds NAME COMMAND…: a line per round in NAME.rounds, one figure for each of SIDES; COMMAND gets the side first.
rounds() {
  local name=$1 round i side sides figure; shift
  read -ra sides <<<"$SIDES"
  : >"$RESULTS/$name.rounds"
  for ((round = 0; round < REPEATS; round++)); do
    local -A figures=()
    for ((i = 0; i < ${#sides[@]}; i++)); do
      side=${sides[(i + round) % ${#sides[@]}]}
      figure=$("$1" "$side" "${@:2}") && [ -n "$figure" ] || return
      figures[$side]=$figure
    done
    for side in "${sides[@]}"; do printf '%s ' "${figures[$side]}"; done >>"$RESULTS/$name.rounds"
    echo >>"$RESULTS/$name.rounds"
    printf '  %s, round %d of %d:%s\n' "$name" $((round + 1)) "$REPEATS" \
      "$(for side in "${sides[@]}"; do printf ' %s %s,' "$side" "${figures[$side]}"; done)" >&2
  done
}

# side_ratio NAME A B: "median low high" of column A by column B.
side_ratio() { awk -v a="$2" -v b="$3" '{ print $a, $b }' "$RESULTS/$1.rounds" >"$RESULTS/sides.pairs"; ratio "$RESULTS/sides.pairs"; }

# verdict RATIO GOAL: "≤ 2" must not be passed, "≥ 0.85" must be reached.
verdict() {
  awk -v r="$1" -v goal="$2" -v b="$BEYOND" 'BEGIN {
    split(goal, part, " "); g = part[2]
    if (part[1] == "≤") print (r <= g) ? "yes" : (r <= g * b) ? "no" : "BEYOND"
    else print (r >= g) ? "yes" : (r >= g / b) ? "no" : "BEYOND" }'
}

# cell NAME WHAT SIDE_COLUMN BASE_COLUMN GOAL: one side beside another.
cell() {
  if [ "$5" = - ]; then printf '%.2fx' "$(side_ratio "$1" "$3" "$4" | cut -d' ' -f1)"; return; fi
  cell_of "$(side_ratio "$1" "$3" "$4")" "$2" "$5"
}

# cell_of "MEDIAN LOW HIGH" WHAT GOAL: "2.1x (1.9 to 2.4), goal ≤ 2x: no", and remembers what is beyond.
cell_of() {
  local median low high said
  read -r median low high <<<"$1"
  said=$(verdict "$median" "$3")
  [ "$said" != BEYOND ] || echo "$2: ${median}x, goal $3x" >>"$RESULTS/beyond"
  printf '**%.2fx** (%.2f to %.2f), goal %sx: %s' "$median" "$low" "$high" "$3" "$said"
}

# policy_row WHAT NAME UNIT BASE GOAL GOAL_INLINE: one line; BASE is the column that ratios are taken to.
policy_row() {
  local column figures=()
  for column in 1 2 3 4 5; do
    figures+=("$(awk -v v="$(column "$RESULTS/$2.rounds" $column)" -v unit="$3" 'BEGIN {
      if (unit == "s") print (v < 1) ? sprintf("%.0f ms", v * 1000) : sprintf("%.2f s", v); else printf "%.0f", v }')")
  done
  printf '%s|%s|%s|%s, %s|%s, %s|%s, %s\n' "$1" "${figures[0]}" "${figures[1]}" \
    "${figures[2]}" "$(cell "$2" "$1" 3 "$4" -)" "${figures[3]}" "$(cell "$2" "$1" 4 "$4" "$5")" \
    "${figures[4]}" "$(cell "$2" "$1, inline" 5 "$4" "$6")" >>"$RESULTS/policy_table"
}

same_answer() {  # every side that enforces consent must have given the same answer
  local side
  for side in exists gdpr inline; do
    cmp -s "$RESULTS/answer.same_row" "$RESULTS/answer.$side" || { echo "bench: $1: $side gives another answer" >&2; return 1; }
  done
}

make_policy_databases() {  # make_policy_databases KEY
  local database
  for database in policy_hand policy_gdpr policy_inline; do
    psql -Xq -d postgres -c 'SET client_min_messages = error' -c "DROP DATABASE IF EXISTS $database WITH (FORCE)" || return
  done
  psql -Xq -d postgres -c "CREATE DATABASE policy_hand TEMPLATE bench_hand STRATEGY file_copy" &&
    psql -Xq -d policy_hand -v ON_ERROR_STOP=1 -v key="$1" -o /dev/null -f test/bench/policy_hand.sql || return
  psql -Xq -d postgres -c "CREATE DATABASE policy_gdpr TEMPLATE policy_hand STRATEGY file_copy" &&
    psql -Xq -d policy_gdpr -v ON_ERROR_STOP=1 -o /dev/null -f test/bench/policy_gdpr.sql &&
    psql -Xq -d postgres -c "CREATE DATABASE policy_inline TEMPLATE policy_gdpr STRATEGY file_copy" || return
  for database in policy_gdpr policy_inline; do
    psql -Xq -d $database -v ON_ERROR_STOP=1 -v inline="$([ $database = policy_inline ] && echo true || echo false)" \
      -o /dev/null -f test/bench/policy_protect.sql || return
  done
  psql -Xq -d policy_hand -v ON_ERROR_STOP=1 -f test/bench/policy_by_hand.sql && psql -Xq -d policy_hand -c CHECKPOINT || return
  # Everything is in memory, as it would be in a CRM at work: random reads of a cold table would measure the disk.
  for database in policy_hand policy_gdpr policy_inline; do
    psql -XqtA -d $database -v ON_ERROR_STOP=1 -o /dev/null -c 'CREATE EXTENSION IF NOT EXISTS pg_prewarm' -c "
      SELECT pg_prewarm(c.oid) FROM pg_class AS c WHERE c.relkind IN ('r', 'i') AND c.relnamespace IN ('crm'::regnamespace, 'gdpr_internal'::regnamespace)
        AND c.relname ~ '^(contact|consent)(_pkey|_allowed|_allowed_pkey)?$'" || return
  done
}

bench_policy() {
  local key suffix times=$((ROWS < 300000 ? 5 : 1))
  : >"$RESULTS/policy_table"
  for key in ${BENCH_KEYS:-bigint uuid}; do
    suffix=; [ "$key" = bigint ] || suffix=_uuid
    echo "  people with $key keys …" >&2
    make_policy_databases "$key" || return
    rounds "scan_$key" statement "$times" "SELECT count(*), count(email), sum(credit_limit) FROM crm.contact" || return
    same_answer "scan, $key" || return
    rounds "join_$key" statement "$times" "SELECT count(*), max(a.happened_at) FROM crm.contact AS c JOIN crm.activity AS a ON a.contact_id = c.id" || return
    same_answer "join, $key" || return
    rounds "point_$key" transactions "point$suffix" || return
    rounds "page_$key" transactions "page$suffix" || return
    policy_row "scan, $key" "scan_$key" s 2 "≤ 2" "≤ 1.1"
    policy_row "point, $key (per second)" "point_$key" tps 1 "≥ 0.85" "≥ 0.95"
    policy_row "page of 50, $key (per second)" "page_$key" tps 1 "≥ 0.6" "≥ 0.75"
    policy_row "join with 3 activities, $key" "join_$key" s 2 - -
    [ "$key" != bigint ] || bench_filters || return
  done
}

# Filters that are not leakproof stay behind the policy: no index for them. SIDES: nothing by hand hides here.
bench_filters() {
  local SIDES="none gdpr" REPEATS=3 what name
  : >"$RESULTS/filter_table"
  while IFS='|' read -r name what; do
    rounds "filter_$name" statement 3 "SELECT count(*) FROM crm.contact WHERE $what" || return
    printf '`%s`|%s|%s\n' "$what" "$(milliseconds "filter_$name" 1)" "$(milliseconds "filter_$name" 2)" >>"$RESULTS/filter_table"
  done <<'FILTERS'
equal|email = 'person4711@example.org'
lower|lower(email) = 'person4711@example.org'
like|email LIKE 'person4711@%'
range|email >= 'person4711@' AND email < 'person4711A'
FILTERS
}
milliseconds() { awk -v v="$(column "$RESULTS/$1.rounds" "$2")" 'BEGIN { printf "%.2f ms", v * 1000 }'; }

# How fast consent is recorded, links are made and a mailing list is drawn. The other side does the same by hand: an
# event and a state for each person in one statement, an anti-join, random bytes with their digest.
bench_consent() {
  local ratio low high TABLE=$RESULTS/consent_table
  make_policy_databases bigint || return
  psql -Xq -d policy_gdpr -v ON_ERROR_STOP=1 -o /dev/null \
    -c "CREATE VIEW crm.everybody AS SELECT id FROM crm.contact" -c "SELECT gdpr.add_purpose('survey', 'consent')" || return
  psql -Xq -d policy_hand -v ON_ERROR_STOP=1 -v rows="$ROWS" -o /dev/null -f test/bench/consent_hand.sql || return
  pairs mark_all policy_gdpr mark_gdpr policy_hand mark_hand || return
  read -r ratio low high < <(ratio "$RESULTS/mark_all.pairs")
  row "mark_all, people per second" "$(per_second mark_all 1 "$ROWS")" "by hand $(per_second mark_all 2 "$ROWS")" "$ratio" "$low" "$high" -
  pairs audience policy_gdpr audience_gdpr policy_hand audience_hand || return
  read -r ratio low high < <(ratio "$RESULTS/audience.pairs")
  row "audience of $ROWS people" "$(seconds audience 1)" "by hand $(seconds audience 2)" "$ratio" "$low" "$high" -
  pairs tokens policy_gdpr tokens_gdpr policy_hand tokens_hand || return
  read -r ratio low high < <(ratio "$RESULTS/tokens.pairs")
  row "links in letters per second" "$(per_second tokens 1 100000)" "random, digest kept $(per_second tokens 2 100000)" \
    "$ratio" "$low" "$high" -
}
per_second() { awk -v t="$(column "$RESULTS/$1.pairs" "$2")" -v n="$3" 'BEGIN { printf "%.0f", n / t }'; }

mark_gdpr() { on_bench -c "SELECT gdpr.mark_all('contact', 'crm.everybody', 'accepted', 'survey', 'import', 'stand at the fair')"; }
mark_hand() {
  on_bench -c "WITH e AS (
      INSERT INTO crm.hand_event (contact_id, purpose, state, medium, owner, at, comment)
      SELECT id, 'survey', 'accepted', 'import', current_user, now(), 'stand at the fair' FROM crm.contact RETURNING event, contact_id)
    INSERT INTO crm.hand_state (contact_id, purpose, state, updated_at, event)
    SELECT contact_id, 'survey', 'accepted', now(), event FROM e"
}
audience_gdpr() {
  PGUSER=bench_app psql -XqtA -d bench -v ON_ERROR_STOP=1 -c "SELECT count(*) FROM gdpr.audience('contact', 'marketing', 'email')"
}
audience_hand() {
  on_bench -c "SELECT count(*) FROM crm.contact AS c JOIN crm.consent AS s ON s.contact_id = c.id AND s.state = 'accepted'
    WHERE NOT EXISTS (SELECT FROM crm.hand_opt_out AS o WHERE o.contact_id = c.id)
      AND NOT EXISTS (SELECT FROM crm.hand_suppression AS x WHERE x.digest = sha256(convert_to(lower(c.email), 'UTF8')))"
}
tokens_gdpr() {
  on_bench -c "SELECT count(token) FROM gdpr.consent_tokens('contact',
    ARRAY(SELECT id::text FROM crm.contact ORDER BY id LIMIT 100000), 'marketing')"
}
tokens_hand() {
  on_bench -c "INSERT INTO crm.hand_token (digest, contact_id)
    SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), id FROM crm.contact ORDER BY id LIMIT 100000"
}

# Prints the tables of policies and puts them between the README's markers for this number of people, if it has some.
publish_policy() {
  local table=$RESULTS/policy_table.md
  [ -s "$RESULTS/policy_table" ] || return 0
  {
    echo "| $ROWS people | no policy | same-row filter | EXISTS by hand | \`protect\` | \`protect(inline => true)\` |"
    echo '|---|---|---|---|---|---|'
    sed 's/|/ | /g; s/^/| /; s/$/ |/' "$RESULTS/policy_table"
    if [ -s "$RESULTS/filter_table" ]; then
      printf '\n| filter, with an index for it | no policy | `protect` |\n|---|---|---|\n'
      sed 's/|/ | /g; s/^/| /; s/$/ |/' "$RESULTS/filter_table"
    fi
    printf '\nScans: ratio to the same-row filter; points and pages: ratio to no policy. %s cores, PostgreSQL %s, medians of %s rounds; %s.\n' \
      "$(nproc)" "$(psql -XqtA -d postgres -c "SHOW server_version" | cut -d' ' -f1)" "$REPEATS" "$(date -u +%F)"
  } >"$table"
  printf '\n'; column_table <"$table"
  between_markers "bench policy $ROWS" "$table"
}
