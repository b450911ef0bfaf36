package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"kvstep/sim"
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

// readJournal gives the runs of a journal's whole lines and where those end.
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
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
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

// writeWhole writes a file so that nobody ever sees a part of it.
func writeWhole(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return sim.NewProblem("file.write", "File", path).Because(err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
			err = sim.NewProblem("file.write", "File", path).Because(err)
		}
	}()
	out := bufio.NewWriter(f)
	if err = write(out); err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Chmod(0o644)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}
