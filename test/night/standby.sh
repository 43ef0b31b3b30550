# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# A standby that lags behind: the run waits, says why, and goes on when the standby has caught up.

standby=$work/standby
as_server() { if [ "$(id -u)" = 0 ]; then (cd / && exec runuser -u postgres -- "$@"); else (cd / && exec "$@"); fi; }
end_more() { as_server pg_ctl stop -s -m immediate -D "$standby" >/dev/null 2>&1; }
on_standby() { PGHOST=$standby psql -XqtA -d postgres -c "$1"; }

mkdir "$standby"
[ "$(id -u)" != 0 ] || chown postgres "$standby"
chmod 700 "$standby"
as_server pg_basebackup -h "$PGHOST" -p "$PGPORT" -U postgres -D "$standby" -c fast -R >/dev/null 2>&1 &&
  as_server pg_ctl start -s -w -D "$standby" -l "$standby/log" -o "-c unix_socket_directories=$standby -c shared_preload_libraries=" >/dev/null 2>&1
