package room

import (
	"context"
	"encoding/json"
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
