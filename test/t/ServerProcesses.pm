# The processes of a server, without ps, which a minimal system lacks.
package ServerProcesses;
use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Utils;
use Time::HiRes qw(usleep);
our @EXPORT = qw(children_of kill_server);

# Process ids of the children of a process.
sub children_of
{
	my ($parent) = @_;
	my @children;

	for my $file (glob '/proc/[0-9]*/stat')
	{
		open my $stat, '<', $file or next;    # it has ended
		my $line = do { local $/ = undef; <$stat> } // '';
		push @children, $1 if $line =~ /^(\d+) \(.*\) \S (\d+) /s && $2 == $parent;
	}
	return @children;
}

# Kills the postmaster of a node and its children, which we know by their parent,
# and waits until they are gone.
sub kill_server
{
	my ($node) = @_;
	my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
	my @children = children_of($postmaster);
	kill 'KILL', $postmaster, @children;
	foreach my $pid ($postmaster, @children)
	{
		usleep(10_000) while kill 0, $pid;
	}
	$node->{_pid} = undef;
}

1;
