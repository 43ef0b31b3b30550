#!/usr/bin/env perl
# SPDX-License-Identifier: PostgreSQL
#
# Reads canaries (test/fixtures/canary.sql) out of anything. Prints one line per person, cell and place:
#   person TAB cell TAB place TAB how many
# where person is 1 to 3, and place is a relation, or a file.
#
#   dump | search.pl            text of COPY; a line "@@NAME" says that NAME follows
#   search.pl --files FILE…     raw bytes, such as a data directory's
#
# Seen through: upper and lower case (copies for searching, lexemes), hexadecimal (bytea), both alphabets,
# numbers, dates, and addresses of machines.
use strict;
use warnings;
use utf8;

my %hits;

sub note_hit { my ($person, $cell, $place) = @_; $hits{"$person\t" . ($cell + 0) . "\t$place"}++; }

sub search_text {
  my ($text, $place) = @_;
  note_hit($1, $2, $place) while $text =~ /kq([1-3])x(\d{3})z/gi;
  note_hit($1, $2, $place) while $text =~ /жé([1-3])ñ(\d{3})ő/gi;
  note_hit($1, $2, $place) while $text =~ /\b8([1-3])0(\d{3})90817\b/g;
  note_hit($1, $2, $place) while $text =~ /\b7([1-3])(\d{3})-03-04\b/g;
  note_hit($1, $2, $place) while $text =~ /\bfd71:([1-3]):(\d{3})::7\b/g;
  while ($text =~ /[46]b[57]13([1-3])[57]8((?:3\d){3})[57]a/gi) {
    my ($person, $hex) = ($1, $2);
    note_hit($person, pack('H*', $hex), $place);
  }
}

sub search_bytes {
  my ($bytes, $place) = @_;
  note_hit($1, $2, $place) while $bytes =~ /kq([1-3])x(\d{3})z/gi;
  note_hit($1, $2, $place)
    while $bytes =~ /\xD0[\x96\xB6]\xC3[\x89\xA9]([1-3])\xC3[\x91\xB1](\d{3})\xC5[\x90\x91]/g;
  note_hit(ord($1), 155, $place) while $bytes =~ /\xFD\x71\x00([\x01-\x03])\x01\x55/g;
}

if (@ARGV && $ARGV[0] eq '--files') {
  shift @ARGV;
  for my $file (@ARGV) {
    open my $in, '<:raw', $file or next;    # files come and go under a running server
    local $/;
    search_bytes(scalar(<$in>) // '', $file);
    close $in;
  }
} else {
  binmode STDIN, ':encoding(UTF-8)';
  my $place = '?';
  while (my $line = <STDIN>) {
    if ($line =~ /^@@(.*)$/) { $place = $1; next; }
    search_text($line, $place);
  }
}

binmode STDOUT, ':encoding(UTF-8)';
print "$_\t$hits{$_}\n" for sort keys %hits;
