%{
/*
 * expr_gram.y
 *		The grammar of DynamoDB's expressions.
 *
 * One grammar with a start token per family.  It follows DynamoDB's so
 * closely that an error is met at the same token: operands may stand in
 * parentheses, conditions too, but neither in place of the other.  A function
 * call may be both, which its parentheses must not decide, hence the
 * nonterminal `call`.  Meaning is checked afterwards, top down (parse.c),
 * except for doubled parentheses, which only the grammar sees: DynamoDB
 * reports them where it has decided what it is parsing, which for a left
 * operand is at the operator (expr_commit, expr_settle).
 *
 * Everything is palloc'd in the context of the caller.
 */
#include "postgres.h"

#include "common/errors.h"
#include "expr/expr_ast.h"
#include "expr/expr_gram.h"

#define YYMALLOC palloc
#define YYFREE	 pfree

extern int	expr_scan(EXPR_YYSTYPE *yylval, void *yyscanner);

static int	expr_yylex(EXPR_YYSTYPE *yylval, ExprParser *parser);
static void expr_yyerror(ExprParser *parser, const char *message);
%}

%code requires {
#include "expr/expr_ast.h"
}

%define api.pure full
%define api.prefix {expr_yy}
%parse-param {ExprParser *parser}
%lex-param {ExprParser *parser}
%expect 0

%union
{
	Bytes		text;
	List	   *list;
	ExprNode   *node;
	PathStep   *step;
	PathAction *action;
	OperatorId	op;
}

%token START_CONDITION START_PROJECTION START_UPDATE
%token <text> NAME NAME_PLACEHOLDER VALUE_PLACEHOLDER INDEX UNKNOWN
%token K_AND K_OR K_NOT K_BETWEEN K_IN K_SET K_REMOVE K_ADD K_DELETE
%token NE LE GE

%left K_OR
%left K_AND
%right K_NOT

%type <node> condition other_condition comparison operand plain_operand call path value
%type <node> sum set_value
%type <text> function
%type <op> comparator sign
%type <list> operands steps projections
%type <list> set_actions remove_actions add_actions delete_actions
%type <step> name
%type <action> set_action remove_action add_action delete_action

%%

start:
	START_CONDITION condition			{ parser->expr->condition = $2; }
	| START_PROJECTION projections		{ parser->actions = $2; }
	| START_UPDATE sections
	;

/* ---- conditions ---- */

condition:
	call								{ $$ = expr_settle(parser, $1); }
	| other_condition
	;

other_condition:
	comparison							{ $$ = expr_settle(parser, $1); }
	| '(' other_condition ')'
		{ $$ = expr_settle(parser, expr_parenthesize(parser, $2)); }
	| K_NOT condition
		{ $$ = expr_make_operation(OP_NOT, list_make1($2)); }
	| condition K_AND condition
		{ $$ = expr_make_connective(OP_AND, $1, $3); }
	| condition K_OR condition
		{ $$ = expr_make_connective(OP_OR, $1, $3); }
	;

comparison:
	operand comparator operand
		{ $$ = expr_make_operation($2, list_make2($1, $3)); }
	| operand between operand K_AND operand
		{ $$ = expr_make_operation(OP_BETWEEN, list_make3($1, $3, $5)); }
	| operand in '(' operands ')'
		{ $$ = expr_make_operation(OP_IN, lcons($1, $4)); }
	;

comparator:
	'='									{ $$ = expr_commit(parser, OP_EQ); }
	| NE								{ $$ = expr_commit(parser, OP_NE); }
	| '<'								{ $$ = expr_commit(parser, OP_LT); }
	| LE								{ $$ = expr_commit(parser, OP_LE); }
	| '>'								{ $$ = expr_commit(parser, OP_GT); }
	| GE								{ $$ = expr_commit(parser, OP_GE); }
	;

between:
	K_BETWEEN							{ expr_commit(parser, OP_BETWEEN); }
	;

in:
	K_IN								{ expr_commit(parser, OP_IN); }
	;

/* ---- operands ---- */

operand:
	plain_operand
	| call
	;

plain_operand:
	path
	| value
	| '(' plain_operand ')'				{ $$ = expr_parenthesize(parser, $2); }
	;

call:
	function operands ')'				{ $$ = expr_end_call(parser, $1, $2); }
	| '(' call ')'						{ $$ = expr_parenthesize(parser, $2); }
	;

function:
	NAME '('							{ $$ = expr_begin_call(parser, $1); }
	;

operands:
	operand								{ $$ = list_make1($1); }
	| operands ',' operand				{ $$ = lappend($1, $3); }
	;

