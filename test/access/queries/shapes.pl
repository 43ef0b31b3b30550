# SPDX-License-Identifier: PostgreSQL
#
# The shapes of generate.pl's queries. Each gives {sql, law}: the query, or in the pass "expected" one with a column prov
# for every row that is returned or has a part in one. "returned": the output itself says whose the rows are, since which
# rows come is not certain.
use strict;
use warnings;

our %table;   # of generate.pl

# How often each is made, and the only way of execution that it can have.
my @shapes = (
  [6, 'rows'], [3, 'count'], [2, 'group'], [2, 'distinct'], [1, 'distinct_on'], [2, 'window'], [2, 'filter'], [2, 'address'],
  [3, 'limit'], [2, 'minmax'], [2, 'having'], [8, 'join'], [6, 'join_hashed'], [3, 'join_count'], [2, 'join_having'],
  [6, 'subquery'], [4, 'select_list'], [4, 'derived'], [3, 'grouped'], [3, 'lateral'], [2, 'window_top'], [2, 'recursive'],
  [4, 'set'], [3, 'update', 'rollback'], [2, 'delete', 'rollback'], [2, 'update_from', 'rollback'], [2, 'merge', 'rollback'],
  [3, 'locking', 'rollback'], [2, 'some'], [1, 'some_sampled'], [1, 'some_fetched', 'fetch'], [1, 'some_locked', 'rollback']);
my %make;

# Each of them once, and then at random: the shape's name, and how it must be executed.
sub any_shape {
  my ($query) = @_;
  return @{$shapes[$query - 1]}[1, 2] if $query <= @shapes;
  my $total = 0;
  $total += $_->[0] for @shapes;
  my $n = number(1, $total);
  for my $shape (@shapes) {
    $n -= $shape->[0];
    return ($shape->[1], $shape->[2]) if $n <= 0;
  }
}
sub make_shape { return $make{$_[0]}->(); }

# One table with conditions: name, alias, FROM and WHERE.
sub single {
  my @names = @_ ? @_ : keys_sorted();
  my ($name, $alias) = (any(@names), alias());
  return ($name, $alias, from($name, $alias), where(conditions($name, $alias)));
}
sub text_of { my ($name, $alias) = @_; return "$alias.$table{$name}{text}"; }
sub int_of { my ($name, $alias) = @_; return "$alias.$table{$name}{int}[0]"; }
sub key_of { my ($name, $alias) = @_; return "$alias.$table{$name}{key}"; }
# Every row that passes the conditions has a part in what is returned.
sub whole { my ($alias, $from, $where, $sql) = @_; return (law => 'equal', sql => expects() ? "SELECT $alias.prov FROM $from $where" : $sql); }

$make{rows} = sub {
  my ($name, $a, $from, $where) = single();
  my $order = any('', '', ' ORDER BY ' . key_of($name, $a), ' ORDER BY ' . int_of($name, $a) . ' DESC, ' . key_of($name, $a));
  return whole($a, $from, $where, 'SELECT ' . columns([$name, $a]) . " FROM $from $where$order");
};
$make{count} = sub { my ($name, $a, $from, $where) = single(); return whole($a, $from, $where, "SELECT count(*) AS c1 FROM $from $where"); };
$make{group} = sub {
  my ($name, $a, $from, $where) = single();
  my $text = text_of($name, $a);
  return whole($a, $from, $where, "SELECT $text AS c1, count(*) AS c2, sum(" . int_of($name, $a) . ") AS c3 FROM $from $where GROUP BY $text");
};
$make{distinct} = sub {
  my ($name, $a, $from, $where) = single();
  return whole($a, $from, $where, 'SELECT DISTINCT ' . text_of($name, $a) . ' AS c1, ' . int_of($name, $a) . " % 10 AS c2 FROM $from $where");
};
$make{distinct_on} = sub {
  my ($name, $a, $from, $where) = single();
  my ($text, $key) = (text_of($name, $a), key_of($name, $a));
  return whole($a, $from, $where, "SELECT DISTINCT ON ($text) $text AS c1, $key AS c2 FROM $from $where ORDER BY $text, $key");
};
$make{window} = sub {
  my ($name, $a, $from, $where) = single();
  return whole($a, $from, $where, 'SELECT ' . key_of($name, $a) . ' AS c1, sum(' . int_of($name, $a) . ') OVER (PARTITION BY ' . text_of($name, $a) . ") AS c2 FROM $from $where");
};
$make{filter} = sub {
  my ($name, $a, $from, $where) = single();
  return whole($a, $from, $where, 'SELECT count(*) FILTER (WHERE ' . int_of($name, $a) . " > 50) AS c1, string_agg(DISTINCT " . text_of($name, $a) . ", ',') AS c2 FROM $from $where");
};
$make{address} = sub {   # rows by where they lie
  my ($name, $a) = (any(keys_sorted()), alias());
  my ($n, $from, $ctid) = (number(1, 60), from($name, $a), expects() ? 'q_ctid' : 'ctid');
  my $where = where(any("$a.$ctid = '(0,$n)'", "$a.$ctid = ANY ('{\"(0,$n)\",\"(1,3)\",\"(0,7)\"}'::tid[])", "$a.$ctid < '(0,$n)'",
    "$a.$ctid >= '(1,$n)' AND $a.$ctid < '(2,$n)'"), conditions($name, $a));
  return whole($a, $from, $where, 'SELECT ' . columns([$name, $a]) . " FROM $from $where");
};

