/*
 * expr_ast.h
 *		Inside of the expression layer: syntax trees, operators, bound
 *		expressions.  Other layers include expr.h only.
 *
 * An expression is checked in the order in which DynamoDB reports errors:
 *
 *	1. its size;
 *	2. its syntax, and redundant parentheses, from left to right (expr_gram.y);
 *	3. from the root downwards, operands from left to right: names of
 *	   functions and where they stand, reserved words, list indexes, sections
 *	   used twice (parse.c);
 *	4. once names and values are known, operands before their operator:
 *	   undefined placeholders, numbers and types of operands, the number of
 *	   operators; in updates and projections the target paths first, from the
 *	   last to the first (bind.c).
 *
 * 1 to 3 need the text alone, so their outcome is cached; 4 is done per call.
 */
#ifndef DYNAMO_EXPR_AST_H
#define DYNAMO_EXPR_AST_H

#include "lib/ilist.h"
#include "nodes/pg_list.h"

#include "expr/expr.h"

/* ---- syntax trees ---- */

typedef struct ExprOperator ExprOperator;

typedef enum ExprNodeTag
{
	EXPR_PATH,
	EXPR_VALUE,
	EXPR_OPERATION,				/* an operator or a function */
} ExprNodeTag;

/* One step of a document path: an attribute name, or an index of a list. */
typedef struct PathStep
{
	bool		is_index;
	Bytes		text;			/* as written: a name, "#name", or digits */
	int			slot;			/* of a "#name" in ParsedExpr.names; -1 otherwise */
	int			index;
} PathStep;

typedef struct ExprNode
{
	ExprNodeTag tag;
	bool		in_parentheses;
	union
	{
		struct
		{
			int			nsteps;
			PathStep   *steps;
		}			path;
		struct
		{
			int			slot;	/* in ParsedExpr.values */
		}			value;
		struct
		{
			const ExprOperator *operator;	/* NULL: function of unknown name */
			Bytes		name;	/* as written, of a function */
			int			nargs;
			struct ExprNode **args;
		}			operation;
	};
} ExprNode;

/* What an update or a projection does with one path. */
typedef enum PathActionType
{
	ACTION_SET,
	ACTION_REMOVE,
	ACTION_ADD,
	ACTION_DELETE,
	ACTION_PROJECT,
} PathActionType;

typedef struct PathAction
{
	PathActionType type;
	bool		repeats_section;	/* last of a section that was there before */
	ExprNode   *path;
	ExprNode   *operand;		/* NULL for ACTION_REMOVE and ACTION_PROJECT */
} PathAction;

/*
 * A parsed expression.  It owns its memory context and is freed when it has
 * left the cache and the last BoundExpr that pins it is gone.
 */
struct ParsedExpr
{
	ExprKind	kind;
	bool		is_legacy;		/* made of parameters, not of a text: no context */
	Bytes		text;
	MemoryContext context;

	ExprNode   *condition;		/* conditions, filters, key conditions */
	int			nactions;		/* updates and projections */
	PathAction *actions;

	int			nnames;			/* distinct "#name"s and ":value"s */
	Bytes	   *names;
	int			nvalues;
	Bytes	   *values;

	int			npins;			/* the cache's own included */
	dlist_node	lru;
};

/* ---- bound expressions ---- */

/*
 * The paths of an update or a projection as a tree.  The children of a node
 * are all names or all indexes, in ascending order; a leaf has an action.
 */
typedef struct PathNode
{
	Bytes		name;
	int			index;			/* -1 where the step is a name */
	int			nchildren;
	struct PathNode *first_child;
	struct PathNode *next_sibling;
	const PathAction *action;
} PathNode;

struct BoundExpr
{
	ParsedExpr *expr;
	MemoryContextCallback unpin;
	PathNode   *paths;			/* root of updates and projections */
	Bytes	   *names;			/* by slot; data is NULL until resolved */
	AttributeValue *values;
};

/* ---- operators and functions (operators.c) ---- */