value:
	VALUE_PLACEHOLDER					{ $$ = expr_make_value(parser, $1); }
	;

path:
	steps								{ $$ = expr_make_path(parser, $1); }
	;

steps:
	name								{ $$ = list_make1($1); }
	| steps '.' name					{ $$ = lappend($1, $3); }
	/* DynamoDB takes it for the name of an attribute, an undefined one. */
	| steps '.' VALUE_PLACEHOLDER
		{ $$ = lappend($1, expr_make_name(parser, $3)); }
	| steps '[' INDEX ']'
		{ $$ = lappend($1, expr_make_index(parser, $3)); }
	;

name:
	NAME								{ $$ = expr_make_name(parser, $1); }
	| NAME_PLACEHOLDER					{ $$ = expr_make_name(parser, $1); }
	;

/* ---- projections ---- */

projections:
	path
		{ $$ = list_make1(expr_make_action(ACTION_PROJECT, $1, NULL)); }
	| projections ',' path
		{ $$ = lappend($1, expr_make_action(ACTION_PROJECT, $3, NULL)); }
	;

/* ---- updates ---- */

sections:
	section
	| sections section
	;

section:
	K_SET set_actions			{ expr_begin_section(parser, ACTION_SET, $2); }
	| K_REMOVE remove_actions	{ expr_begin_section(parser, ACTION_REMOVE, $2); }
	| K_ADD add_actions			{ expr_begin_section(parser, ACTION_ADD, $2); }
	| K_DELETE delete_actions	{ expr_begin_section(parser, ACTION_DELETE, $2); }
	;

set_actions:
	set_action							{ $$ = list_make1($1); }
	| set_actions ',' set_action		{ $$ = lappend($1, $3); }
	;

set_action:
	path '=' set_value			{ $$ = expr_make_action(ACTION_SET, $1, $3); }
	;

set_value:
	operand								{ $$ = expr_settle(parser, $1); }
	| sum
	;

sum:
	operand sign operand
		{ $$ = expr_settle(parser, expr_make_operation($2, list_make2($1, $3))); }
	| '(' sum ')'
		{ $$ = expr_settle(parser, expr_parenthesize(parser, $2)); }
	;

sign:
	'+'									{ $$ = expr_commit(parser, OP_PLUS); }
	| '-'								{ $$ = expr_commit(parser, OP_MINUS); }
	;

remove_actions:
	remove_action						{ $$ = list_make1($1); }
	| remove_actions ',' remove_action	{ $$ = lappend($1, $3); }
	;

remove_action:
	path						{ $$ = expr_make_action(ACTION_REMOVE, $1, NULL); }
	;

add_actions:
	add_action							{ $$ = list_make1($1); }
	| add_actions ',' add_action		{ $$ = lappend($1, $3); }
	;

add_action:
	path value					{ $$ = expr_make_action(ACTION_ADD, $1, $2); }
	;

delete_actions:
	delete_action						{ $$ = list_make1($1); }
	| delete_actions ',' delete_action	{ $$ = lappend($1, $3); }
	;

delete_action:
	path value					{ $$ = expr_make_action(ACTION_DELETE, $1, $2); }
	;

%%

/* The scanner, preceded by the token that chooses the family. */
static int
expr_yylex(EXPR_YYSTYPE *yylval, ExprParser *parser)
{
	int			token = parser->start_token;

	if (token != 0)
	{
		parser->start_token = 0;
		return token;
	}
	token = expr_scan(yylval, parser->scanner);
	if (token == 0)
		parser->token_end = -1;
	return token;
}

/*
 * Raises DynamoDB's syntax error.  It names the token and shows it with the
 * one before and the one after it, as they stand in the text; where there is
 * none, up to that end of the text.
 */
static void
expr_yyerror(ExprParser *parser, const char *message)
{
	Bytes		text = parser->expr->text;
	int			token_start = parser->token_start;
	int			token_end = parser->token_end;
	int			near_start = parser->previous_start;
	int			near_end = text.len;
	EXPR_YYSTYPE ignored;

	if (token_end < 0)
		expr_error(parser->expr, "Syntax error; token: \"<EOF>\", near: \"%.*s\"",
				   text.len - token_start, text.data + token_start);

	/* To DynamoDB, a character beyond the BMP is two tokens. */
	if (token_end - token_start == 4 && IS_HIGHBIT_SET(text.data[token_start]))
		near_end = token_end;
	else if (expr_scan(&ignored, parser->scanner) != 0)
		near_end = parser->token_end;
	expr_error(parser->expr, "Syntax error; token: \"%.*s\", near: \"%.*s\"",
			   token_end - token_start, text.data + token_start,
			   near_end - near_start, text.data + near_start);
}
