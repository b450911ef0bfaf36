// Package lesson is lessons as data: a folder of plain files that names moments of a run,
// says words about them and asks questions, whose numbers and right answers are expressions
// over what the lenses show (sim/lens). It parses, checks, evaluates and grades; it opens
// no files and knows no screen, so that it runs wherever the engine runs.
//
// Its files, in the order in which they are read:
//
//	lesson.go      what a lesson is
//	tree.go        YAML -> values with places
//	structure.go   values -> a lesson
//	words.go       Markdown -> words, beat by beat
//	pieces.go      a line of it: numbers, terms, lights; no number by hand
//	markdown.go    what goldmark is taught: {{ numbers }} and [[terms]]
//	expression.go  what an expression may do
//	values.go      what it sees: the lenses, typed
//	kinds.go       the list of kinds of questions; kind_NAME.go is one of them
//	moment.go      moments of a run, by pass and part
//	format.go      numbers as the page writes them
//	say.go         words with their numbers, at a moment
//	grade.go       answers, and what they are told
//	key.go         all answers that a question names
//	check.go       everything above, on the real engine; check_answers.go its questions; what needs no run is
//	               in check_words.go and check_names.go
//	shelf.go       folders of lessons
//	handin.go      answers that somebody hands in, as a file or an address
//	marks.go       what each of them is worth
package lesson

// Lesson is a lesson as its files have it.
type Lesson struct {
	Name    string // of its folder
	Version string // of its files' content
	Order   int    // among others: smaller ones come first
	Minutes int    // that it takes
	First   bool   // it is played to who has never been here, with sentences of at most 15 words
	Needs   []string
	For     []string    // models that it is made for; none: any
	Speaks  []string    // languages; what it does not say it speaks all
	Moments []Moment    // that expressions name beside their own
	Holds   *Expression // whether what it says is true of a run, at any beat's moment; nil: of all
	Run     Run
	Beats   []Beat
	Words   map[string]*Words // by language
	Reasons Reasons           // of wrong answers: misconceptions, by id

	file   string // its lesson.yaml
	needed []Place
	known  *Known // what stands beside it; nil: nobody has said
}

// Moment is a moment of the run by a name.
type Moment struct {
	Name string
	When When
}

// Run is a recipe as links write it, key by key; what it does not say is the model's default.
type Run []Given

// Given is one key of a run.
type Given struct {
	Place
	Key   string
	Texts map[string][]string // by language; "" is for all. Lists have several
}

// Beat is one moment of a lesson: what is to be seen, what is lit, and what the learner must do to go on.
type Beat struct {
	Place
	ID    string
	Run   Run // beside the lesson's, from this beat on
	At    When
	Play  string      // layer or token: the run is seen to walk there from the moment of the beat before, so by so
	Holds *Expression // whether what it says is true of a run; nil: of all
	Look  Look
	Open  []string // panels
	Light []string // parts of the page; everything else dims
	Go    string   // press, step, pick or answer
	Ask   *Question

	opens, lights []Place // where Open and Light are written
}

// Look is what is picked at a beat.
type Look struct {
	Layer *When // its Layer only
	Head  int
	Seq   int // sequence, in a run of several
	Op    string
	Cell  []int  // row and column of an op's matrix
	Real  string // "model@device": the same run at real size beside it
}

// The ways on. A beat with a question goes on by an answer.
const (
	ByPress  = "press"
	ByStep   = "step"
	ByPick   = "pick"
	ByAnswer = "answer"
)

// Question is what a beat asks. Its kind says which other fields it has.
type Question struct {
	Place
	Kind   *Kind
	Reveal When        // the moment at which it is graded; the beat's, where the lesson says none
	Holds  *Expression // whether it can be asked of a run, at that moment; nil: of all
	Unit   string
	Within float64     // share of the right number by which an answer may differ
	Right  *Expression // number, token, cells, curve
	Wrong  []Wrong

	Several bool       // choice: more than one may be right
	Choices []Choice   // choice and order
	Cells   *CellRange // cells
	Points  *Expression
	Most    *Expression // that a point may have

	look Look // of its beat
}

// Choice is one of those that a question offers: right if its expression is true, or, in an
// order, placed by its number.
type Choice struct {
	Place
	ID   string
	Expr *Expression
	Why  string // the misconception that it comes from
}

// Wrong is a wrong answer that somebody who believes something gives.
type Wrong struct {
	Place
	ID     string
	Why    string
	Answer *Expression
	Order  []string // of an order, instead
}

// CellRange says which cells a question is about.
type CellRange struct {
	Op   string
	Lane string
	By   string // row, col or cell: what one press picks
	One  bool   // there is one to be picked, and picking it answers
	Rows *Expression
	Cols *Expression
}

// Words are a lesson's words in one language.
type Words struct {
	File  string
	Title string
	Intro []Block
	Beats map[string]*BeatWords
	order []string
}

// BeatWords are what one beat says.
type BeatWords struct {
	Place
	Title   string
	Text    []Block
	Ask     []Block          // the question
	Answers map[string]Reply // by id of a choice or a wrong answer; "right" for who is right
	order   []string
}

// Reply is a choice's text, and what who chooses it is told.
type Reply struct {
	Place
	Text []Piece
	Says []Block
}

// RightReply is the id of what is said to who is right.
const RightReply = "right"
