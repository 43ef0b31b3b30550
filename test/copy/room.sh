# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# A disk that is full, the directory's and the target's: the copy says so and ends, nothing half is called whole, and
# with room again --resume comes to the end.

small=$work/small
mkdir -p "$small"
mounted=
end_more() { [ -z "$mounted" ] || umount -l "$small"; }
mount -t tmpfs -o size=600k,mode=0777 tmpfs "$small" 2>/dev/null && mounted=yes
[ -n "$(sql -d postgres "SELECT datname FROM pg_database WHERE datname = 'faults'")" ] || people_database faults $((people / 2))
if [ -z "$mounted" ]; then
  skip "a disk that is full" "no file system can be mounted here"
else
  copy faults "$small/files"
  is "a directory on a full disk: an error of the surroundings" "$code" 3
  like "a directory on a full disk: the log says why" "$(tail -n 1 "$work/log")" 'No space left on device'
  is "a directory on a full disk: no directory has the copy's name" "$(cd "$small" && echo *)" files.part
  mount -o remount,size=64m "$small"
  copy faults "$small/files" --resume
  is "a directory with room again: --resume comes to the end" "$code $(cd "$small" && echo *)" "0 files"
  rm -rf "$small/files"
  mkdir "$small/space" && chown postgres "$small/space" 2>/dev/null
  at_target "CREATE TABLESPACE small LOCATION '$small/space'" &&
    at_target "CREATE DATABASE room OWNER owner TEMPLATE template0 TABLESPACE small"
  mount -o remount,size="$(($(du -sk "$small" | cut -f1) + 700))k" "$small"
  copy faults "$(to room)"
  is "a target on a full disk: an error of the database" "$code" 3
  like "a target on a full disk: the log says why" "$(tail -n 1 "$work/log")" '53100|No space left on device|disk_full'
  mount -o remount,size=64m "$small"
  copy faults "$(to room)" --resume
  is "a target with room again: --resume comes to the end" "$code" 0
  at_target "DROP DATABASE room WITH (FORCE)" && at_target "DROP TABLESPACE small"
fi
end_more
end_more() { :; }