/* Where the result of an operator or function may stand. */
#define USE_CONDITION	0x01	/* as a condition */
#define USE_OPERAND		0x02	/* as an operand */
#define USE_SET_VALUE	0x04	/* as the whole right side of a SET */

#define IN_CONDITIONS	0x01
#define IN_UPDATES		0x02

/* A set of attribute types. */
#define TYPE_BIT(type)	(1 << (type))
#define ANY_TYPE		0xFFFF
#define ORDERED_TYPES	(TYPE_BIT(ATTRIBUTE_S) | TYPE_BIT(ATTRIBUTE_N) | \
						 TYPE_BIT(ATTRIBUTE_B))

typedef enum OperatorId
{
	OP_AND, OP_OR, OP_NOT,
	OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_BETWEEN, OP_IN,
	OP_PLUS, OP_MINUS,
	FN_ATTRIBUTE_EXISTS, FN_ATTRIBUTE_NOT_EXISTS, FN_ATTRIBUTE_TYPE,
	FN_BEGINS_WITH, FN_CONTAINS, FN_SIZE, FN_IF_NOT_EXISTS, FN_LIST_APPEND,
	NUM_OPERATORS,
} OperatorId;

struct ExprOperator
{
	OperatorId	id;
	const char *name;			/* as DynamoDB's messages name it */
	int			kinds;			/* IN_CONDITIONS, IN_UPDATES; 0: not by name */
	int			uses;
	int			nargs;			/* -1: the grammar sees to it */
	int			first_types;	/* of a literal as first operand */
	int			other_types;	/* of literals as other operands */
	int			result_type;	/* as TYPE_BIT; ANY_TYPE if it depends */
	bool		first_is_path;
	bool		first_is_distinct;	/* the same path may not stand again */
	/* What else the operands must be, or NULL. */
	void		(*check) (const BoundExpr *bound, const ExprNode *node);
	/* One of the two. */
	bool		(*holds) (const BoundExpr *bound, const ExprNode *node,
						  AttributeValue item);
	AttributeValue (*value) (const BoundExpr *bound, const ExprNode *node,
							 AttributeValue item);
};

extern const ExprOperator *expr_operator(OperatorId id);
/* By exact name; NULL if there is no such function. */
extern const ExprOperator *expr_function(Bytes name);

/* ---- parsing (expr_scan.l, expr_gram.y, parse.c) ---- */

typedef struct ExprParser
{
	ParsedExpr *expr;
	void	   *scanner;
	int			start_token;	/* given to the grammar first, then 0 */
	/* Positions in the text, for syntax errors. */
	int			previous_start; /* 0 before the second token */
	int			token_start;
	int			token_end;
	bool		redundant_parentheses;	/* seen, to be reported */
	bool		committed;		/* report them at once */
	int			call_depth;		/* of functions within functions */
	int			sections_seen;	/* of an update, by TYPE_BIT of the action */
	List	   *names;			/* of PlaceholderText */
	List	   *values;
	List	   *actions;
} ExprParser;

/* Called by the grammar. */
extern ExprNode *expr_make_path(ExprParser *parser, List *steps);
extern PathStep *expr_make_name(ExprParser *parser, Bytes text);
extern PathStep *expr_make_index(ExprParser *parser, Bytes text);
extern ExprNode *expr_make_value(ExprParser *parser, Bytes text);
extern ExprNode *expr_make_operation(OperatorId id, List *args);
extern ExprNode *expr_make_connective(OperatorId id, ExprNode *left,
									  ExprNode *right);
extern Bytes expr_begin_call(ExprParser *parser, Bytes name);
extern ExprNode *expr_end_call(ExprParser *parser, Bytes name, List *args);
extern ExprNode *expr_parenthesize(ExprParser *parser, ExprNode *node);
extern OperatorId expr_commit(ExprParser *parser, OperatorId id);
extern ExprNode *expr_settle(ExprParser *parser, ExprNode *node);
extern void expr_begin_section(ExprParser *parser, PathActionType type,
							   List *actions);
