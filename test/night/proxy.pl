#!/usr/bin/perl
# SPDX-License-Identifier: PostgreSQL
#
# Stands between a client and the server, both on unix sockets, and cuts connections:
#
#   proxy.pl LISTEN SERVER LOG SEED COMMITS BYTES
#
# LISTEN, SERVER   sockets
# LOG              gets a line for each cut: "commit" and whether the server's answer had come, or "bytes" and how many had passed
# COMMITS          of a hundred COMMITs this many are passed on and never answered; half of them are cut once the server has
#                  answered, so it is certain that they took effect, the others at once
# BYTES            a connection is cut anywhere after so many bytes, both ways together, on the average; 0: never
# SIGUSR1          from now on nothing is cut
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;

my ($listen, $server, $log, $seed, $commits, $bytes) = @ARGV;
$SIG{CHLD} = $SIG{PIPE} = 'IGNORE';
my $calm = 0;
my $parent = $$;
my %children;
$SIG{USR1} = sub { $calm = 1; if ($$ == $parent) { kill USR1 => keys %children } };

sub note_cut { open my $file, '>>', $log or die "$log: $!\n"; syswrite $file, "@_\n"; }

sub send_all {
  my ($to, $data) = @_;
  while (length $data) {
    my $n = syswrite $to, $data;
    if (!defined $n) { next if $!{EINTR}; return 0 }
    substr($data, 0, $n) = '';
  }
  return 1;
}

# What a client sends, message by message: tells when a COMMIT has been sent in full.
package messages;
sub new { return bless {buffer => '', started => 0, commit => 0}, shift }
sub commits {
  my ($self, $data) = @_;
  $self->{buffer} .= $data;
  my $sent = 0;
  while (1) {
    my $head = $self->{started} ? 1 : 0;    # the first message has no type
    last if length $self->{buffer} < $head + 4;
    my $length = $head + unpack 'N', substr $self->{buffer}, $head, 4;
    last if length $self->{buffer} < $length;
    my $message = substr $self->{buffer}, 0, $length, '';
    if (!$head) { $self->{started} = 1; next }
    my $type = substr $message, 0, 1;
    $self->{commit} = 1 if $type eq 'P' && $message =~ /\0COMMIT\0/;
    if (($type eq 'S' && $self->{commit}) || ($type eq 'Q' && $message =~ /^.....COMMIT\0/s)) { $self->{commit} = 0; $sent = 1 }
  }
  return $sent;
}

package main;

sub serve {
  my ($client, $number) = @_;
  srand($seed * 1000 + $number);
  my $up = IO::Socket::UNIX->new(Peer => $server) or return;
  my $left = $bytes ? int(-log(1 - rand) * $bytes) + 1 : undef;
  my ($passed, $doomed) = (0, 0);       # doomed: the answer to a COMMIT is on its way and will not arrive
  my $sent = messages->new;
  my $select = IO::Select->new($client, $up);
  while (1) {
    for my $from ($select->can_read) {
      my $n = sysread $from, my $data, 65536;
      next if !defined $n && $!{EINTR};
      return if !$n;
      if ($doomed && $from == $up) { note_cut('commit', 'answered'); return }
      my $to = $from == $client ? $up : $client;
      if (defined $left && !$calm && $passed + $n >= $left) {
        send_all($to, substr $data, 0, $left - $passed);
        note_cut('bytes', $left);
        return;
      }
      $passed += $n;
      my $commit = $from == $client && $sent->commits($data) && !$calm && rand 100 < $commits;
      send_all($to, $data) or return;
      if ($commit) {
        if (rand 2 < 1) { note_cut('commit', 'unanswered'); return }
        $doomed = 1;
      }
    }
  }
}

unlink $listen;
my $door = IO::Socket::UNIX->new(Local => $listen, Listen => 64) or die "$listen: $!\n";
chmod 0777, $listen;
for (my $number = 1;; $number++) {
  my $client = $door->accept;
  if (!$client) { next if $!{EINTR}; die "accept: $!\n" }
  my $child = fork // die "fork: $!\n";
  if ($child == 0) { close $door; serve($client, $number); exit }
  $children{$child} = 1;
}
