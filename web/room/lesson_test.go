package room

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"kvstep/docs"
	"kvstep/sim/lesson"
	"kvstep/sim/library"
	"kvstep/web/wire"
)

// TestEveryBeatIsReached: a room goes to every beat of every lesson, from one to the next and on to another lesson,
// through all kinds of runs; each frame has what the beat says.
func TestEveryBeatIsReached(t *testing.T) {
	own, bad := lesson.Open(docs.Lessons(), "lessons", nil)
	if len(bad) > 0 {
		t.Fatal(bad[0])
	}
	r, v := NewOf(context.Background(), library.New(), 2, lesson.NewCase(func() *lesson.Shelf { return own })), newViewer(t)
	defer r.Close()
	r.Do(v, wire.Command{Cmd: "open", Link: "?lesson=" + own.Lessons[0].Name + "&lang=en"})
	for _, l := range own.Lessons {
		for i := range l.Beats {
			c := wire.Command{Cmd: "lesson"}
			c.Lesson, c.Beat = l.Name, l.Beats[i].ID
			r.Do(v, c)
			v.reach(r, l.Name, i)
		}
	}
}

// reach reads frames until one is at the beat's moment, and says something. A beat that is walked to says it on the way.
func (v *viewer) reach(r *Room, name string, beat int) {
	v.t.Helper()
	for {
		select {
		case f := <-v.frames:
			var play lesson.PlayInfo
			if text := f.Meta[wire.LessonPart]; text == "" || json.Unmarshal([]byte(text), &play) != nil {
				continue
			}
			if play.Name != name || play.Beat != beat {
				continue
			}
			if !play.Here {
				if play.Play != "" && play.Text != nil {
					r.Do(v, wire.Command{Cmd: "forward", By: play.Play})
				}
				continue
			}
			if play.Cannot != nil || len(play.Text) == 0 && play.Ask == nil {
				v.t.Errorf("%s, beat %d: %+v", name, beat, play)
			}
			return
		case p := <-v.problems:
			v.t.Fatalf("%s, beat %d: %v", name, beat, p)
		case <-time.After(20 * time.Second):
			v.t.Fatalf("%s, beat %d is not reached", name, beat)
		}
	}
}

// TestALinkBeginsALesson: a link that names a lesson and no step goes to its beat, on the lesson's own run with what the link
// says in its place; one with a step is a moment, whatever it is of. What somebody brings back from before the lesson
// was edited is told.
func TestALinkBeginsALesson(t *testing.T) {
	own, _ := lesson.Open(docs.Lessons(), "lessons", nil)
	models, cased := library.New(), lesson.NewCase(func() *lesson.Shelf { return own })
	version := own.Find("decode").Version
	for _, c := range []struct {
		link, beat, prompt, answers, problem string
		here                                 bool
	}{
		{"?lesson=decode", "", "Monday, Tuesday,", "", "", true},
		{"?lesson=decode&beat=what-again", "what-again", "Monday, Tuesday,", "", "", true},
		{"?lesson=decode&beat=what-again&lang=zh", "what-again", "星期一，星期二，", "", "", true},
		{"?lesson=decode&beat=what-again&answers=what-again~0&prompt=Once+upon&version=" + version + "&name=Ada", "what-again", "Once upon", "what-again~0", "", true},
		{"?lesson=decode&beat=what-again&step=-1&prompt=Once+upon", "what-again", "Once upon", "", "", false},
		{"?lesson=decode&beat=what-again&step=5&new=11&model=story&prompt=Monday%2C+Tuesday%2C&version=0", "what-again", "Monday, Tuesday,", "", "play.edited", true},
		{"?lesson=decode&beat=what-again&version=0", "what-again", "Monday, Tuesday,", "", "play.edited", true},
		{"?lesson=decode&beat=no-more", "", "Monday, Tuesday,", "", "play.beat", true},
		{"?lesson=nothing", "", "", "", "play.none", false},
	} {
		// Whoever comes anew, and whoever brings it into a room where something else is on screen.
		for _, anew := range []bool{true, false} {
			r, v := NewOf(context.Background(), models, 2, cased), newViewer(t)
			if link, _ := lesson.ReadLink(c.link); !anew && (!link.Begins() || strings.Contains(c.link, "lang=zh")) {
				r.Close()
				continue // such a one is only opened; and a room has its viewers' languages
			}
			if anew {
				r.Do(v, wire.Command{Cmd: "open", Link: c.link})
			} else {
				r.Do(v, wire.Command{Cmd: "open", Link: "?new=2"})
				r.Do(v, wire.Command{Cmd: "lesson", Link: c.link})
			}
			if c.problem != "" {
				v.problem(c.problem)
			}
			if c.problem != "play.none" {
				v.plays(c.link, func(play *lesson.PlayInfo, link wire.Link) bool {
					return play.Name == "decode" && (play.ID == c.beat || c.beat == "" && play.Beat == 0) && play.Here == c.here &&
						link.Recipe.Prompt == c.prompt && link.View.Answers == c.answers
				})
			}
			r.Close()
		}
	}
}

