package page

// group is a stretch of ops that belong together on the blackboard.
type group struct {
	id  string
	ops []string
}

// groups are the results of sim/explain in blackboard order; of an op there are the messages
// sym.ID, name.ID and ops.say.ID.
var groups = []group{
	{"enter", []string{"x", "norm1"}},
	{"project", []string{"q", "k", "v", "qn", "kn"}},
	{"rope", []string{"Q", "k_rope"}},
	{"append", []string{"K", "V"}},
	{"attend", []string{"dots", "scores", "mask", "probs", "out"}},
	{"mix", []string{"attn", "proj", "mid"}},
	{"mlp", []string{"norm2", "gate", "up", "act", "down", "next"}},
	{"head", []string{"norm3", "logits", "chances"}},
}