$make{limit} = sub {
  my ($name, $a, $from, $where) = single();
  my $order = 'ORDER BY ' . join(', ', any(int_of($name, $a), int_of($name, $a) . ' DESC', ()), key_of($name, $a)) . ' LIMIT ' . number(1, 20) . any('', ' OFFSET ' . number(1, 10));
  return (law => 'superset', sql => 'SELECT ' . (expects() ? "$a.prov" : columns([$name, $a])) . " FROM $from $where $order");
};
$make{minmax} = sub {
  my ($name, $a, $from, $where) = single();
  my ($max, $int) = (any('min', 'max'), int_of($name, $a));
  return (law => 'superset', sql => !expects() ? "SELECT $max($int) AS c1 FROM $from $where"
    : "SELECT string_agg(replace(prov, ' ', '/'), '/') AS prov FROM (SELECT $a.prov, $int = $max($int) OVER () AS it FROM $from $where) AS x WHERE it");
};
$make{having} = sub {
  my ($name, $a, $from, $where) = single();
  my ($text, $having) = (text_of($name, $a), any('count(*) > ' . number(1, 20), 'min(' . int_of($name, $a) . ') < ' . number(1, 40)));
  return (law => 'superset', sql => 'SELECT ' . (expects() ? "string_agg($a.prov, ' ') AS prov" : "$text AS c1, count(*) AS c2") . " FROM $from $where GROUP BY $text HAVING $having");
};

sub join_rows {
  my ($law, @spj) = @_;
  my ($used, $from, $where, $owed) = spj(@spj);
  return (law => $law, sql => 'SELECT ' . (expects() ? prov($used, $owed) : columns(@$used)) . " FROM $from " . where(@$where));
}
$make{join} = sub { return join_rows('superset', number(2, 3), 1, 0); };
$make{join_hashed} = sub { return join_rows('alike', number(2, 3), 0, 0); };
$make{subquery} = sub { return join_rows('superset', number(1, 2), 1, 1); };
$make{join_count} = sub {
  my ($used, $from, $where, $owed) = spj(number(2, 3), 1, chance(0.3));
  my $n = 0;
  my $counts = join ', ', map { $n++; 'count(' . int_of(@$_) . ") AS c$n" } @$used;
  return (law => 'superset', sql => 'SELECT ' . (expects() ? prov($used, $owed) : $counts) . " FROM $from " . where(@$where));
};
$make{join_having} = sub {
  my ($used, $from, $where) = spj(2, 0, 0);
  my ($group, $n) = (text_of(@{$used->[0]}), number(1, 8));
  my $prov = prov($used, []) =~ s/ AS prov$//r;
  return (law => 'superset', sql => 'SELECT ' . (expects() ? "string_agg($prov, ' ') AS prov" : "$group AS c1, sum(" . int_of(@{$used->[1]}) . ') AS c2')
    . " FROM $from " . where(@$where) . " GROUP BY $group HAVING count(*) > $n");
};

