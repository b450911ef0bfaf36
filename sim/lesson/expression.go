package lesson

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// Expression is an expression over what the lenses show at a moment (Values).
type Expression struct {
	Place
	Source  string
	Want    Want
	reads   map[string]bool // lenses, as "lens" or "moment.lens"
	program *vm.Program
	over    *Expression // of a quotient, and what it divides by; nil for others
	under   *Expression
}

// Want is what an expression has to give.
type Want int

// Anything that can be said, a number, true or false, or a list of numbers.
const (
	Sayable Want = iota
	Number
	Truth
	NumberList
)

const (
	maxSource   = 500     // characters
	maxNodes    = 300     // of an expression
	maxElements = 1 << 16 // of the lists that one evaluation makes
)

// functions are the builtins of expr that give the same for the same, and cannot grow what they are given.
var functions = []string{
	"all", "none", "any", "one", "filter", "map", "find", "findIndex", "findLast", "findLastIndex", "count", "sum",
	"len", "abs", "ceil", "floor", "round", "int", "float", "string", "max", "min", "mean", "median",
	"first", "last", "take", "reverse", "indexOf", "hasPrefix", "hasSuffix",
}

// scope is what an expression may name beside the lenses: other moments of its lesson.
type scope struct{ moments []string }

// compile reads an expression. Names that no lens has, and what gives something else than is
// wanted, are faults at their places.
func (s scope) compile(at Place, source string, want Want, also ...string) (*Expression, error) {
	if len(source) > maxSource {
		return nil, faultAt(at, "lesson.expression.long", "Have", len(source), "Most", maxSource)
	}
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, expressionFault(at, source, err)
	}
	look := &looker{moments: s.moments, at: at, reads: map[string]bool{}}
	ast.Walk(&tree.Node, look)
	if look.bad != nil {
		return nil, look.bad
	}
	e := &Expression{Place: at, Source: source, Want: want, reads: look.reads}
	options := []expr.Option{expr.Env(schema(look.reads, s.moments, also)), expr.MaxNodes(maxNodes), expr.Optimize(false), expr.DisableAllBuiltins()}
	for _, name := range functions {
		options = append(options, expr.EnableBuiltin(name))
	}
	switch want {
	case Number:
		options = append(options, expr.AsFloat64(), expr.WarnOnAny())
	case Truth:
		options = append(options, expr.AsBool(), expr.WarnOnAny())
	}
	if e.program, err = expr.Compile(source, options...); err != nil {
		return nil, expressionFault(at, source, err)
	}
	if x, ok := tree.Node.(*ast.BinaryNode); ok && x.Operator == "/" {
		if e.over, err = s.compile(at, x.Left.String(), Number, also...); err == nil {
			e.under, err = s.compile(at, x.Right.String(), Number, also...)
		}
		if err != nil { // what is divided is no number that can stand alone
			e.over, e.under = nil, nil
		}
	}
	return e, nil
}

// looker sees what an expression reads, and what it may not have: loops inside loops, whose time
// nobody bounds, and names of its own, by which a short text becomes a long one.
type looker struct {
	at      Place
	moments []string
	reads   map[string]bool
	bad     error
}

func (l *looker) Visit(n *ast.Node) {
	switch x := (*n).(type) {
	case *ast.IdentifierNode:
		if !slices.Contains(l.moments, x.Value) {
			l.reads[x.Value] = true
		}
	case *ast.MemberNode:
		if of, ok := x.Node.(*ast.IdentifierNode); ok && slices.Contains(l.moments, of.Value) {
			if name, ok := x.Property.(*ast.StringNode); ok {
				l.reads[of.Value+"."+name.Value] = true
			}
		}
	case *ast.VariableDeclaratorNode, *ast.SequenceNode:
		l.refuse(x, "let")
	case *ast.BuiltinNode:
		if inner := nested(x); inner != nil {
			l.refuse(inner, x.Name)
		}
	}
}

func (l *looker) refuse(n ast.Node, what string) {
	if l.bad == nil {
		l.bad = faultAt(within(l.at, n.Location().From), "lesson.expression.refused", "What", what)
	}
}

