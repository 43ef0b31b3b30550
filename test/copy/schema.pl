#!/usr/bin/env perl
# SPDX-License-Identifier: PostgreSQL
#
# A random database for samples, and which rows a sample of it has by brute force in plain SQL.
#
#   schema.pl SEED build              SQL that makes it: people of one or two types, tables that belong to them by declared
#                                     links (by key, by value, polymorphic, shared), tables that only refer to those,
#                                     lookup tables; composite keys, self references, circles, partitions, children,
#                                     MATCH FULL, keys with NULL parts, keys that are NOT VALID and broken
#   schema.pl SEED oracle SHARE WHOLE   SQL that prints "table TAB ctid TAB row" for every row of the sample; WHOLE: whether
#                                     tables of nobody are whole or drawn
#
# What the oracle knows of links and keys is what this script declared; it asks neither pg_gdpr nor the catalog.
use strict;
use warnings;

my ($seed, $what, $share, $whole) = @ARGV;
srand($seed);
$share /= 100 if defined $share && $share =~ s{%$}{};
sub one { $_[int rand @_] }
sub chance { rand() < $_[0] }

my (@tables, @statements, @late);    # tables: {name, sql, keys, kind, cols, edges…}
my (@down, @up);                     # [parent, child, condition over p and c, condition that it applies over c]
my %by_name;

