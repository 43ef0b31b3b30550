#!/usr/bin/perl
# SPDX-License-Identifier: PostgreSQL
#
# Compares what test_decoding says (first file) with what the audit log says (second file), transaction by
# transaction, as sets of changes. Both become lines "relation operation column=from>to …" of the columns that
# changed, values as MD5.
#
# First file:  xid TAB line of test_decoding.   Second: xid TAB relation TAB operation TAB column=from>to …
# Third: relation TAB the root of its partitions, for every relation.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);

my ($decoded_file, $audited_file, $roots_file) = @ARGV;
my %root;
open(my $roots, '<', $roots_file) or die "$roots_file: $!";
while (<$roots>) { chomp; my ($from, $to) = split /\t/; $root{$from} = $to; }

# "name[type]:value name[type]:value …" as columns; no value: NULL, or not changed and out of line.
sub columns {
  my ($text, $old) = @_;
  my %value;
  pos($text) = 0;
  while (pos($text) < length $text) {
    $text =~ /\G\s*"?(\w+)"?\[((?:[^\[\]]|\[\])+)\]:/gc or die "cannot read: " . substr($text, pos($text), 200);
    my ($name, $type) = ($1, $2);
    if ($text =~ /\GB?'((?:[^']|'')*)'/gcs) { my $v = $1; $v =~ s/''/'/g; $value{$name} = md5_hex($v); }
    elsif ($text =~ /\Gunchanged-toast-datum/gc) { $value{$name} = $old->{$name}; }
    elsif ($text =~ /\G(\S+)/gc) {
      my $v = $1;
      $v = $v eq 'true' ? 't' : $v eq 'false' ? 'f' : $v if $type eq 'boolean';
      $value{$name} = $v eq 'null' ? undef : md5_hex($v);
    }
  }
  return \%value;
}

sub line {
  my ($relation, $operation, $old, $new) = @_;
  my %names = (%{ $old || {} }, %{ $new || {} });
  my @parts;
  for my $name (sort keys %names) {
    my $from = $old ? $old->{$name} // 'null' : '';
    my $to = $new ? $new->{$name} // 'null' : '';
    next if $from eq $to || !$old && $to eq 'null' || !$new && $from eq 'null';
    push @parts, "$name=$from>$to";
  }
  return join ' ', $relation, $operation, @parts;
}

my (%decoded, %halves, %audited);
my ($changes, $moves) = (0, 0);
open(my $in, '<', $decoded_file) or die "$decoded_file: $!";
my $open_xid = -1;
my @pending;    # deleted rows of partitions that an insert may turn out to have moved
sub flush_pending {
  $decoded{ $_->{xid} }{ line($_->{relation}, 'D', $_->{old}, undef) }++ for @pending;
  @pending = ();
}
{
  local $/ = "\x1e";    # records, since values hold line feeds
  while (<$in>) {
    chomp;
    my ($xid, $text) = split /\t/, $_, 2;
    next unless defined $text && $text =~ /^table d\./;
    if ($xid != $open_xid) { flush_pending(); $open_xid = $xid; }
    $text =~ s/^table (\S+): (\w+): ?//s or die "cannot read: " . substr($text, 0, 200);
    my ($leaf, $operation) = ($1, $2);
    if ($operation eq 'TRUNCATE') { $decoded{$xid}{"$leaf T"}++; $changes++; next; }
    my $relation = $root{$leaf} // die "unknown relation $leaf";
    my $parted = $relation ne $leaf;
    $changes++;
    if ($operation eq 'INSERT') {
      my $new = columns($text, {});
      if ($parted && $relation eq 'd.parted' && $text =~ /\bop\[text\]:'u/) {
        my ($i) = grep { $pending[$_]{old}{rowno} eq $new->{rowno} } reverse 0 .. $#pending;
        defined $i or die "an inserted row says that it was moved: " . substr($text, 0, 200);
        my $old = splice(@pending, $i, 1)->{old};
        my $line = line($relation, 'U', $old, $new);
        $decoded{$xid}{$line}++;
        push @{ $halves{"$xid $line"} }, [ line($relation, 'D', $old, undef), line($relation, 'I', undef, $new) ];
        $changes--;
        $moves++;
      } else {
        $decoded{$xid}{ line($relation, 'I', undef, $new) }++;
      }
    } elsif ($operation eq 'UPDATE') {
      $text =~ s/^old-key: (.*) new-tuple: //s or die "no old row: " . substr($text, 0, 200);
      my $old = columns($1, {});
      my $new = columns($text, $old);
      my $line = line($relation, 'U', $old, $new);
      $decoded{$xid}{$line}++;
      push @{ $halves{"$xid $line"} }, [ line($relation, 'D', $old, undef), line($relation, 'I', undef, $new) ] if $parted;
    } else {
      my $old = columns($text, {});
      if ($parted) { push @pending, { xid => $xid, relation => $relation, old => $old }; }
      else { $decoded{$xid}{ line($relation, 'D', $old, undef) }++; }
    }
  }
  flush_pending();
}

open(my $log, '<', $audited_file) or die "$audited_file: $!";
my $events = 0;
while (<$log>) {
  chomp;
  my ($xid, $relation, $operation, $columns) = split /\t/, $_, 4;
  # A truncation is told of each relation by its own name
  my $line = $operation eq 'T' ? "$relation T" : join ' ', $root{$relation}, $operation, grep { length } split / /, $columns // '';
  $audited{$xid}{$line}++;
  $events++;
}

# Where an UPDATE lost rows on their way to another partition, each row is told as one that went and one that came.
my $apart = 0;
for my $key (keys %halves) {
  my ($xid, $line) = split / /, $key, 2;
  for my $halves (@{ $halves{$key} }) {
    last if ($audited{$xid}{$line} // 0) >= $decoded{$xid}{$line};
    my ($went, $came) = @$halves;
    next unless ($audited{$xid}{$went} // 0) > ($decoded{$xid}{$went} // 0) && ($audited{$xid}{$came} // 0) > ($decoded{$xid}{$came} // 0);
    $decoded{$xid}{$line}--;
    $decoded{$xid}{$went}++;
    $decoded{$xid}{$came}++;
    $apart++;
  }
}

my ($differences, %xids) = (0);
$xids{$_} = 1 for keys %decoded, keys %audited;
for my $xid (sort { $a <=> $b } keys %xids) {
  my %lines = (%{ $decoded{$xid} // {} }, %{ $audited{$xid} // {} });
  for my $line (sort keys %lines) {
    my ($d, $a) = ($decoded{$xid}{$line} // 0, $audited{$xid}{$line} // 0);
    next if $d == $a;
    $differences++;
    print STDERR "transaction $xid: decoded $d, audited $a: $line\n" if $differences <= 10;
  }
}
print "$changes $events $moves $apart $differences\n";
