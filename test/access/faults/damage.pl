#!/usr/bin/perl
# SPDX-License-Identifier: PostgreSQL
#
# Damages each file it is given once, at a place drawn by chance: cuts it off or flips one bit. Prints what it did:
# file, cut or flip, and where.
#   damage.pl SEED FILE…
use strict;
use warnings;

srand shift;
for my $file (@ARGV) {
  my $size = -s $file or next;
  if (rand() < 0.4) {
    my $to = int rand $size;
    truncate $file, $to or die "$file: $!\n";
    print "$file\tcut\t$to of $size\n";
    next;
  }
  my $at = int rand $size;
  open my $f, '+<:raw', $file or die "$file: $!\n";
  seek $f, $at, 0;
  read $f, my $byte, 1;
  seek $f, $at, 0;
  my $bit = int rand 8;
  print $f chr(ord($byte) ^ (1 << $bit));
  close $f or die "$file: $!\n";
  print "$file\tflip\t$at.$bit of $size\n";
}
