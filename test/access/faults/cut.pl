#!/usr/bin/perl
# SPDX-License-Identifier: PostgreSQL
#
# Makes of the spool what a power cut may leave of it: of each file what was synced (told by faulty_disk.c), and no file
# whose entry in its folder was not. Prints how many files are gone and how many shorter.
#   cut.pl SYNCED SPOOL
use strict;
use warnings;

my ($synced, $spool) = @ARGV;
my (%bytes, %entry, %count);
open my $f, '<', $synced or die "$synced: $!\n";
while (<$f>) {
  my ($what, $path, $size) = /^(file|entry) (.*) (\d+)$/ or next;
  if ($what eq 'entry') { $entry{$path} = 1 }
  else { $path =~ s/\.new$//; $bytes{$path} = $size if $size > ($bytes{$path} // 0) }
}
for my $file (grep { -f } glob "$spool/[0-9]*/*") {
  if (!$entry{$file} || !$bytes{$file}) { unlink $file or die "$file: $!\n"; $count{gone}++ }
  elsif (-s $file > $bytes{$file}) { truncate $file, $bytes{$file} or die "$file: $!\n"; $count{shorter}++ }
}
printf "%d gone, %d shorter\n", map { $_ // 0 } @count{qw(gone shorter)};