// TestALessonGoesOnInAnotherLanguage: its words and its run are that language's, at the same beat.
func TestALessonGoesOnInAnotherLanguage(t *testing.T) {
	own, _ := lesson.Open(docs.Lessons(), "lessons", nil)
	r, v := NewOf(context.Background(), library.New(), 2, lesson.NewCase(func() *lesson.Shelf { return own })), newViewer(t)
	defer r.Close()
	r.Do(v, wire.Command{Cmd: "open", Link: "?lesson=decode&beat=what-again&lang=en"})
	for _, x := range []struct{ lang, prompt string }{{"zh", "星期一，星期二，"}, {"en", "Monday, Tuesday,"}} {
		c := wire.Command{Cmd: "lesson", Lang: x.lang}
		c.Lesson, c.Beat = "decode", "what-again"
		r.Do(v, c)
		v.plays(x.lang, func(play *lesson.PlayInfo, link wire.Link) bool {
			return play.Title == own.Find("decode").TitleIn(x.lang) && play.ID == "what-again" && play.Here && link.Lang == x.lang && link.Recipe.Prompt == x.prompt
		})
	}
}

// plays reads frames until one is of a lesson as it should be.
func (v *viewer) plays(what string, good func(*lesson.PlayInfo, wire.Link) bool) {
	v.t.Helper()
	last := ""
	for {
		select {
		case f := <-v.frames:
			var play lesson.PlayInfo
			var query string
			_ = json.Unmarshal([]byte(f.Meta["link"]), &query)
			link, err := wire.ParseLink(query)
			if text := f.Meta[wire.LessonPart]; err == nil && text != "" && json.Unmarshal([]byte(text), &play) == nil && good(&play, link) {
				return
			}
			last = f.Meta["link"] + f.Meta[wire.LessonPart]
		case p := <-v.problems:
			v.t.Fatalf("%s: %v", what, p)
		case <-time.After(10 * time.Second):
			v.t.Fatalf("%s: not played, at last %.300s", what, last)
		}
	}
}

// TestALessonGoesOnWithoutWhatCannotRun: a model under a lesson that its run refuses is told, and the lesson is played
// on its own run.
func TestALessonGoesOnWithoutWhatCannotRun(t *testing.T) {
	own, _ := lesson.Open(docs.Lessons(), "lessons", nil)
	r, v := NewOf(context.Background(), library.New(), 2, lesson.NewCase(func() *lesson.Shelf { return own })), newViewer(t)
	defer r.Close()
	r.Do(v, wire.Command{Cmd: "open", Link: "?lesson=speculation&model=paper&prompt=cat+sees&lang=en"})
	told := false
	for {
		select {
		case f := <-v.frames:
			var play lesson.PlayInfo
			if text := f.Meta[wire.LessonPart]; text == "" || json.Unmarshal([]byte(text), &play) != nil || !play.Here {
				continue
			}
			if !told || play.Name != "speculation" || play.Cannot != nil || len(play.Text) == 0 {
				t.Errorf("told %v: %+v", told, play)
			}
			return
		case <-v.problems:
			told = true
		case <-time.After(20 * time.Second):
			t.Fatal("the lesson is not played")
		}
	}
}
