# Many clients at once, by pgbench.
package ConcurrentClients;
use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Utils;
use Test::More;
our @EXPORT = qw(run_clients);

# So many clients of a node run a script so often each, without an error.
sub run_clients
{
	my ($node, $clients, $transactions, $what, $script, @options) = @_;
	my $file = $node->basedir . '/script.sql';
	my ($out, $err);

	open(my $fh, '>', $file) or die;
	print $fh $script;
	close $fh;
	my $ok = IPC::Run::run(
		[   'pgbench',  '-n', '-c', $clients, '-j', 2, '-t', $transactions, '-f', $file,
			@options, '-h', $node->host, '-p', $node->port, 'postgres' ],
		'>' => \$out, '2>' => \$err);
	ok($ok && $err !~ /ERROR|abort/, "$what: no client met an error") or diag $out, $err;
	return;
}

1;
