#!/usr/bin/perl
# SPDX-License-Identifier: PostgreSQL
#
# A client that reads people in every way it knows and keeps a log of what it received: which rows, how each
# statement ended, when the connection broke. It connects again until the file --until exists, or it has sent
# --statements. Each connection has an application name of its own and each statement an app_user of its own,
# which is how compare.pl finds the record of each.
#
#   reader.pl --name A --seed N --people N --log FILE [--until FILE] [--statements N] [--shapes point,range,…]
#             [--per N statements a connection] [--most N rows] [--pause SECONDS] [--begun FILE]
# Lines of the log: "C application"   connected, to the process "P pid"
#                   "Q number shape from to"   about to send; then "R id" for each row that came
#                   "Z" it ended well, "E sqlstate" with an error, "L" with the connection
use strict;
use warnings;
no warnings 'redundant';
use FindBin;
use lib "$FindBin::Bin/..";
use Getopt::Long;
use Time::HiRes qw(sleep);
use wire;

my %o = (name => 'a', seed => 1, people => 1000, most => 3000, pause => 0.002, statements => 0, per => 0, until => '', begun => '',
  shapes => 'point,point,point,range,range,large,join,count,cursor,portal,whole');
GetOptions(\%o, qw(name=s seed=i people=i most=i pause=f statements=i per=i until=s begun=s shapes=s log=s)) or exit 2;
srand $o{seed};
open my $log, '>', $o{log} or die "$o{log}: $!\n";
my @shapes = split /,/, $o{shapes};
my ($connections, $sent) = (0, 0);

# What each shape sends, and how many people it may reach.
my %reach = (point => 1, range => 40, large => $o{most}, join => 30, count => 500, cursor => 600, portal => 600, whole => $o{people});
my %sql = (
  point => 'SELECT id, name FROM public.person WHERE id BETWEEN %1$d AND %2$d',
  range => 'SELECT id, name, filler FROM public.person WHERE id BETWEEN %1$d AND %2$d',
  large => 'SELECT id, name, filler FROM public.person WHERE id BETWEEN %1$d AND %2$d',
  join => 'SELECT p.id, a.what FROM public.person AS p JOIN public.activity AS a ON a.person_id = p.id WHERE p.id BETWEEN %1$d AND %2$d',
  count => 'SELECT NULL, count(name) FROM public.person WHERE id BETWEEN %1$d AND %2$d',
  whole => 'SELECT id, filler FROM public.person',
);
my $ranged = 'SELECT id, name, filler FROM public.person WHERE id BETWEEN %d AND %d';

sub enough { ($o{statements} && $sent >= $o{statements}) || ($o{until} && -e $o{until}) }
sub received { print $log "R $_[0]\n" if defined $_[0] }

# Rows in pieces: by FETCH, and by a portal that is suspended.
sub by_cursor {
  my ($c, $from, $to) = @_;
  my $r = $c->query(sprintf "BEGIN; DECLARE c CURSOR FOR $ranged", $from, $to);
  while (!$r->{error}) {
    $r = $c->query('FETCH ' . (1 + int rand 60) . ' FROM c', \&received);
    last if !$r->{error} && !$r->{rows};
  }
  my $end = $r->{lost} ? $r : $c->query($r->{error} ? 'ROLLBACK' : 'COMMIT');
  return $r->{error} ? $r : $end;
}

sub by_portal {
  my ($c, $from, $to) = @_;
  $c->parse('', sprintf $ranged, $from, $to)->bind('', '');
  while (1) {
    $c->execute('', 1 + int rand 60)->flush;
    my $r = $c->until_executed(\&received);
    next if $r->{suspended} && !$r->{error};
    return $r if $r->{lost};
    my $end = $c->sync->finish;
    return $r->{error} ? $r : $end;
  }
}

CONNECTION: until (enough()) {
  my $application = "reader $o{name} " . ++$connections;
  my $c = wire->connect(application_name => $application);
  if (!$c) { $connections--; sleep 0.03; next }
  print $log "C $application\nP ", $c->pid, "\n";
  if ($o{begun}) { open my $f, '>', $o{begun} or die; close $f; $o{begun} = '' }
  for (my $number = 1; !enough() && !($o{per} && $number > $o{per}); $number++) {
    my $shape = $shapes[rand @shapes];
    my $many = 1 + int rand $reach{$shape};
    $many = $o{people} if $shape eq 'whole';
    my $from = 1 + int rand($o{people} - $many + 1);
    my $to = $from + $many - 1;
    # It names itself first, and no statement that failed to do so is counted as sent.
    if ((my $r = $c->query("SET gdpr.app_user = '$number'"))->{error}) {
      next CONNECTION if $r->{lost};
      print $log "X $r->{error}\n";
      next;
    }
    print $log "Q $number $shape $from $to\n";
    my $r = $shape eq 'cursor' ? by_cursor($c, $from, $to)
      : $shape eq 'portal' ? by_portal($c, $from, $to)
      : $c->query(sprintf($sql{$shape}, $from, $to), \&received);
    $sent++;
    print $log $r->{lost} ? "L\n" : $r->{error} ? "E $r->{error}\n" : "Z\n";
    next CONNECTION if $r->{lost};
    sleep $o{pause} if $o{pause};
  }
  $c->quit;
}
close $log or die "$o{log}: $!\n";
