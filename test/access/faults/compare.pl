#!/usr/bin/perl
# SPDX-License-Identifier: PostgreSQL
#
# What clients received (logs of reader.pl) beside what is recorded (exported by lib.sh). Prints a line for each
# thing that must not be, its kind first:
#   lost      a client received rows that are not recorded, and the statement is not shown as unclosed
#   wrong     a statement that a client saw end well is recorded otherwise than it was
#   missing   such a statement is not recorded at all
#   twice     recorded more than once
#   stranger  recorded, and nobody sent it
#   running   shown as running, though its session is gone
# and last "sent N, ended well N, refused N, not recorded N, rows received N, of which only the open statement tells N".
#   compare.pl [--cut] [--lossy ALL|FILE] STATEMENTS PEOPLE LOG…
# --lossy: of all clients, or of those whose process stands in FILE, reads were lost on purpose: what is missing is
# counted ("not recorded"), not told; what is there must be right. --cut: the power went off, and took ends of
# statements with it: one that ended well may be shown as unclosed.
use strict;
use warnings;
use Getopt::Long;

my ($lossy, $cut);
GetOptions('lossy=s' => \$lossy, cut => \$cut) or exit 2;
my ($statements, $people, @logs) = @ARGV;
my (%sent, %recorded, %of, %count, %lossy);
if ($lossy && $lossy ne 'ALL') {
  open my $f, '<', $lossy or die "$lossy: $!\n";
  while (<$f>) { chomp; $lossy{$_} = 1 }
}

for my $file (@logs) {
  open my $f, '<', $file or die "$file: $!\n";
  my ($application, $q);
  while (<$f>) {
    chomp;
    my ($type, @rest) = split / /;
    if ($type eq 'C') { $application = substr $_, 2 }
    elsif ($type eq 'P') { $lossy{$application} = 1 if $lossy && ($lossy eq 'ALL' || $lossy{$rest[0]}) }
    elsif ($type eq 'Q') { $q = $sent{$application}{$rest[0]} = {shape => $rest[1], from => $rest[2], to => $rest[3], rows => {}, end => 'L'} }
    elsif ($type eq 'R') { $q->{rows}{$rest[0]} = 1; $count{rows}++ }
    elsif ($type eq 'Z' || $type eq 'L' || $type eq 'E') { $q->{end} = $type; $q->{error} = $rest[0] }
  }
}

sub table {
  open my $f, '<', $_[0] or die "$_[0]: $!\n";
  while (<$f>) { chomp; $_[1]->(map { $_ eq '\\N' ? undef : $_ } split /\t/, $_, -1) }
}
table($statements, sub {
  my ($application, $number, $statement, $status, $relation, $scope, $many, $rows) = @_;
  $relation //= 'unknown';      # what said where it was read is damaged
  $scope //= 'none';
  my $r = $recorded{$application}{$number // ''}{$statement} //= {status => $status};
  print "wrong $application/$number: recorded with two ends\n" if $r->{status} ne $status;
  my $in = $r->{in}{$relation} //= {};
  print "twice $application/$number: $relation, scope $scope\n" if $in->{$scope}++;
  $r->{rows}{$relation} += $rows;
  $of{$statement} = $r;
});
table($people, sub {
  my ($statement, $relation, $person) = @_;
  $relation //= 'unknown';
  my $r = $of{$statement} or return;
  print "twice a person in one statement: $relation\n" if $r->{people}{$relation}{$person}++;
});

# The people of a relation that a record covers: all of them for a whole scan.
sub covers { my ($r, $relation, $person) = @_; $r->{in}{$relation}{all} || $r->{people}{$relation}{$person} }

sub exactly {
  my ($q, $r) = @_;
  my $in = $r->{in}{'public.person'} or return 'nothing of public.person';
  my $many = $q->{to} - $q->{from} + 1;
  return "status $r->{status}" if $r->{status} ne 'complete';
  return "$r->{rows}{'public.person'} rows of $many" if $r->{rows}{'public.person'} != $many;
  if ($in->{all}) { return $q->{shape} eq 'whole' ? '' : 'all people, where some were read' }
  my $list = $r->{people}{'public.person'} // {};
  return scalar(keys %$list) . " people of $many" if keys %$list != $many;
  return (grep { $_ < $q->{from} || $_ > $q->{to} } keys %$list) ? 'other people' : '';
}

for my $application (sort keys %sent) {
  my $damaged = $lossy{$application};
  for my $number (sort { $a <=> $b } keys %{$sent{$application}}) {
    my ($q, $name) = ($sent{$application}{$number}, "$application/$number");
    my @found = values %{$recorded{$application}{$number} // {}};
    $name .= " ($q->{shape}, ended $q->{end})";
    $count{sent}++;
    $count{well}++ if $q->{end} eq 'Z';
    $count{refused}++ if $q->{end} eq 'E' && $q->{error} eq 'PD012';
    print "twice $name: " . @found . " records\n" if @found > 1;
    my $r = $found[0];
    if (!$r) {
      $count{none}++ if $q->{end} eq 'Z' || keys %{$q->{rows}};
      next if $damaged;
      print "missing $name\n" if $q->{end} eq 'Z';
      print "lost $name: " . keys(%{$q->{rows}}) . " rows\n" if $q->{end} ne 'Z' && keys %{$q->{rows}};
      next;
    }
    print "running $name\n" if $r->{status} eq 'running';
    if ($q->{end} eq 'Z' && !(($damaged || $cut) && $r->{status} eq 'unclosed')) {
      my $why = exactly($q, $r);
      print "wrong $name: $why\n" if $why && !$damaged;
      $count{none}++ if $why && $damaged;
    }
    my @uncovered = grep { !covers($r, 'public.person', $_) } keys %{$q->{rows}};
    if (@uncovered && $r->{status} eq 'unclosed') { $count{open} += @uncovered }
    elsif (@uncovered && !$damaged) { print "lost $name: " . @uncovered . " rows, status $r->{status}\n" }
    # Nobody outside the range was read, however it ended.
    my @others = $q->{shape} eq 'whole' ? () :
      grep { $_ < $q->{from} || $_ > $q->{to} } keys %{$r->{people}{'public.person'} // {}};
    print "wrong $name: other people\n" if @others;
  }
}
# Of clients whose logs are not given, nothing is known.
my %known = map { /^reader (\S+)/ ? ($1 => 1) : () } keys %sent;
for my $application (grep { /^reader (\S+)/ && $known{$1} } sort keys %recorded) {
  for my $number (sort keys %{$recorded{$application}}) {
    print "stranger $application/$number\n" if !$sent{$application}{$number};
  }
}
printf "sent %d, ended well %d, refused %d, not recorded %d, rows received %d, of which only the open statement tells %d\n",
  map { $_ // 0 } @count{qw(sent well refused none rows open)};
