# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# A disk that is full, for every output: the program ends with an error that names the file, no half file stands under the name
# that others read, what stood there still does, the work in the database is whole, and once there is room the same
# command does the rest.

small=$work/small
mkdir -p "$small"
mounted=
end_more() { [ -z "$mounted" ] || umount "$small"; }
mount -t tmpfs -o size=32k,mode=0777 tmpfs "$small" 2>/dev/null && mounted=yes

# full_file NAME KILOBYTES FILE ARGUMENTS…: so much is free when FILE is written.
full_file() {
  local name=$1 free=$2 file=$3; shift 3
  rm -f "$small"/*
  mount -o remount,size=32k "$small"
  echo old >"$file"
  head -c $((28 - free))k /dev/zero >"$small/other"
  to_end "$@"
  is "$name on a full disk: an error of the surroundings" "$code" 3
  like "$name on a full disk: the log names the file and why" "$(tail -n 1 "$work/log")" "$(basename "$file").*No space left on device"
  is "$name on a full disk: the old file stands, and no half one beside it" "$(head -c 100 "$file"; cd "$small" && echo *)" "old"$'\n'"$(cd "$small" && echo $({ echo other; basename "$file"; } | LC_ALL=C sort))"
  mount -o remount,size=16m "$small"
}
# and_then NAME ARGUMENTS…: with room. The work may have been done before the file was written: then this is only the file.
and_then() {
  local name=$1; shift
  wrong=
  to_end "$@"
  judge && look "$name"
  is "$name with room again: exactly once, nothing lost, exit code right" "$wrong" ""
}

full_reconsent() {
  again
  full_file "a file for the mailer" 8 "$small/letters.csv" "${arguments[@]}" --csv "$small/letters.csv"
  again
  and_then "a file for the mailer" "${arguments[@]}" --csv "$small/letters.csv"
  is "a file for the mailer: everybody who is asked is in it once" \
    "$(tail -n +2 "$small/letters.csv" | cut -d, -f1 | sort -u | wc -l) $(tail -n +2 "$small/letters.csv" | wc -l)" "$(asked) $(asked)"
}
full_import-optouts() {
  awk 'BEGIN { for (n = 0; n < 5000; n++) print "no address " n }' >>"$work/list.csv"
  bad=$((bad + 5000))
  rejects=$small/rejects
  first
  full_file "a reject file" 8 "$small/rejects" "${arguments[@]}"
  and_then "a reject file" "${arguments[@]}"
}
# Who reads the summary from a pipe or a file must not take its absence for success.
full_output() {
  wrong=
  if unfinished; then again; else first; fi
  PGUSER=night "$GDPR_BATCH" "${arguments[@]}" --log-level debug >/dev/full 2>"$work/log" </dev/null
  code=$?
  is "$1, its summary on a full disk: an error of the surroundings" "$code" 3
  like "$1, its summary on a full disk: the log says so" "$(tail -n 1 "$work/log")" 'could not write to standard output'
  look "$1, its summary on a full disk"
  is "$1, its summary on a full disk: the work is done all the same" "$wrong" ""
}

for job in ${GDPR_JOBS:-reconsent import-optouts $(some_jobs 1)}; do
  job "$job"
  people=$((people / 4))
  database disk "$people" && prepare >/dev/null || fail "database"
  full_output "$job"
  [ "$(type -t "full_$job")" = function ] || continue
  if [ -z "$mounted" ]; then skip "$job: files on a full disk" "no file system can be mounted here"; continue; fi
  database disk "$people" && prepare >/dev/null || fail "database"
  "full_$job"
done

if [ -n "$mounted" ]; then
  full_file "metrics" 0 "$small/gdpr.prom" status --metrics "$small/gdpr.prom"
  to_end status --metrics "$small/gdpr.prom"
  is "metrics with room again" "$code $(grep -c '^gdpr_batch_run_people' "$small/gdpr.prom")" "0 $(grep -c '^gdpr_batch_run_people' "$small/gdpr.prom")"
  full_file "a report" 8 "$small/report.html" report --html "$small/report.html"
  to_end report --html "$small/report.html"
  is "a report with room again" "$code $(tail -n 1 "$small/report.html")" "0 </html>"
fi
end_more
end_more() { :; }
