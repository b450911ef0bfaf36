package wire

import (
	"context"
	"encoding/json"
	"testing"

	"kvstep/docs"
	"kvstep/sim/lesson"
	"kvstep/sim/library"
)

// TestALessonIsSmall: what a lesson adds to a frame is at most 1 KB beside its words, at every beat of every lesson
// in both languages, before and after the right answer.
func TestALessonIsSmall(t *testing.T) {
	own, _ := lesson.Open(docs.Lessons(), "lessons", nil)
	player := lesson.NewPlayer(library.New())
	beats, most := 0, 0
	for _, l := range own.Lessons {
		for _, lang := range lesson.Languages {
			for i := range l.Beats {
				r, err := l.RecipeAt(i, lang, nil)
				if err != nil {
					t.Fatal(err)
				}
				stage, err := player.Stage(context.Background(), r, lang)
				if err != nil {
					t.Fatal(err)
				}
				known := []lesson.Outcome{{ID: "none"}}
				if l.Beats[i].Ask != nil {
					answers, err := l.Outcomes(lang, i, stage)
					if err != nil {
						t.Fatal(err)
					}
					known = append(known, answers...)
				}
				beats++
				for _, given := range known {
					play := l.Say(lang, i, given.Given, stage)
					size, words := measured(play)
					if most = max(most, size-words); size-words > 1024 {
						t.Errorf("%s %s %s, answer %q: %d beside %d of words", l.Name, play.ID, lang, given.ID, size-words, words)
					}
				}
			}
		}
	}
	t.Logf("%d beats, most %d", beats, most)
}

// measured counts the bytes of what a frame says of a lesson, and those of its texts.
func measured(play *lesson.PlayInfo) (size, words int) {
	data, _ := json.Marshal(play)
	var any map[string]any
	_ = json.Unmarshal(data, &any)
	return len(data), texts(any)
}

func texts(v any) (n int) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			n += texts(x)
		}
	case map[string]any:
		for k, x := range v {
			if s, is := x.(string); is && (k == "text" || k == "title" || k == "heading") {
				n += len(s)
			}
			n += texts(x)
		}
	}
	return n
}
