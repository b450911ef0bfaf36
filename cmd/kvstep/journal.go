package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"kvstep/sim"
	"kvstep/sim/plain"
	"kvstep/sim/sweep"
)

// journal keeps the runs of a sweep as they finish, one JSON object a line, in
// a file beside the one that is wanted; the first line is the plan. A sweep that
// was stopped finds its runs there. The wanted file is written at once and whole.
type journal struct {
	path string // of the file that is wanted
	file *os.File
}

func (j *journal) name() string { return j.path + ".part" }

// openJournal opens the journal of a sweep that is to be written to path, and
// gives the runs that are in it. A journal of another plan is Problem
// "sweep.other". What was half written when it was stopped is cut off.
func openJournal(path string, plan sweep.Plan) (*journal, []sweep.Result, error) {
	if err := notFolder(path); err != nil { // known before the first run, not after the last
		return nil, nil, err
	}
	j := &journal{path: path}
	data, err := readRegular(j.name(), maxTable)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	done, good, same := readJournal(data, plan)
	if !same {
		return nil, nil, sim.NewProblem("sweep.other", "File", j.name())
	}
	if j.file, err = os.OpenFile(j.name(), os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, nil, sim.NewProblem("file.open", "File", j.name()).Because(err)
	}
	if err = j.file.Truncate(int64(good)); err == nil {
		_, err = j.file.Seek(0, io.SeekEnd)
	}
	if err == nil && good == 0 {
		err = j.write(plan)
	}
	if err != nil {
		j.file.Close()
		return nil, nil, sim.NewProblem("file.write", "File", j.name()).Because(err)
	}
	return j, done, nil
}

// readJournal returns the runs of a journal's whole lines and where those end.
// same is false if the first line is not the plan.
func readJournal(data []byte, plan sweep.Plan) (done []sweep.Result, good int, same bool) {
	for n := 0; ; n++ {
		end := bytes.IndexByte(data[good:], '\n')
		if end < 0 {
			return done, good, true
		}
		line := data[good : good+end]
		if n == 0 {
			var p sweep.Plan
			if json.Unmarshal(line, &p) != nil || p.String() != plan.String() {
				return nil, 0, false
			}
		} else {
			var r sweep.Result
			known := func(d sweep.Result) bool { return d.Run == r.Run }
			if json.Unmarshal(line, &r) != nil || !plan.Has(r) || slices.ContainsFunc(done, known) {
				return done, good, true
			}
			done = append(done, r)
		}
		good += end + 1
	}
}

// write adds a line and sees to it that the disk has it.
func (j *journal) write(v any) error {
	if err := plain.Line(j.file, v); err != nil {
		return err
	}
	return j.file.Sync()
}

// finish writes the wanted file under another name, gives it its own when all
// of it is on the disk, and removes the journal.
func (j *journal) finish(write func(io.Writer) error) error {
	j.file.Close()
	if err := writeWhole(j.path, write); err != nil {
		return err
	}
	return os.Remove(j.name())
}
