# A server with an endpoint, and requests to it: with a library for those that
# are well-formed, byte by byte for the others.
package DynamoEndpoint;
use strict;
use warnings;
use Exporter 'import';
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep time);

our @EXPORT =
  qw(start_endpoint make_endpoint_database wait_for_endpoint reload_endpoint call call_ok raw_connect raw_send
  raw_reply raw_request url);

# A started server with database, role and endpoint; settings are lines of
# postgresql.conf.
sub start_endpoint
{
	my ($name, $settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(allows_streaming => 'logical');
	$node->{endpoint_port} = PostgreSQL::Test::Cluster::get_free_port();
	$node->append_conf('postgresql.conf', <<~"END");
		fsync = on
		restart_after_crash = on
		max_worker_processes = 20
		max_connections = 30
		dynamo.endpoint_port = $node->{endpoint_port}
		dynamo.endpoint_workers = 2
		@{[ $settings // '' ]}
		END
	$node->start;
	make_endpoint_database($node);
	wait_for_endpoint($node);
	return $node;
}

sub make_endpoint_database
{
	my ($node) = @_;

	$node->safe_psql('postgres', 'CREATE ROLE dynamo_endpoint LOGIN');
	$node->safe_psql('postgres', 'CREATE DATABASE dynamo');
	$node->safe_psql('dynamo', q{
		CREATE EXTENSION dynamo;
		CREATE SCHEMA dynamodb AUTHORIZATION dynamo_endpoint;
		SELECT pg_reload_conf();});
}

sub url { return "http://127.0.0.1:$_[0]->{endpoint_port}/" }

# Until it is healthy; dies after 20 seconds.
sub wait_for_endpoint
{
	my ($node) = @_;
	my $end = time + 20;

	while (time < $end)
	{
		my $reply = HTTP::Tiny->new(timeout => 5)->get(url($node));
		return if $reply->{content} =~ /^healthy/;
		sleep 0.05;
	}
	die 'the endpoint does not answer';
}

# Adds settings to a running server; its endpoint's two workers have read them on
# return.  (They show their region, which is changed too.)
sub reload_endpoint
{
	my ($node, $settings) = @_;
	my $region = 'reload-' . ++$node->{reloads};
	my @connections = map { raw_connect($node) } 1 .. 2;
	my $end = time + 20;

	$node->append_conf('postgresql.conf', "$settings\ndynamo.region = '$region'");
	$node->reload;
	for my $connection (@connections)
	{
		for (;;)
		{
			raw_send($connection, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
			last if (raw_reply($connection))[1] =~ /$region/;
			die 'a worker does not reload' if time > $end;
			sleep 0.02;
		}
	}
}

# One request over a connection of its own or of the given HTTP::Tiny.  Returns
# the status and the decoded body.
sub call
{
	my ($node, $operation, $request, $http) = @_;

	$http //= HTTP::Tiny->new(timeout => 60);
	my $reply = $http->post(url($node), {
		headers => {
			'X-Amz-Target' => "DynamoDB_20120810.$operation",
			'Content-Type' => 'application/x-amz-json-1.0' },
		content => ref $request ? encode_json($request) : $request });
	my $body = eval { decode_json($reply->{content}) } // $reply->{content};
	return ($reply->{status}, $body, $reply->{headers});
}

# The same for a request that must succeed.
sub call_ok
{
	my ($node, $operation, @rest) = @_;
	my ($status, $body) = call($node, $operation, @rest);

	die "$operation: $status " . (ref $body ? encode_json($body) : $body) if $status != 200;
	return $body;
}

# ---- bytes ----

sub raw_connect
{
	my ($node) = @_;
	return IO::Socket::INET->new(
		PeerAddr => '127.0.0.1', PeerPort => $node->{endpoint_port}, Timeout => 10)
	  // die "cannot connect: $!";
}

sub raw_send
{
	my ($socket, $bytes) = @_;
	my $sent = 0;

	local $SIG{PIPE} = 'IGNORE';
	while ($sent < length $bytes)
	{
		my $n = syswrite($socket, $bytes, length($bytes) - $sent, $sent);
		return $sent if !$n;
		$sent += $n;
	}
	return $sent;
}

# The next reply of a connection: (status, body, head); status 'closed' at its end,
# 'timeout' when nothing comes.
sub raw_reply
{
	my ($socket, $timeout) = @_;
	my $end = time + ($timeout // 20);
	my $buffer = ${*$socket}{dynamo_rest} // '';

	for (;;)
	{
		if ($buffer =~ /^HTTP\/1\.1 (\d+)[^\r]*(.*?)\r\n\r\n/s)
		{
			my ($status, $head, $start) = ($1, $2, $+[0]);
			my ($length) = $head =~ /^Content-Length: *(\d+)/mi;
			$length = 0 if $status == 100;
			if (length($buffer) >= $start + ($length // 0))
			{
				${*$socket}{dynamo_rest} = substr($buffer, $start + ($length // 0));
				return ($status, substr($buffer, $start, $length // 0), $head);
			}
		}
		my $left = $end - time;
		return ('timeout', $buffer) if $left <= 0;
		next if !IO::Select->new($socket)->can_read($left); # (or a child has ended)
		my $n = sysread($socket, $buffer, 65536, length $buffer);
		return ('closed', $buffer) if !$n;
	}
}

# The bytes of a request with the usual headers and those given.
sub raw_request
{
	my ($operation, $body, @headers) = @_;

	return join("\r\n", 'POST / HTTP/1.1', 'Host: 127.0.0.1',
		"X-Amz-Target: DynamoDB_20120810.$operation",
		(grep { /^(Content-Length|Transfer-Encoding)/ } @headers)
		? @headers : (@headers, 'Content-Length: ' . length $body), '', $body);
}

1;
