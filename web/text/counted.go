package text

import "regexp"

// nouns are what messages count, without the ends of their plurals; static/js/text.js has the same.
const nouns = "row|one|key|byte|token|layer|head|position|number|pass|step|pair|quer|logit|block|request|sequence|" +
	"proposal|bit|time|place|product|sum|run|parameter|model|beam|read|point|sink|nat|second|bookmark|breakpoint|" +
	"tensor|file|guess|slot|character|choice|cell|fault|word|text"

// counted is a number in an English message, what it counts, and the verb of that.
var counted = regexp.MustCompile(`\{\{\s*\.(\w+)\s*\}\}( (?:[a-z]+ )?)(` + nouns + `)(ies|e?s)\b( are| were| have| come| meet)?`)

// single are the verbs of one.
var single = map[string]string{"": "", " are": " is", " were": " was", " have": " has", " come": " comes", " meet": " meets"}

// countOne lets every noun of an English message that a number stands before follow that number: a message may have
// several, and the plural forms of a catalogue follow one alone.
func countOne(message string) string {
	return counted.ReplaceAllStringFunc(message, func(s string) string {
		m := counted.FindStringSubmatch(s)
		name, between, noun, verb := m[1], m[2], m[3], m[5]
		if between == " of " { // head 1 of heads 3, 4, 5
			return s
		}
		if noun == "quer" {
			noun = "query"
		}
		return "{{." + name + "}}" + between + `{{if eq (print .` + name + `) "1"}}` + noun + single[verb] + "{{else}}" + m[3] + m[4] + verb + "{{end}}"
	})
}
