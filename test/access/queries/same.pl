#!/usr/bin/env perl
# SPDX-License-Identifier: PostgreSQL
#
#   same.pl OFF SERIAL PARALLEL
#
# What generate.pl's queries returned in three passes. To stdout, for o.expected: whose rows came where the output says it.
# To stderr: queries that returned something else than without audit.
use strict;
use warnings;

sub blocks {
  my ($file) = @_;
  open my $in, '<', $file or die "$file: $!\n";
  my (%block, $current);
  while (<$in>) {
    if (/^\@\@(\d+) ?(\w*)$/) { $current = $1; $block{$1} = {flag => $2, lines => []}; next; }
    push @{$block{$current}{lines}}, $_ if defined $current;
  }
  return \%block;
}

my ($off, %audited) = (blocks($ARGV[0]), s => blocks($ARGV[1]), p => blocks($ARGV[2]));
for my $pass (sort keys %audited) {
  for my $query (sort { $a <=> $b } keys %$off) {
    my ($plain, $read) = ($off->{$query}, $audited{$pass}{$query} // {flag => '', lines => ["nothing\n"]});
    if ($plain->{flag} eq 'returned') {
      my %clause = map { $_ => 1 } grep { /:/ } map { split } map { tr/()"//dr } @{$read->{lines}};
      print "$pass\t$query\t$_\n" for sort keys %clause;
    } elsif ($plain->{flag} ne 'plan') {
      my ($one, $other) = map { join '', sort @$_ } $plain->{lines}, $read->{lines};
      print STDERR "query $query, pass $pass\n" if $one ne $other;
    }
  }
}
