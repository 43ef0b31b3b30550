# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# Two nights at once: the second refuses and does nothing, the first does everything and says so.

job nightly
database two "$people" && prepare >/dev/null || fail "database"
first
in_background "${arguments[@]}"
seen=0; wait_for 60 says_more
cp "$work/out" "$work/first.out"
before=$(sql "SELECT count(*) FROM gdpr.runs")
PGUSER=night "$GDPR_BATCH" "${arguments[@]}" >"$work/second.out" 2>"$work/second.log" </dev/null
second=$?
running=$(gone "$pid" && echo no || echo yes)
is "the first night was at work when the second came" "$running" yes
is "the second night refuses" "$second" 3
like "it says that another one is at work" "$(<"$work/second.log")" 'another night'
is "it says nothing of work" "$(<"$work/second.out")" ""
wrong=
until_done "the first night"
is "the first night does everything, and its summary is right" "$wrong" ""