sub add_table { my ($t) = @_; push @tables, $t; $by_name{$t->{name}} = $t; $t }
sub quoted { my $n = shift; $n =~ /^[a-z_][a-z0-9_]*$/ ? $n : '"' . $n =~ s/"/""/gr . '"' }

# Keys: one integer, one text, or both.
sub key_of {
  my $shape = one('int', 'int', 'text', 'both');
  return [['id', 'int']] if $shape eq 'int';
  return [['code', 'text']] if $shape eq 'text';
  return [['a', 'int'], ['b', 'text']];
}
# Values of a row's key by its number: unlike those of other tables, with what quoting could break.
sub key_value { my ($column, $n) = @_;
  $column->[1] eq 'int' ? "($n)::int" : "(CASE $n % 4 WHEN 0 THEN 'k,' WHEN 1 THEN 'K\"' WHEN 2 THEN E'\\\\' ELSE ' k' END || ($n))" }

sub new_table {
  my ($name, $kind, $rows, %more) = @_;
  add_table({name => $name, sql => quoted($name), kind => $kind, rows => $rows, key => key_of(), columns => [], %more});
}

# A reference: columns of the child beside the key, filled with keys of random rows of the parent.
my $number = 0;
sub refer {
  my ($child, $parent, %o) = @_;    # how: key, value, poly; nulls: share of NULLs
  my $n = ++$number;
  # A key does not see the rows of children; one that is NOT VALID is not for partitioned tables.
  $o{how} = 'value' if $o{how} eq 'key' && ($parent->{shape} // '') eq 'children';
  $o{broken} = 0 if ($child->{shape} // '') eq 'partitioned';
  my (@columns, @fill, @match, @applies);
  for my $k (@{$parent->{key}}) {
    my $column = "r${n}_$k->[0]";
    my $type = $o{how} eq 'key' ? $k->[1] : 'text';
    push @columns, [$column, $type];
    push @{$child->{columns}}, [$column, $type];
    push @match, "c.$column = " . ($type eq $k->[1] ? "p.$k->[0]" : "p.$k->[0]::text");
    push @applies, "c.$column IS NOT NULL";
    # MATCH FULL knows no NULL parts; MATCH SIMPLE does.
    push @fill, [$column, sub { my ($row) = @_; key_value($k, $row) . ($type eq $k->[1] ? '' : '::text') }];
  }
  my $full = @columns > 1 && chance(0.5);
  push @{$child->{fills}}, {parent => $parent, fill => \@fill, nulls => $o{nulls} // 0, full => $full,
    broken => $o{broken}, poly => $o{how} eq 'poly' ? "r${n}_kind" : undef, n => $n};
  if ($o{how} eq 'poly') {
    push @{$child->{columns}}, ["r${n}_kind", 'text'];
    push @match, "c.r${n}_kind = '$parent->{name}'";
    push @applies, "c.r${n}_kind IS NOT DISTINCT FROM '$parent->{name}'";
  }
  my $reference = {parent => $parent, child => $child, columns => [map $_->[0], @columns], match => join(' AND ', @match),
    applies => join(' AND ', @applies), full => $full, n => $n, how => $o{how}, broken => $o{broken}};
  if ($o{how} eq 'key') {
    push @late, sprintf 'ALTER TABLE %s ADD CONSTRAINT fk%d FOREIGN KEY (%s) REFERENCES %s (%s)%s%s%s;', $child->{sql}, $n,
      join(', ', @{$reference->{columns}}), $parent->{sql}, join(', ', map $_->[0], @{$parent->{key}}),
      $full ? ' MATCH FULL' : '', chance(0.3) ? ' DEFERRABLE INITIALLY DEFERRED' : '', $o{broken} ? ' NOT VALID' : '';
    push @up, $reference;
  }
  return $reference;
}

sub link_to {
  my ($type, $reference, $scope) = @_;
  my ($child, $parent) = @$reference{qw(child parent)};
  my $poly = $reference->{how} eq 'poly' ? ", discriminator => 'r$reference->{n}_kind', discriminator_value => '$parent->{name}'" : '';
  push @late, sprintf q{SELECT gdpr.add_link('%s', 'public.%s', '{%s}', 'public.%s', '{%s}'%s%s);}, $type, $child->{sql},
    join(',', @{$reference->{columns}}), $parent->{sql}, join(',', map $_->[0], @{$parent->{key}}), $poly,
    $scope eq 'owned' ? '' : ", scope => '$scope'";
  push @down, $reference if $scope ne 'stop';
}

# ---- the shape
my $rows = 60 + int rand 120;
my @lookups = map { new_table(one("look$_", "Look $_", "look\"$_"), 'lookup', 5 + int rand 40) } 0 .. 1 + int rand 3;
refer($lookups[0], $lookups[0], how => 'key', nulls => 0.5);
if ($whole) {    # circles and many parents: where they are drawn, which parent counts would be another oracle
  refer($lookups[1], $lookups[0], how => 'key', nulls => 0.2);
  refer($lookups[0], $lookups[1], how => 'key', nulls => 0.2) if chance(0.7);
}
my @people = (new_table('people', 'people', $rows));
push @people, new_table('Other People', 'people', int($rows / 3)) if chance(0.6);
my $shared = chance(0.6) ? new_table('addresses', 'hangs', int($rows * 0.8)) : undef;
refer($people[0], $people[0], how => 'key', nulls => 0.6) if chance(0.6);
refer($people[0], one(@lookups), how => 'key', nulls => 0.1);

my %tree = map { ($_ => [$people[$_]]) } 0 .. $#people;
my @owned;
for my $i (0 .. 2 + int rand 4) {
  my $type = int rand @people;
  my $parent = one(@{$tree{$type}});
  my $shape = one('plain', 'plain', 'partitioned', 'children');
  my $t = new_table(one("own$i", "Own;$i"), 'hangs', int($rows * (0.5 + rand 3)), shape => $shape);
  my $how = one('key', 'key', 'value', 'poly');
  push @owned, [$type, refer($t, $parent, how => $how, nulls => one(0, 0.2))];
  push @owned, [$type, refer($t, one(@{$tree{$type}}), how => one('key', 'value'), nulls => 0.3)] if chance(0.3);
  if ($how eq 'key' && chance(0.3) && $shape eq 'plain') {    # a chain within the table
    push @owned, [$type, refer($t, $t, how => 'key', nulls => 0.5)];
  }
  push @{$tree{$type}}, $t;
  # Further references, also to what comes later and in circles.
  refer($t, one(@lookups), how => 'key', nulls => one(0, 0.2), broken => chance(0.2)) if chance(0.8);
  refer($t, one(grep { ($_->{shape} // '') ne 'children' } @people, map { @{$tree{$_}} } sort keys %tree), how => 'key', nulls => 0.4) if chance(0.5);
}
my @hanging;
for my $i (0 .. int rand 2) {    # refer to people's tables, and no link says so
  my $type = int rand @people;
  my $t = new_table("hang$i", 'hangs', int($rows * (0.5 + rand 2)));
  my $parent = one(grep { ($_->{shape} // '') ne 'children' } @{$tree{$type}});
  push @hanging, refer($t, $parent, how => 'key', nulls => one(0, 0.2));
  refer($t, one(@lookups), how => 'key') if chance(0.5);
}
# What is below a table that hangs on people hangs too, by every key into their tables.
push @down, @hanging;
my ($person_to_shared) = $shared ? refer($people[0], $shared, how => 'key', nulls => 0.2) : ();

# A table of nobody that refers to what is shared, or to people by a link that is declared as not followed.
my $shop = new_table('shop', 'lookup', 12);
refer($shop, $shared, how => 'key', nulls => 0.2) if $shared;
my $clerk = chance(0.5) ? refer($shop, $people[0], how => 'key', nulls => 0.2) : undef;
push @lookups, $shop;

push @late, "SELECT gdpr.register_subject('type$_', 'public." . $people[$_]{sql} . "');" for 0 .. $#people;
link_to("type$_->[0]", $_->[1], 'owned') for @owned;
link_to('type0', $clerk, 'stop') if $clerk;
if ($shared) {    # the child of the link is the table that people refer to
  my $names = sub { join ',', @_ };
  push @late, sprintf q{SELECT gdpr.add_link('type0', 'public.%s', '{%s}', 'public.%s', '{%s}', scope => 'shared');}, $shared->{sql},
    join(',', map $_->[0], @{$shared->{key}}), $people[0]{sql}, join(',', @{$person_to_shared->{columns}});
  my @keys = map $_->[0], @{$shared->{key}};
  push @down, {parent => $people[0], child => $shared,
    match => join(' AND ', map "c.$keys[$_] = p.$person_to_shared->{columns}[$_]", 0 .. $#keys),
    applies => join(' AND ', map "c.$_ IS NOT NULL", @keys)};
}

# ---- SQL
if ($what eq 'build') {
  for my $t (@tables) {
    my @columns = (map("$_->[0] $_->[1] NOT NULL", @{$t->{key}}), map("$_->[0] $_->[1]", @{$t->{columns}}), 'note text');
    my $keys = join ', ', map $_->[0], @{$t->{key}};
    my $shape = $t->{shape} // 'plain';
    print "CREATE TABLE $t->{sql} (", join(', ', @columns), ", PRIMARY KEY ($keys))",
      $shape eq 'partitioned' ? " PARTITION BY HASH ($t->{key}[0][0])" : '', ";\n";
    if ($shape eq 'partitioned') {
      print 'CREATE TABLE ', quoted("$t->{name} part $_"), " PARTITION OF $t->{sql} FOR VALUES WITH (MODULUS 3, REMAINDER $_);\n" for 0 .. 2;
    } elsif ($shape eq 'children') {
      print 'CREATE TABLE ', quoted("$t->{name} child"), " (PRIMARY KEY ($keys)) INHERITS ($t->{sql});\n";
    }
  }
  for my $t (@tables) {
    my @names = ((map $_->[0], @{$t->{key}}), 'note');
    my @values = ((map { my $k = $_; key_value($k, 'n') } @{$t->{key}}), "'$t->{name} ' || n");
    for my $f (@{$t->{fills} // []}) {
      # One random row of the parent for all parts of the key; random numbers come from the seed.
      my ($x, $y) = (1 + int rand 10000, 1 + int rand 10000);
      my $row = "(1 + (n * $x + $y) % $f->{parent}{rows})";
      $row = "(CASE WHEN n % 7 = 3 THEN 999999 ELSE $row END)" if $f->{broken};
      my $null = int($f->{nulls} * 100);
      my $part = 0;
      for my $c (@{$f->{fill}}) {
        # Without MATCH FULL one part alone may be NULL.
        my $salt = $f->{full} ? 0 : 13 * $part++;
        push @names, $c->[0];
        push @values, "CASE WHEN (n * 37 + $y + $salt) % 100 >= $null THEN " . $c->[1]->($row) . ' END';
      }
      if ($f->{poly}) {
        push @names, $f->{poly};
        push @values, "CASE n % 5 WHEN 0 THEN 'nothing' WHEN 1 THEN NULL ELSE '$f->{parent}{name}' END";
      }
    }
    my $insert = sub { my ($into, $condition) = @_;
      print "INSERT INTO $into (", join(', ', @names), ") SELECT ", join(', ', @values),
        " FROM generate_series(1, $t->{rows}) AS n WHERE $condition ORDER BY md5(n || '$seed');\n" };
    if (($t->{shape} // '') eq 'children') {
      $insert->($t->{sql}, 'n % 3 > 0');
      $insert->(quoted("$t->{name} child"), 'n % 3 = 0');
    } else {
      $insert->($t->{sql}, 'true');
    }
  }
  # register_subject() comes before add_link(), keys before both.
  print "$_\n" for (grep /^ALTER/, @late), (grep /register/, @late), (grep /add_link/, @late);
  exit;
}

# The oracle: sets of (table, ctid), grown until nothing changes.
my $bound = sprintf '%.0f', $share * 18446744073709551616 - 9223372036854775808;
sub drawn { my ($key) = @_; "hashtextextended(($key) COLLATE \"C\", 0) <= $bound" }
sub person_key { my ($t, $a) = @_; my @k = map "$a.$_->[0]", @{$t->{key}}; @k == 1 ? "$k[0]::text" : 'ROW(' . join(', ', @k) . ')::text' }
sub row_key { my ($t) = @_; 'concat_ws(\',\', ' . join(', ', map "c.$_->[0]", @{$t->{key}}) . ')' }
print "SET client_min_messages = error; CREATE TEMP TABLE s (rel oid, tid tid, PRIMARY KEY (rel, tid));\n";
sub add { my ($select) = @_; "INSERT INTO s $select ON CONFLICT DO NOTHING;" }
for my $t (@people) {
  print add("SELECT c.tableoid, c.ctid FROM $t->{sql} AS c WHERE " . drawn(person_key($t, 'c'))), "\n";
  print "INSERT INTO s SELECT c.tableoid, c.ctid FROM $t->{sql} AS c WHERE NOT EXISTS (SELECT FROM s WHERE rel = '$t->{sql}'::regclass)
    ORDER BY hashtextextended((", person_key($t, 'c'), ") COLLATE \"C\", 0) LIMIT 1;\n";
}
for my $t (grep { $_->{kind} eq 'hangs' } @tables) {
  my @applies = map "NOT ($_->{applies})", grep { $_->{child} == $t } @down;
  print add("SELECT c.tableoid, c.ctid FROM $t->{sql} AS c WHERE " . join(' AND ', drawn(row_key($t)), @applies)), "\n";
}
for my $t (@lookups) {
  print add("SELECT c.tableoid, c.ctid FROM $t->{sql} AS c WHERE " . ($whole ? 'true' : drawn(row_key($t)))), "\n";
}
for my $way (['p', 'c', \@down], ['c', 'p', \@up]) {
  my ($near, $far, $references) = @$way;
  my @steps = map {
    my ($n, $f) = $near eq 'p' ? ($_->{parent}, $_->{child}) : ($_->{child}, $_->{parent});
    # A key refers to the table itself, not to its children; a link means them too.
    my $only = $near eq 'c' && ($f->{shape} // '') ne 'partitioned' ? 'ONLY ' : '';
    my $only_near = $near eq 'c' && ($n->{shape} // '') ne 'partitioned' ? 'ONLY ' : '';
    add("SELECT $far.tableoid, $far.ctid FROM s JOIN $only_near$n->{sql} AS $near ON (s.rel, s.tid) = ($near.tableoid, $near.ctid) "
      . "JOIN $only$f->{sql} AS $far ON $_->{match}" . ($near eq 'p' ? " AND $_->{applies}" : '')) } @$references;
  print 'DO $$ DECLARE before bigint; BEGIN LOOP before := (SELECT count(*) FROM s); ', join(' ', @steps),
    " EXIT WHEN before = (SELECT count(*) FROM s); END LOOP; END \$\$;\n";
}
print "SELECT s.rel::regclass, c.ctid, c::text FROM s JOIN $_->{sql} AS c ON (s.rel, s.tid) = (c.tableoid, c.ctid);\n" for @tables;
