# SPDX-License-Identifier: PostgreSQL
#
# A client of PostgreSQL that speaks the protocol itself, over the unix socket: psql can neither suspend a
# portal nor say which rows it had received when the connection broke.
#
#   my $c = wire->connect(application_name => 'x') or die wire::why();   # PGHOST, PGPORT, PGUSER, PGDATABASE
#   my $r = $c->query('SELECT …', sub { my @values = @_ });   # {error, message, detail, hint, tag, rows, status, suspended, notices}
#   $c->parse('s', 'SELECT … $1'); $c->bind('p', 's', 1); $c->describe('P', 'p'); $c->execute('p', 10);
#   $c->close_portal('p'); $c->sync; my $r = $c->finish($on_row);    # up to ReadyForQuery
#   $c->flush; my $r = $c->until_executed($on_row);                  # up to the end of one Execute, or an error
# An error is its SQLSTATE; 'lost' where the server or the network ended the connection.
package wire;
use strict;
use warnings;
use IO::Socket::UNIX;

my $why = '';
sub why { $why }

sub connect {
  my ($class, %settings) = @_;
  my $database = delete $settings{database} // $ENV{PGDATABASE};
  my $user = delete $settings{user} // $ENV{PGUSER};
  my $socket = IO::Socket::UNIX->new(Peer => "$ENV{PGHOST}/.s.PGSQL." . ($ENV{PGPORT} // 5432));
  if (!$socket) { $why = "no server: $!"; return }
  my $self = bless {socket => $socket, out => '', in => '', pid => 0, status => ''}, $class;
  my $body = pack('N', 196608) . join('', map { "$_\0" } user => $user, database => $database, %settings) . "\0";
  $self->{out} = pack('N', 4 + length $body) . $body;
  my $r = $self->finish;
  if ($r->{error}) { $why = $r->{message} // $r->{error}; return }
  return $self;
}

sub pid { $_[0]{pid} }
sub socket { $_[0]{socket} }

# Leaves as a client does whose machine is switched off: without a word.
sub vanish { close $_[0]{socket} }

sub quit { my $self = shift; $self->put('X', ''); $self->push_out; close $self->{socket} }

sub put { my ($self, $type, $body) = @_; $self->{out} .= $type . pack('N', 4 + length $body) . $body; $self }

sub parse { my ($self, $name, $sql) = @_; $self->put('P', "$name\0$sql\0" . pack('n', 0)) }

sub bind {
  my ($self, $portal, $statement, @values) = @_;
  $self->put('B', "$portal\0$statement\0" . pack('n', 0) . pack('n', scalar @values)
    . join('', map { defined $_ ? pack('N', length $_) . $_ : pack('N', 0xffffffff) } @values) . pack('n', 0));
}

sub describe { my ($self, $what, $name) = @_; $self->put('D', "$what$name\0") }
sub execute { my ($self, $portal, $rows) = @_; $self->put('E', "$portal\0" . pack('N', $rows // 0)) }
sub close_portal { my ($self, $name) = @_; $self->put('C', "P$name\0") }
sub sync { $_[0]->put('S', '') }
sub flush { $_[0]->put('H', '') }

sub query { my ($self, $sql, $on_row) = @_; $self->put('Q', "$sql\0"); $self->finish($on_row) }

sub finish { my ($self, $on_row) = @_; $self->read_until($on_row, 'Z') }
sub until_executed { my ($self, $on_row) = @_; $self->read_until($on_row, 'ZCsIE') }

sub push_out {
  my $self = shift;
  local $SIG{PIPE} = 'IGNORE';
  while (length $self->{out}) {
    my $n = syswrite $self->{socket}, $self->{out};
    return 0 if !defined $n;
    substr($self->{out}, 0, $n) = '';
  }
  return 1;
}

# One message: its type and body; nothing once the connection is lost.
sub message {
  my $self = shift;
  while (length $self->{in} < 5 || length $self->{in} < 1 + unpack 'N', substr $self->{in}, 1, 4) {
    my $n = sysread $self->{socket}, $self->{in}, 65536, length $self->{in};
    return if !$n;
  }
  my $length = unpack 'N', substr $self->{in}, 1, 4;
  my ($type, $body) = (substr($self->{in}, 0, 1), substr $self->{in}, 5, $length - 4);
  substr($self->{in}, 0, 1 + $length) = '';
  return ($type, $body);
}

# The fields of an ErrorResponse or a NoticeResponse, by their letter.
sub fields { my %f = map { substr($_, 0, 1) => substr $_, 1 } grep { length } split /\0/, $_[0]; \%f }

sub columns {
  my ($n, $at, @values) = (unpack('n', $_[0]), 2);
  for (1 .. $n) {
    my $length = unpack 'N', substr $_[0], $at, 4;
    $at += 4;
    if ($length == 0xffffffff) { push @values, undef; next }
    push @values, substr $_[0], $at, $length;
    $at += $length;
  }
  return @values;
}

# Reads up to a message of one of these types. The first error is the answer's, also if more messages come.
sub read_until {
  my ($self, $on_row, $types) = @_;
  my $r = {rows => 0, notices => [], tags => []};
  $self->push_out;      # where it fails, what the server said last is still to be read
  while (my ($type, $body) = $self->message) {
    if ($type eq 'D') { $r->{rows}++; $on_row->(columns($body)) if $on_row }
    elsif ($type eq 'E') {
      my $f = fields($body);
      @$r{qw(error message detail hint)} = @$f{qw(C M D H)} if !$r->{error};
    }
    elsif ($type eq 'N') { push @{$r->{notices}}, fields($body) }
    elsif ($type eq 'C') { $r->{tag} = $body =~ s/\0//r; push @{$r->{tags}}, $r->{tag} }
    elsif ($type eq 's') { $r->{suspended} = 1 }
    elsif ($type eq 'K') { $self->{pid} = unpack 'N', $body }
    elsif ($type eq 'R' && unpack 'N', $body) { return {error => '28000', message => 'this client knows no passwords'} }
    elsif ($type eq 'Z') { $r->{status} = $self->{status} = $body }
    elsif ($type eq 'G' || $type eq 'W') { die "wire.pm sends no COPY data\n" }
    elsif ($type eq 'd') { $r->{copied} .= $body }
    return $r if index($types, $type) >= 0;
  }
  $r->{error} //= 'lost';
  $r->{lost} = 1;
  return $r;
}

1;
