# The processes of a server, without ps, which a minimal system lacks.
package ServerProcesses;
use strict;
use warnings;
use Exporter 'import';
our @EXPORT = qw(children_of);

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

1;
