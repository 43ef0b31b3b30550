#!/usr/bin/env perl
# SPDX-License-Identifier: PostgreSQL
#
# Writes a script of random queries over the tables of setup.sql; the same seed gives the same queries.
#
#   generate.pl SEED COUNT off|s|p      the queries, for psql; of each the output follows a line "@@number"
#   generate.pl SEED COUNT expected     instead of each query one that fills o.expected: whose rows any row that is
#                                       returned depends on, by way of the tables of schema o
#   generate.pl SEED COUNT list         number, law, kind and way of execution of each, tab-separated
#
# A clause in o.expected is one "relation:type:key" that must be in the log, or several with "/" between them of which one
# must be: EXISTS may stop at the first row that it finds. Laws of a query: "equal", nobody else may be in the log;
# "alike", with and without parallel workers the same people; "superset", others may be there as well.
use strict;
use warnings;

my ($seed, $count, $pass) = @ARGV;

sub any { return $_[int rand @_]; }
sub chance { return rand() < $_[0]; }
sub number { my ($from, $to) = @_; return $from + int rand($to - $from + 1); }

# Tables: key, columns of whole numbers that differ from row to row, others, and conditions for an alias.
our %table = (
  person => {key => 'id', int => ['score', 'address_id', 'boss'], text => 'name', rows => 300, where => [
    sub { "$_[0].score < " . constant(number(1, 200)) },
    sub { my $n = number(0, 190); "$_[0].score BETWEEN $n AND " . ($n + number(1, 60)) },
    sub { "$_[0].id = " . constant(number(1, 310)) }, sub { "$_[0].name = 'n" . number(0, 37) . "'" },
    sub { "$_[0].name LIKE 'n1%'" }, sub { "$_[0].born > date '1950-01-01' + " . number(1, 19999) },
    sub { "$_[0].address_id = " . constant(number(1, 110)) }, sub { "$_[0].boss IS NULL" },
    sub { "($_[0].score % 3 = 1 OR $_[0].id > " . number(1, 300) . ')' },
    sub { "$_[0].id IN (" . join(', ', map { number(1, 300) } 1 .. number(2, 6)) . ')' }]},
  agent => {key => 'code', int => ['team'], text => 'name', rows => 25, where => [
    sub { "$_[0].team = " . constant(number(0, 5)) }, sub { "$_[0].code = 'A" . number(1, 26) . "'" },
    sub { "$_[0].name < 'a" . number(1, 9) . "'" }]},
  account => {key => 'id', int => ['balance', 'person_id'], text => 'kind', rows => 450, where => [
    sub { "$_[0].balance > " . constant(number(1, 500)) }, sub { "$_[0].kind = '" . any('gold', 'silver', 'tin', 'none') . "'" },
    sub { "$_[0].kind = 'gold' AND $_[0].balance < " . number(1, 500) },
    sub { "$_[0].person_id = " . constant(number(1, 285)) }, sub { "$_[0].person_id IS NULL" },
    sub { "$_[0].id = " . constant(number(1, 460)) },
    sub { "($_[0].balance < " . number(1, 60) . " OR $_[0].person_id < " . number(1, 20) . ')' }]},
  purchase => {key => 'id', int => ['amount', 'account_id'], text => 'at::text', rows => 900, where => [
    sub { "$_[0].amount < " . constant(number(1, 1000)) }, sub { "$_[0].account_id = " . constant(number(1, 440)) },
    sub { "$_[0].at = date '2020-01-01' + " . number(0, 900) }, sub { "$_[0].id = " . constant(number(1, 910)) },
    sub { my $n = number(0, 990); "$_[0].amount BETWEEN $n AND " . ($n + number(0, 40)) },
    sub { "$_[0].amount = ANY ('{" . join(',', map { number(0, 999) } 1 .. 8) . "}'::int[])" }]},
  ticket => {key => 'id', int => ['weight', 'person_id'], text => 'state', rows => 400, where => [
    sub { "$_[0].state = '" . any('open', 'won', 'lost', 'held') . "'" }, sub { "$_[0].weight >= " . constant(number(1, 100)) },
    sub { "$_[0].agent_code = 'A" . number(1, 25) . "'" }, sub { "$_[0].agent_code IS NULL" },
    sub { "$_[0].person_id = " . constant(number(1, 290)) }, sub { "$_[0].id < " . number(1, 400) }]},
  visit => {key => 'id', int => ['person_id'], text => 'page', rows => 5300, where => [
    sub { "$_[0].page = 'p" . number(0, 29) . "'" }, sub { "$_[0].person_id = " . constant(number(1, 275)) },
    sub { my $d = number(0, 1000); "$_[0].day BETWEEN date '2020-01-01' + $d AND date '2020-01-01' + " . ($d + number(0, 90)) },
    sub { "$_[0].id = " . constant(number(1, 5300)) }, sub { "$_[0].day < '2021-01-01'" },
    sub { "$_[0].id < " . number(1, 500) . " AND $_[0].person_id > " . number(1, 270) }]},
  guest => {key => 'id', int => ['rank'], text => 'name', rows => 5000, where => [
    sub { "$_[0].name = 'g" . number(0, 100) . "'" }, sub { "$_[0].id = " . constant(number(1, 5000)) },
    sub { my $n = number(0, 5000); "$_[0].rank BETWEEN $n AND " . ($n + number(1, 300)) }]},
  address => {key => 'id', int => ['zip'], text => 'city', rows => 120, where => [
    sub { "$_[0].city = 'c" . number(0, 9) . "'" }, sub { "$_[0].zip > " . constant(number(0, 40)) },
    sub { "$_[0].id = " . constant(number(1, 125)) }]});
