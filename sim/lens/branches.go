package lens

import (
	"cmp"
	"strings"

	"kvstep/sim/kv"
)

// branchesLens is the runs of a room that keeps several, or did.
var branchesLens = Lens{Name: "branches", Of: OfHead, Needs: []Need{someBranches}, Crowds: true, Show: value(showBranches)}

// BranchesInfo are the runs of a room that keeps several, or did.
type BranchesInfo struct {
	Current   int            `json:"current"`           // the branch on screen
	Most      int            `json:"most"`              // so many are kept; then the one that was on screen longest ago goes
	Held      Integer        `json:"held"`              // bytes of the rows of all, shared ones once
	Evicted   *EvictedBranch `json:"gone,omitempty"`    // the last one that had to go
	NamesOnly bool           `json:"lean,omitempty"`    // beside the picture of an op there are only id, parent and compare.with
	List      []BranchInfo   `json:"list"`              // oldest first
	Compare   *CompareInfo   `json:"compare,omitempty"` // if the viewer asks for it
}

// BranchInfo is one of them. Counts of 0 and empty texts are left out.
type BranchInfo struct {
	ID      int     `json:"id"`
	Parent  int     `json:"parent,omitempty"`
	Step    int     `json:"step,omitzero"`     // the head step at which it parts from its parent; 0: it has none
	From    int     `json:"from,omitzero"`     // generated tokens that they have in common
	Token   string  `json:"token,omitempty"`   // what it says then
	Instead string  `json:"instead,omitempty"` // and its parent
	Cache   string  `json:"cache,omitempty"`   // its policy, if that is another
	Text    string  `json:"text,omitempty"`    // the first of what it says from there on
	Tokens  int     `json:"tokens,omitzero"`   // generated, as far as it was run
	Cursor  int     `json:"cursor,omitzero"`
	Ended   string  `json:"ended,omitempty"`
	Bytes   Integer `json:"bytes,omitzero"`   // of its rows
	Shared  Integer `json:"shared,omitempty"` // of those, bytes that other branches have too (the same memory)
}

// textShown is how much of a branch's text the tree shows, in bytes.
const textShown = 45

func showBranches(m *Moment) *BranchesInfo {
	info := &BranchesInfo{Current: m.Branch, Most: cmp.Or(m.Keeps, MaxBranches), Held: Integer(m.Held), Evicted: m.Evicted, List: []BranchInfo{}}
	if m.View.Op != "" {
		return namesOnly(m, info)
	}
	for _, b := range m.Branches {
		made := b.generated()
		x := BranchInfo{ID: b.ID, Parent: b.Parent, Step: b.At, Tokens: len(made), Cursor: b.Cursor, Ended: b.Ended, Bytes: Integer(b.Bytes), Shared: Integer(b.Shared)}
		text := b.said(b.Recorded - 1)
		if p := branchOf(m, b.Parent); p != nil {
			if a, c := kv.Text(p.Recipe.Cache), kv.Text(b.Recipe.Cache); a != c || p.Recipe.Cache.Budget != b.Recipe.Cache.Budget {
				x.Cache = c
			}
			other := p.generated()
			x.From = common(made, other)
			if x.From < len(made) {
				x.Token = m.Label(made[x.From])
			}
			if x.From < len(other) {
				x.Instead = m.Label(other[x.From])
			}
			text = strings.TrimPrefix(text, b.said(b.before(x.From)))
		}
		x.Text = cut(text, textShown)
		info.List = append(info.List, x)
	}
	info.Compare = compareBranches(m)
	return info
}

// namesOnly only names the branches, and what is compared as soon as there is room.
func namesOnly(m *Moment, info *BranchesInfo) *BranchesInfo {
	info.NamesOnly = true
	for _, b := range m.Branches {
		info.List = append(info.List, BranchInfo{ID: b.ID, Parent: b.Parent})
	}
	if branchOf(m, m.View.Compare) != nil {
		info.Compare = &CompareInfo{With: m.View.Compare}
	}
	return info
}

// cut returns the beginning of a text, in whole characters.
func cut(text string, most int) string {
	for i := range text {
		if i > most {
			return text[:i] + "…"
		}
	}
	return text
}