$make{select_list} = sub {
  my ($used, $from, $where) = spj(number(1, 2), 1, 0);
  my ($name, $alias) = @{any(@$used)};
  my ($other, $on) = @{any(neighbours($name))};
  my $s = alias();
  my ($link, $some) = ($on->($s, $alias), condition($other, $s));
  my ($order, $matching) = ('ORDER BY ' . int_of($other, $s) . ', ' . key_of($other, $s) . ' LIMIT 1', "FROM q.$other AS $s WHERE $link");
  my $it = any(["SELECT count(*) $matching AND $some", "SELECT string_agg($s.prov, ' ') FROM o.$other AS $s WHERE $link AND $some"],
    ['SELECT ' . text_of($other, $s) . " $matching $order", "SELECT $s.prov FROM o.$other AS $s WHERE $link $order"],
    ['SELECT array_agg(' . key_of($other, $s) . ' ORDER BY ' . key_of($other, $s) . ") $matching", "SELECT string_agg($s.prov, ' ') FROM o.$other AS $s WHERE $link"]);
  return (law => 'superset', sql => 'SELECT ' . (expects() ? prov($used, ["($it->[1])"]) : columns(@$used) . ", ($it->[0]) AS c9") . " FROM $from " . where(@$where));
};
$make{derived} = sub {
  my ($used, $from, $where, $owed) = spj(number(1, 3), 1, chance(0.5));
  my $columns = columns(@$used);
  my $inner = "SELECT $columns" . (expects() ? ', ' . prov($used, $owed) : '') . " FROM $from " . where(@$where);
  my ($outer, $with) = ((expects() ? 'd.prov' : 'd.*'), any('', 'AS', 'AS MATERIALIZED', 'AS NOT MATERIALIZED'));
  my $filter = 'd.c1 > ' . number(-1, 150);
  return (law => 'superset', sql => $with ? "WITH d $with ($inner) SELECT $outer FROM d WHERE $filter" : "SELECT $outer FROM ($inner) AS d WHERE $filter");
};
$make{grouped} = sub {
  my ($s, $name) = (alias(), any('account', 'ticket', 'visit'));
  my $inner = "SELECT $s.person_id AS g, count(*) AS n" . (expects() ? ", string_agg($s.prov, ' ') AS prov" : '') . ' FROM ' . from($name, $s) . ' ' . where(conditions($name, $s)) . " GROUP BY $s.person_id";
  my ($a, $n) = (alias(), number(0, 2));
  return (law => 'superset', sql => 'SELECT ' . (expects() ? "concat_ws(' ', $a.prov, d.prov) AS prov" : "$a.name AS c1, d.n AS c2")
    . ' FROM ' . from('person', $a) . " JOIN ($inner) AS d ON d.g = $a.id " . where("d.n > $n", chance(0.5) ? condition('person', $a) : ''));
};
$make{lateral} = sub {
  my ($name, $a, $from, $where) = single();
  my ($other, $on) = @{any(neighbours($name))};
  my $s = alias();
  my $inner = "SELECT $s.* FROM " . from($other, $s) . ' WHERE ' . $on->($s, $a) . any('', ' AND ' . condition($other, $s)) . ' ORDER BY ' . int_of($other, $s) . ' DESC, ' . key_of($other, $s) . ' LIMIT ' . number(1, 3);
  return (law => 'superset', sql => 'SELECT ' . (expects() ? "concat_ws(' ', $a.prov, l.prov) AS prov" : int_of($name, $a) . ' AS c1, ' . int_of($other, 'l') . ' AS c2')
    . " FROM $from " . any('CROSS JOIN LATERAL', 'LEFT JOIN LATERAL') =~ s/^(.*)$/"$1 ($inner) AS l" . ($1 =~ m{LEFT} ? ' ON true' : '')/er . " $where");
};
$make{window_top} = sub {
  my ($name, $a, $from, $where) = single();
  my ($rank, $n) = (any('row_number()', 'count(*)', 'rank()'), number(1, 3));
  my $inner = 'SELECT ' . key_of($name, $a) . " AS c1, $rank OVER (PARTITION BY " . text_of($name, $a) . ' ORDER BY ' . int_of($name, $a) . ', ' . key_of($name, $a) . ') AS c2'
    . (expects() ? ", $a.prov" : '') . " FROM $from $where";
  return (law => 'superset', sql => 'SELECT ' . (expects() ? 'd.prov' : 'd.*') . " FROM ($inner) AS d WHERE d.c2 <= $n");
};
$make{recursive} = sub {
  my ($a, $b, $n) = (alias(), alias(), number(1, 300));
  my ($ca, $cb) = expects() ? (", $a.prov", ", $b.prov") : ('', '');
  my ($up, $start) = any(["$b.id = up.boss", "$a.id = $n"], ["$b.boss = up.id", "$a.id = " . int(1 + $n / 20)])->@*;
  return (law => 'superset', sql => "WITH RECURSIVE up AS (SELECT $a.id, $a.boss, $a.name$ca FROM " . from('person', $a) . " WHERE $start UNION ALL SELECT $b.id, $b.boss, $b.name$cb FROM "
    . from('person', $b) . " JOIN up ON $up) SELECT " . (expects() ? 'prov FROM up' : 'id AS c1, name AS c2 FROM up'));
};
$make{set} = sub {
  my @side = map { my ($name, $a, $from, $where) = single(); 'SELECT coalesce(' . int_of($name, $a) . ', -1) AS c1' . (expects() ? ", $a.prov" : '') . " FROM $from $where" } 1, 2;
  my $op = any('UNION', 'UNION ALL', 'INTERSECT', 'EXCEPT', 'EXCEPT ALL');
  return (law => 'superset', sql => "$side[0] $op $side[1]") unless expects();
  my $values = "SELECT c1 FROM ($side[0]) AS l $op SELECT c1 FROM ($side[1]) AS r";
  return (law => 'superset', sql => $op =~ /EXCEPT/ ? "SELECT x.prov FROM ($side[0]) AS x WHERE c1 IN ($values)" : "SELECT x.prov FROM ($side[0] UNION ALL $side[1]) AS x WHERE c1 IN ($values)")
    unless $op eq 'EXCEPT ALL';   # of equal rows it is not certain which are left: one of them at least
  return (law => 'superset', sql => "SELECT string_agg(replace(x.prov, ' ', '/'), '/') AS prov FROM ($side[0]) AS x WHERE c1 IN ($values) GROUP BY c1");
};

