# What clang-format cannot do as pgindent does: in declarations the name stands
# twelve columns behind the indentation, a comment behind code at column 32.
use strict;
use warnings;

sub width { my $s = shift; 1 while $s =~ s/^([^\t]*)\t/$1 . ' ' x (4 - length($1) % 4)/e; return length $s; }
sub pad
{
	my ($from, $to) = @_;
	my $gap = '';
	while ($from < $to) {
		my $stop = $from - $from % 4 + 4;
		last if $stop > $to;
		$gap .= $to == $from + 1 ? ' ' : "\t"; $from = $stop;
	}
	return $gap . ' ' x ($to - $from);
}

# --lines=FIRST:LAST, as of clang-format, for each run of lines to touch.
my @ranges = map { [/^--lines=(\d+):(\d+)$/] } grep { /^--lines=/ } @ARGV;
@ARGV = grep { !/^--lines=/ } @ARGV;

while (my $line = <>)
{
	if (!grep { $_->[0] <= $. && $. <= $_->[1] } @ranges)
	{
		print $line;
		next;
	}
	if ($line =~ /^(\t+)((?:(?:static|const|volatile|struct|enum|union|unsigned) )*\w+) (\**)(\w.*[;,].*|\w+)$/
		&& $2 !~ /^(?:return|goto|else|case|typedef|extern|sizeof|pg_noreturn)\b/ && $4 !~ /^(?:const\b|struct\b)/ && $line !~ /^\t+(?:static |const )*\w+ \w+\(/ )
	{
		my ($indent, $type, $stars, $rest) = ($1, $2, $3, $4);
		my $to = 12 - length $stars;
		$line = $indent . $type . (length $type < $to ? pad(length $type, $to) : ' ') . "$stars$rest\n";
	}
	$line =~ s/\boperator(==|!=|=|->)\s*/$1 eq '->' ? 'operator->' : "operator $1 "/ge;
	if (my ($code, $comment) = $line =~ m{^(?!#define)(\s*\S.*?)\s*(/\*.*\*/)$})
	{
		$line = $code . (width($code) < 32 ? pad(width($code), 32) : ' ') . "$comment\n"
			if $code =~ m{^(?!.*/\*).*[;,\{\}\)\w]$};
	}
	print $line;
}
