package page

import (
	"strings"

	"kvstep/sim/kv"
)

// offersWith names the offers that ask for a parameter.
func offersWith(param string) string {
	var names []string
	for _, o := range kv.Offers() {
		if o.Shows(param) {
			names = append(names, o.Name)
		}
	}
	return strings.Join(names, " ")
}

// firstValue is the value of a parameter in the first offer that asks for it.
func firstValue(p kv.Param) string {
	for _, o := range kv.Offers() {
		if o.Shows(p.Name) {
			return p.Value(o.Start)
		}
	}
	return ""
}