$make{update} = sub {
  my ($name, $a) = (any(keys_sorted()), alias());
  my ($from, $where, $set) = (from($name, $a), where(condition($name, $a)), $name eq 'visit' ? 'page = page' : "$table{$name}{int}[0] = $table{$name}{int}[0] + 1");
  return whole($a, $from, $where, "UPDATE $from SET $set $where" . any('', ' RETURNING ' . key_of($name, $a)));
};
$make{delete} = sub {
  my ($name, $a) = (any('purchase', 'ticket', 'visit'), alias());
  my ($from, $where) = (from($name, $a), where(condition($name, $a)));
  return whole($a, $from, $where, "DELETE FROM $from $where" . any('', ' RETURNING *'));
};
$make{update_from} = sub {
  my ($a, $b, $name) = (alias(), alias(), any('account', 'ticket'));
  my $where = where("$a.person_id = $b.id", condition('person', $b), any('', condition($name, $a)));
  my ($from, $other, $int) = (from($name, $a), from('person', $b), $table{$name}{int}[0]);
  return (law => 'superset', sql => expects() ? "SELECT concat_ws(' ', $a.prov, $b.prov) AS prov FROM $from, $other $where"
    : "UPDATE $from SET $int = $a.$int + 1 FROM $other $where RETURNING $a.id, $b.name");
};
$make{merge} = sub {
  my ($a, $b, $n) = (alias(), alias(), number(1, 100));
  my ($from, $other, $some) = (from('ticket', $a), from('person', $b), condition('person', $b));
  my $action = any('UPDATE SET weight = 0', 'DELETE');
  return (law => 'superset', sql => expects() ? "SELECT concat_ws(' ', $a.prov, $b.prov) AS prov FROM $from JOIN $other ON $a.person_id = $b.id AND $some WHERE $a.weight < $n"
    : "MERGE INTO $from USING $other ON $a.person_id = $b.id AND $some WHEN MATCHED AND $a.weight < $n THEN $action");
};
$make{locking} = sub {
  my ($name, $a, $from, $where) = single();
  return whole($a, $from, $where, 'SELECT ' . columns([$name, $a]) . " FROM $from $where FOR " . any('UPDATE', 'SHARE', 'NO KEY UPDATE', 'KEY SHARE NOWAIT'));
};

# Which rows come is not certain: the output says whose they are.
sub some {
  my ($law, $sample, $end) = @_;
  my ($name, $a, $from, $where) = single();
  my $key = $table{$name}{key};
  return (law => $law, returned => 1, sql => "SELECT (SELECT x.prov FROM o.$name AS x WHERE x.$key = $a.$key) FROM $from$sample $where$end");
}
$make{some} = sub { return some('superset', '', any(' ORDER BY random()', '') . ' LIMIT ' . number(1, 9)); };
$make{some_sampled} = sub { return some('equal', ' TABLESAMPLE ' . any('BERNOULLI', 'SYSTEM') . ' (' . number(10, 80) . ')', ''); };
$make{some_fetched} = sub { return some('superset', '', ''); };
$make{some_locked} = sub { return some('superset', '', ' LIMIT 5 FOR UPDATE SKIP LOCKED'); };

1;
