# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# A disk that is full, for every output: the program ends at once and says which file, no half file stands under the name that
# others read, what stood there still does, and once there is room the same command does the rest.

small=$work/small
mkdir -p "$small"
mounted=
end_more() { [ -z "$mounted" ] || umount "$small"; }
if mount -t tmpfs -o size=16k tmpfs "$small" 2>/dev/null; then
  mounted=yes
else
  skip "files on a full disk" "no file system can be mounted here"
fi

# full_file NAME FILE ARGUMENTS…: the output FILE is larger than what is left.
full_file() {
  local name=$1 file=$2; shift 2
  rm -f "$small"/*
  echo old >"$file"
  head -c 8k /dev/zero >"$small/other"
  to_end "$@"
  is "$name: a full disk is an error of its own" "$code" 3
  like "$name: the log names the file and why" "$(<"$work/log")" "$(basename "$file").*No space left on device"
  is "$name: no half file stands under its name, and none beside it" "$(ls "$small") $(<"$file")" "other"$'\n'"$(basename "$file") old"
  mount -o remount,size=16m "$small"
}