# How two aliases belong together.
my @edge = (
  ['account', 'person', sub { "$_[0].person_id = $_[1].id" }], ['purchase', 'account', sub { "$_[0].account_id = $_[1].id" }],
  ['visit', 'person', sub { "$_[0].person_id = $_[1].id" }], ['ticket', 'person', sub { "$_[0].person_id = $_[1].id" }],
  ['ticket', 'agent', sub { "$_[0].agent_code = $_[1].code" }], ['person', 'address', sub { "$_[0].address_id = $_[1].id" }],
  ['visit', 'guest', sub { "$_[0].id = $_[1].id" }], ['person', 'person', sub { "$_[0].boss = $_[1].id" }], ['ticket', 'account', sub { "$_[0].person_id = $_[1].person_id" }]);

my (@parameters, $prepared, $aliases);

# A number in the text, or a parameter of a prepared statement.
sub constant {
  my ($value) = @_;
  return $value if !$prepared || $pass eq 'expected';
  push @parameters, $value;
  return '$' . @parameters;
}

sub alias { return chr(97 + $aliases++); }
# In the query that says what is expected, FROM names the tables that know whose their rows are.
sub from { my ($name, $alias) = @_; return ($pass eq 'expected' ? 'o.' : 'q.') . "$name AS $alias"; }
sub condition { my ($name, $alias) = @_; return any(@{$table{$name}{where}})->($alias); }
sub total_order { return join ', ', map { "$_->[1].$table{$_->[0]}{key}" } @_; }
sub joined { return join ' AND ', grep { length } @_; }
sub where { my $where = joined(@_); return length $where ? "WHERE $where" : ''; }

sub conditions {
  my ($name, $alias) = @_;
  return map { condition($name, $alias) } 1 .. any(0, 1, 1, 1, 2);
}

# Tables that have an edge to this one: their name, and the condition for their alias and this one's.
sub neighbours {
  my ($name) = @_;
  my @found;
  for my $edge (@edge) {
    my ($left, $right, $on) = @$edge;
    push @found, [$right, sub { $on->($_[1], $_[0]) }] if $left eq $name;
    push @found, [$left, $on] if $right eq $name;
  }
  return @found;
}

# A predicate on a table beside, and the clauses that a returned row owes to it.
sub beside {
  my ($name, $alias) = @_;
  my $neighbour = any(neighbours($name));
  my ($other, $on) = @$neighbour;
  my $s = alias();
  my $link = $on->($s, $alias);
  my $matching = joined($link, chance(0.6) ? condition($other, $s) : '');
  my $any_of = "(SELECT string_agg(replace($s.prov, ' ', '/'), '/') FROM o.$other AS $s WHERE $matching)";
  my $all_of = "(SELECT string_agg($s.prov, ' ') FROM o.$other AS $s WHERE $matching)";
  my ($inner, $outer) = $link =~ /^\Q$s\E\.(\w+) = (.*)$/ ? ("$s.$1", $2) : $link =~ /^(.*) = \Q$s\E\.(\w+)$/ ? ("$s.$2", $1) : ();
  my $rest = $matching eq $link ? '' : substr $matching, length("$link AND ");
  return any(
    ["EXISTS (SELECT 1 FROM q.$other AS $s WHERE $matching)", $any_of],
    ["$outer IN (SELECT $inner FROM q.$other AS $s " . where($rest) . ')', $any_of],
    ["$outer = ANY (ARRAY(SELECT $inner FROM q.$other AS $s " . where($rest) . '))', $any_of],
    ["NOT EXISTS (SELECT 1 FROM q.$other AS $s WHERE $matching)", "''"],
    ["(SELECT count(*) FROM q.$other AS $s WHERE $matching) " . any('> 0', '> 1', '< 3'), $all_of],
    ["(SELECT max($s.$table{$other}{int}[0]) FROM q.$other AS $s WHERE $matching) > " . number(0, 50), $any_of]);
}

