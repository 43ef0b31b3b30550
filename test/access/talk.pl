# SPDX-License-Identifier: PostgreSQL
#
# wire.pm's client for tests that look at every message, and a few words of TAP.
#
#   my $c = talk->connect('gdpr.app_user' => …);        dies where there is no server
#   $c->parse(…)->bind(…)->execute(…)->sync->until('Z')  messages up to one of that type, as "1 2 D:7|x s C:SELECT 2 E:22012 Z:I"
#   $c->say($sql)                                       the same for a simple query
use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__);
use wire;

package talk;
our @ISA = ('wire');

sub connect { my ($class, %settings) = @_; return wire::connect($class, %settings) // die wire::why() . "\n"; }

sub call_function { my ($c, $oid) = @_; return $c->put('F', pack('Nnnn', $oid, 0, 0, 0)); }
sub close_statement { my ($c, $name) = @_; return $c->put('C', "S$name\0"); }
sub say { my ($c, $sql) = @_; return $c->put('Q', "$sql\0")->until('Z'); }

sub token {
  my ($c, $type, $body) = @_;
  if ($type eq 'D') { return 'D:' . join '|', map { $_ // 'NULL' } wire::columns($body); }
  if ($type eq 'E') { my $f = wire::fields($body); $c->{error} = $f->{M}; return "E:$f->{C}"; }
  if ($type eq 'C') { return 'C:' . $body =~ tr/\0//dr; }
  if ($type eq 'd') { $c->{copied} .= $body; }
  return $type eq 'Z' ? "Z:$body" : $type;
}

# Left out: notices, states of parameters, descriptions of rows.
sub until {
  my ($c, $last) = @_;
  my @tokens;
  $c->push_out;
  while (my ($type, $body) = $c->message) {
    push @tokens, $c->token($type, $body) unless $type =~ /^[NSTtA]$/;
    last if $type eq $last;
  }
  return join ' ', @tokens;
}

package main;

my ($tests, $failed) = (0, 0);
sub note { my ($text) = @_; $text =~ s/\n/\n# /g; print "# $text\n"; }
sub is {
  my ($name, $got, $expected) = @_;
  $tests++;
  my $ok = ($got // 'undef') eq $expected;
  print $ok ? '' : 'not ', "ok $tests - $name\n";
  return 1 if $ok;
  $failed++;
  note('     got: ' . ($got // 'undef') . "\nexpected: $expected");
  return 0;
}
sub like { my ($name, $got, $expected) = @_; return is($name, ($got // 'undef') =~ /^(?:$expected)$/ ? $expected : $got, $expected); }
sub ok { my ($name, $true) = @_; return is($name, $true ? 'yes' : 'no', 'yes'); }
sub done_testing { print "1..$tests\n"; exit($failed ? 1 : 0); }

# What a statement returns: values separated by "|", rows by line breaks.
sub rows_of {
  my ($c, $sql) = @_;
  my @rows;
  my $r = $c->query($sql, sub { push @rows, join '|', map { $_ // 'NULL' } @_ });
  die "$sql\n$r->{message}\n" if $r->{error};
  return join "\n", @rows;
}
# By a session of its own.
sub sql {
  my ($sql, %settings) = @_;
  my $c = talk->connect(%settings);
  my $rows = rows_of($c, $sql);
  $c->quit;
  return $rows;
}
# By one that stays, so that it need not plan all of it anew.
my %asker;
sub ask {
  my ($sql) = @_;
  return rows_of($asker{"$ENV{PGHOST} $ENV{PGDATABASE}"} //= talk->connect, $sql);
}

# What the log has under a tag (people.sql): whom it reached, and how many statements ended how.
sub reached { ask('SELECT gdpr.drain_access()'); return ask("SELECT t.reached('$_[0]')"); }
sub ended { ask('SELECT gdpr.drain_access()'); return ask("SELECT t.ended('$_[0]')"); }

# A fresh database of that name with the people of people.sql.
sub people_in {
  my ($database) = @_;
  $ENV{PGDATABASE} = $database;
  my @psql = ('psql', '-Xq', '-v', 'ON_ERROR_STOP=1');
  return 1 if system(@psql, '-d', 'postgres', '-c', 'SET client_min_messages = error', '-c', "DROP DATABASE IF EXISTS $database WITH (FORCE)",
      '-c', "CREATE DATABASE $database TEMPLATE gdpr") == 0 && system(@psql, '-f', 'test/access/people.sql') == 0;
  ok('people are set up', 0);
  done_testing();
}

# Lines of the server's log since its size was $from that tell of something wrong with us.
sub complaints {
  my ($from) = @_;
  open my $log, '<', $ENV{GDPR_LOG} or die "$ENV{GDPR_LOG}: $!\n";
  seek $log, $from, 0;
  return join '', grep { /PANIC|WARNING|terminated by signal|PD012|XX000/ } <$log>;
}

$| = 1;
1;