extern PathAction *expr_make_action(PathActionType type, ExprNode *path,
									ExprNode *operand);

/* The length of UTF-8 text in UTF-16 units, as DynamoDB counts (parse.c). */
extern int	expr_utf16_length(Bytes text);

/* True if the identifier is one of DynamoDB's reserved words (reserved.c). */
extern bool expr_is_reserved(Bytes word);

/* Parses without the cache, in the current memory context (parse.c). */
extern ParsedExpr *expr_parse_text(ExprKind kind, Bytes text);

/* ---- cache (cache.c) ---- */

extern void expr_pin(ParsedExpr *expr);
extern void expr_unpin(ParsedExpr *expr);

/* ---- binding (bind.c) ---- */

/* "STRING", "NUMBER", ...: as messages about ADD and DELETE name types but sets. */
extern const char *expr_long_type_name(AttributeType type);

/* ---- names, paths (paths.c) ---- */

/* The attribute name of a step that is none of an index. */
static inline Bytes
path_step_name(const BoundExpr *bound, const PathStep *step)
{
	return step->slot < 0 ? step->text : bound->names[step->slot];
}

extern AttributeValue expr_path_value(const BoundExpr *bound,
									  const ExprNode *path, AttributeValue item);
extern bool expr_paths_equal(const BoundExpr *bound, const ExprNode *a,
							 const ExprNode *b);
/* "[m, a, [0]]": as DynamoDB's messages show a path. */
extern char *expr_path_text(const BoundExpr *bound, const ExprNode *path);
/* Adds the path of actions[i]; raises if it meets one of those after it. */
extern void expr_path_tree_add(BoundExpr *bound, int i);
/* The same of all actions at once, whose paths are of one name each, all different. */
extern void expr_path_tree_of_names(BoundExpr *bound);

/* ---- evaluation (condition.c, update.c) ---- */

/* The value of an operand; NO_ATTRIBUTE_VALUE where a path leads nowhere. */
extern AttributeValue expr_operand(const BoundExpr *bound, const ExprNode *node,
								   AttributeValue item);

extern bool condition_and(const BoundExpr *bound, const ExprNode *node,
						  AttributeValue item);
extern bool condition_or(const BoundExpr *bound, const ExprNode *node,
						 AttributeValue item);
extern bool condition_not(const BoundExpr *bound, const ExprNode *node,
						  AttributeValue item);
extern bool condition_compare(const BoundExpr *bound, const ExprNode *node,
							  AttributeValue item);
extern bool condition_between(const BoundExpr *bound, const ExprNode *node,
							  AttributeValue item);
extern bool condition_in(const BoundExpr *bound, const ExprNode *node,
						 AttributeValue item);
extern bool condition_attribute_exists(const BoundExpr *bound,
									   const ExprNode *node, AttributeValue item);
extern bool condition_attribute_type(const BoundExpr *bound,
									 const ExprNode *node, AttributeValue item);
extern bool condition_begins_with(const BoundExpr *bound, const ExprNode *node,
								  AttributeValue item);
extern bool condition_contains(const BoundExpr *bound, const ExprNode *node,
							   AttributeValue item);
extern AttributeValue operand_size(const BoundExpr *bound, const ExprNode *node,
								   AttributeValue item);
extern AttributeValue operand_arithmetic(const BoundExpr *bound,
										 const ExprNode *node,
										 AttributeValue item);
extern AttributeValue operand_if_not_exists(const BoundExpr *bound,
											const ExprNode *node,
											AttributeValue item);
extern AttributeValue operand_list_append(const BoundExpr *bound,
										  const ExprNode *node,
										  AttributeValue item);

/* Raises ValidationException "Invalid <kind>Expression: ...". */
#define expr_error(expr, format, ...) \
	validation_error("Invalid %s: " format, \
					 expr_kind_name((expr)->kind), ##__VA_ARGS__)

/* For "%.*s". */
#define BYTES_ARGS(bytes)	(bytes).len, (bytes).data

#endif							/* DYNAMO_EXPR_AST_H */