# Tables joined, with conditions. What comes out: [table, alias]…, FROM, conditions, what rows depend on beside.
sub spj {
  my ($tables, $outer, $subqueries) = @_;
  my $name = any(keys_sorted());
  my $alias = alias();
  my @used = ([$name, $alias]);
  my $from = from($name, $alias);
  my @where = conditions($name, $alias);
  while (@used < $tables) {
    my $base = any(@used);
    my ($other, $on) = @{any(neighbours($base->[0]))};
    my $new = alias();
    my $kind = $outer ? any('JOIN', 'JOIN', 'LEFT JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN') : 'JOIN';
    $from .= " $kind " . from($other, $new) . ' ON ' . joined($on->($new, $base->[1]), $kind ne 'FULL JOIN' && chance(0.3) ? condition($other, $new) : '');
    push @where, condition($other, $new) if chance(0.3);
    push @used, [$other, $new];
  }
  my @owed;
  if ($subqueries) {
    my ($predicate, $owes) = @{beside(@{any(@used)})};
    push @where, $predicate;
    push @owed, $owes;
  }
  return (\@used, $from, \@where, \@owed);
}
sub keys_sorted { return sort keys %table; }

# Columns c1, c2, …: each table has one at least, or the planner would leave the table out.
sub columns {
  my @columns = map { my ($name, $alias) = @$_; ("$alias.$table{$name}{int}[0]", chance(0.5) ? "$alias.$table{$name}{text}" : ()) } @_;
  my $n = 0;
  return join ', ', map { $n++; "$_ AS c$n" } @columns;
}
sub prov { my ($used, $owed) = @_; return "concat_ws(' ', " . join(', ', (map { "$_->[1].prov" } @$used), @$owed) . ') AS prov'; }
sub expects { return $pass eq 'expected'; }

require './test/access/queries/shapes.pl';

# How a query is executed, and whether its output can be compared.
my %execution = (
  plain => sub { "$_[0];" },
  prepared => sub {
    my $types = @parameters ? '(' . join(', ', ('int') x @parameters) . ')' : '';
    my $values = @parameters ? '(' . join(', ', @parameters) . ')' : '';
    return "PREPARE p$types AS $_[0];\nEXECUTE p$values;\nEXECUTE p$values;\nDEALLOCATE p;" },
  cursor => sub { "BEGIN;\nDECLARE c CURSOR FOR $_[0];\nFETCH 1 FROM c;\nFETCH ALL FROM c;\nCOMMIT;" },
  copy => sub { "COPY ($_[0]) TO STDOUT;" },
  explain => sub { "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $_[0];" },
  function => sub { "SELECT * FROM o.run(\$run\$$_[0]\$run\$);" },
  ctas => sub { "CREATE TEMP TABLE result AS $_[0];\nTABLE result;\nDROP TABLE result;" },
  view => sub { "CREATE TEMP VIEW result AS $_[0];\nSELECT * FROM result;\nDROP VIEW result;" },
  fetch => sub { "BEGIN;\nDECLARE c SCROLL CURSOR FOR $_[0];\nFETCH 3 FROM c;\nFETCH BACKWARD 2 FROM c;\nFETCH ABSOLUTE 6 FROM c;\nMOVE 5 FROM c;\nFETCH 1 FROM c;\nCOMMIT;" },
  rollback => sub { "BEGIN;\n$_[0];\nROLLBACK;" });
my @executions = ('plain', 'plain', 'prepared', 'prepared', 'cursor', 'copy', 'explain', 'function', 'ctas', 'view', 'rollback');
my @switches = ('enable_partitionwise_join = on', 'enable_partitionwise_aggregate = on', 'parallel_leader_participation = off', "work_mem = '64kB'",
  map { "enable_$_ = off" } qw(seqscan indexscan bitmapscan indexonlyscan hashjoin nestloop mergejoin hashagg memoize material sort));

print "SET client_min_messages = error;\n" unless $pass eq 'list';
for my $query (1 .. $count) {
  # Anew for each query: what a pass makes of one must not change the next.
  srand(($seed * 7919 + $query * 2654435761) % 2**32);
  ($aliases, @parameters) = (0);
  my @settings = grep { chance(0.2) } @switches;
  my $mode = any(@executions);
  my ($shape, $only) = any_shape($query);
  $mode = $only if $only;
  $mode = 'plain' if $mode eq 'explain' && $shape =~ /^some/;   # its output is needed
  $prepared = $mode eq 'prepared';
  my %made = make_shape($shape);
  # It tells of rows that a filter dropped.
  $made{law} = 'superset' if $mode eq 'explain';
  @settings = ('enable_nestloop = off', 'enable_mergejoin = off') if $made{law} eq 'alike';
  if ($pass eq 'list') { print join("\t", $query, $made{law}, $shape, $mode), "\n"; next; }
  if (expects()) {
    print "INSERT INTO o.expected SELECT DISTINCT p::\"char\", $query, c FROM unnest('{s,p}'::text[]) AS p, ($made{sql}) AS x, "
      . "string_to_table(x.prov, ' ') AS c WHERE c <> '';\n" unless $made{returned};
    next;
  }
  print "\\echo \@\@$query", $made{returned} ? ' returned' : $mode eq 'explain' ? ' plan' : '', "\n";
  print "RESET ALL;\nSET gdpr.app_user = '$pass$query';\n", map({ "SET $_;\n" } @settings), $prepared ? "SET plan_cache_mode = force_generic_plan;\n" : '',
    $execution{$mode}->($made{sql}), "\n";
}