// nested returns a loop inside a loop's predicate, nil where there is none.
func nested(n *ast.BuiltinNode) (inner ast.Node) {
	for _, arg := range n.Arguments {
		if p, ok := arg.(*ast.PredicateNode); ok {
			find := loops{}
			ast.Walk(&p.Node, &find)
			inner = cmp.Or(inner, find.found)
		}
	}
	return inner
}

type loops struct{ found ast.Node }

func (l *loops) Visit(n *ast.Node) {
	if x, ok := (*n).(*ast.BuiltinNode); ok && l.found == nil {
		if i := slices.IndexFunc(builtin.Builtins, func(f *builtin.Function) bool { return f.Name == x.Name }); i >= 0 && builtin.Builtins[i].Predicate {
			l.found = x
		}
	}
}

// within is a place so many characters on; expressions stand in one line, mostly.
func within(at Place, from int) Place {
	at.Col += from
	return at
}

func expressionFault(at Place, source string, err error) error {
	var e *file.Error
	if errors.As(err, &e) {
		at = within(at, e.From)
		return faultAt(at, "lesson.expression.wrong", "Source", source, "Why", e.Message)
	}
	return faultAt(at, "lesson.expression.wrong", "Source", source, "Why", err.Error())
}

// run evaluates; what is not there at this moment, is no finite number, or is not what was wanted, is a fault.
func (e *Expression) run(v *Values, vars map[string]any) (any, error) {
	env, err := v.env(e, vars)
	if err != nil {
		return nil, err
	}
	machine := vm.VM{MemoryBudget: maxElements}
	x, err := machine.Run(e.program, env)
	if err != nil {
		var at *file.Error
		if errors.As(err, &at) {
			return nil, faultAt(within(e.Place, at.From), "lesson.expression.absent", "Source", e.Source, "Why", at.Message)
		}
		return nil, faultAt(e.Place, "lesson.expression.absent", "Source", e.Source, "Why", err.Error())
	}
	if x, err = e.given(x); err != nil {
		return nil, err
	}
	return x, nil
}

// say returns the value as people read it. A ratio is that of the two numbers as they are written, as on the bars: who
// divides them finds it.
func (e *Expression) say(v *Values, unit string) (string, error) {
	x, err := e.run(v, nil)
	if err == nil && unit == "ratio" && e.over != nil {
		var over, under any
		if over, err = e.over.run(v, nil); err == nil {
			under, err = e.under.run(v, nil)
		}
		if err == nil {
			x = written3(over.(float64)) / written3(under.(float64))
		}
	}
	if err != nil {
		return "", err
	}
	return Format(x, unit), nil
}

// given brings a value into what is wanted.
func (e *Expression) given(x any) (any, error) {
	switch v := x.(type) {
	case int:
		x = float64(v)
	case int64:
		x = float64(v)
	}
	if f, ok := x.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return nil, faultAt(e.Place, "lesson.expression.number", "Source", e.Source)
	}
	ok := false
	switch e.Want {
	case Sayable:
		switch x.(type) {
		case float64, string, bool:
			ok = true
		}
	case Number:
		_, ok = x.(float64)
	case Truth:
		_, ok = x.(bool)
	case NumberList:
		var list []float64
		if list, ok = numbers(x); ok {
			for _, f := range list {
				if math.IsNaN(f) || math.IsInf(f, 0) {
					return nil, faultAt(e.Place, "lesson.expression.number", "Source", e.Source)
				}
			}
			return list, nil
		}
	}
	if !ok {
		return nil, faultAt(e.Place, "lesson.expression.kind", "Source", e.Source, "Have", fmt.Sprintf("%T", x))
	}
	return x, nil
}

// numbers returns a list as numbers, false where it is none.
func numbers(x any) (list []float64, ok bool) {
	switch v := x.(type) {
	case []float64:
		return v, true
	case []any:
		for _, y := range v {
			switch n := y.(type) {
			case float64:
				list = append(list, n)
			case int:
				list = append(list, float64(n))
			default:
				return nil, false
			}
		}
		return list, true
	}
	return nil, false
}
