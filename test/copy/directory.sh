# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# A copy in a directory: psql loads it, and then it is what a copy into a database is.

[ -n "$(sql -d postgres "SELECT datname FROM pg_database WHERE datname = 'copied'")" ] || people_database copied "$people"
fresh direct
copy copied "$(to direct)"
is "a copy into a database" "$code" 0
copy copied "$work/files" --json
is "a copy into a directory" "$code $(json state)" "0 done"
is "it has what psql loads, a manifest, and rows" "$(cd "$work/files" && echo *)" "data load.sql manifest.json post-data.sql pre-data.sql sequences.sql"
is "only its owner can read it" "$(stat -c %a "$work/files" "$work"/files/data/* | sort -u | xargs)" "600 700"
is "the manifest has the digest of every file" "$(cd "$work/files" &&
  psql -XqtA -d postgres -v m="$(<manifest.json)" <<<"SELECT f ->> 'sha256' || '  ' || (f ->> 'file')
    FROM jsonb_array_elements(:'m'::jsonb -> 'tables') AS t, jsonb_array_elements(t -> 'files') AS f" | sha256sum --check --quiet 2>&1)" ""
fresh loaded
ok "psql loads it" bash -c "cd '$work/files' && PGHOST=$target_host psql -X -q -U owner -d loaded -f load.sql"
is "what it loads is the copy" "$(diff <(content "$target_host" direct) <(content "$target_host" loaded))" ""
copy copied "$work/files"
is "a directory with files is refused" "$code" 2
like "the error says so" "$(tail -n 1 "$work/log")" "is not empty"
