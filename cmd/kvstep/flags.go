package main

import (
	"errors"
	"strconv"

	"github.com/spf13/pflag"

	"kvstep/sim"
)

// kinds are the messages for a value that is not of the kind that its flag has.
var kinds = map[string]string{
	"int": "cli.flag_whole", "int64": "cli.flag_whole", "uint64": "cli.flag_whole", "float64": "cli.flag_number",
	"intSlice": "cli.flag_whole_list", "bool": "cli.flag_yes_no",
}

// flagProblem says what is wrong with a command line, which pflag says in English only.
func flagProblem(err error) error {
	var p *sim.Problem
	var value *pflag.InvalidValueError
	var empty *pflag.ValueRequiredError
	var unknown *pflag.NotExistError
	var form *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &p): // of a flag with a kind of its own
		return err
	case errors.As(err, &value):
		id := kinds[value.GetFlag().Value.Type()]
		switch {
		case errors.Is(err, strconv.ErrRange):
			id = "cli.flag_far"
		case id == "":
			id = "cli.flag_value"
		}
		return sim.NewProblem(id, "Flag", "--"+value.GetFlag().Name, "Have", value.GetValue()).Because(err)
	case errors.As(err, &empty):
		return sim.NewProblem("cli.flag_empty", "Flag", dashed(empty.GetSpecifiedName())).Because(err)
	case errors.As(err, &unknown):
		return sim.NewProblem("cli.flag_unknown", "Flag", dashed(unknown.GetSpecifiedName())).Because(err)
	case errors.As(err, &form):
		return sim.NewProblem("cli.flag_form", "Have", form.GetSpecifiedFlag()).Because(err)
	}
	return err
}

// dashed returns a flag as a person writes it.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
