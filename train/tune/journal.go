package tune

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
)

// An entry is a line of a journal: the study, first; the beginning of a trial, with
// its values; a report; or the end of a trial, with its state.
type entry struct {
	Study   *head   `json:"study,omitempty"`
	Trial   *int    `json:"trial,omitempty"`
	Values  Values  `json:"values,omitempty"`
	Report  *Report `json:"report,omitempty"`
	State   State   `json:"state,omitempty"`
	Value   float64 `json:"value,omitempty"`
	Error   string  `json:"error,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
}

// A head says which study a journal is of.
type head struct {
	Version int    `json:"version"`
	Space   Space  `json:"space"`
	Largest bool   `json:"largest,omitempty"`
	Seed    uint64 `json:"seed"`
}

// A journal is an NDJSON file that is brought to the disk with each line. The zero
// value keeps nothing.
type journal struct{ f *os.File }

// openJournal opens or begins the journal of a study and returns the trials in it.
// What follows the last whole line was being written when its writer died, and is
// cut off.
func openJournal(path string, s *Study) (*journal, []*Trial, error) {
	if path == "" {
		return &journal{}, nil, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return &journal{}, nil, fmt.Errorf("tune: journal: %w", err)
	}
	j := &journal{f}
	trials, err := j.read(s)
	if err != nil {
		j.close()
		return j, nil, fmt.Errorf("tune: journal %s: %w", path, err)
	}
	return j, trials, nil
}

func (j *journal) read(s *Study) ([]*Trial, error) {
	text, err := io.ReadAll(j.f)
	if err != nil {
		return nil, err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	if err := j.f.Truncate(int64(whole)); err != nil {
		return nil, err
	}
	if _, err := j.f.Seek(int64(whole), io.SeekStart); err != nil {
		return nil, err
	}
	mine := head{Version: 1, Space: s.Space, Largest: s.Largest, Seed: s.Seed}
	if whole == 0 {
		return nil, j.append(entry{Study: &mine})
	}
	var trials []*Trial
	for i, line := range bytes.Split(text[:whole-1], []byte("\n")) {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if i == 0 {
			err = mine.same(e.Study)
		} else {
			trials, err = e.apply(s.Space, trials)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return trials, nil
}

// same says why a journal is of another study.
func (h head) same(other *head) error {
	switch {
	case other == nil:
		return errors.New("it is no journal of a study")
	case other.Version != h.Version:
		return fmt.Errorf("version %d: this program reads version %d", other.Version, h.Version)
	case !reflect.DeepEqual(other.Space, h.Space) || other.Largest != h.Largest || other.Seed != h.Seed:
		return errors.New("it is of a study with another space, seed or direction: give this one a journal of its own")
	}
	return nil
}

// apply takes in what an entry says of a trial.
func (e entry) apply(space Space, trials []*Trial) ([]*Trial, error) {
	if e.Trial == nil || *e.Trial < 0 || *e.Trial > len(trials) || *e.Trial == len(trials) && e.Values == nil {
		return nil, errors.New("it speaks of a trial that did not begin")
	}
	if *e.Trial == len(trials) {
		trials = append(trials, &Trial{Number: *e.Trial, State: Running})
	}
	t := trials[*e.Trial]
	if t.State != Running {
		return nil, fmt.Errorf("trial %d has ended before", t.Number)
	}
	switch {
	case e.Values != nil:
		t.Values, t.Reports = e.Values, nil
		return trials, space.restore(t.Values)
	case e.Report != nil:
		t.Reports = append(t.Reports, *e.Report)
	case e.State == Done || e.State == Pruned || e.State == Failed:
		t.State, t.Value, t.Error, t.Seconds = e.State, e.Value, e.Error, e.Seconds
	default:
		return nil, fmt.Errorf("the state %q is not known", e.State)
	}
	return trials, nil
}

// MarshalJSON writes the value, or null for one that is no finite number.
func (r Report) MarshalJSON() ([]byte, error) {
	value := &r.Value
	if math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
		value = nil
	}
	return json.Marshal(struct {
		Step  int      `json:"step"`
		Value *float64 `json:"value"`
	}{r.Step, value})
}

// UnmarshalJSON reads what MarshalJSON writes; null is NaN.
func (r *Report) UnmarshalJSON(text []byte) error {
	var v struct {
		Step  int      `json:"step"`
		Value *float64 `json:"value"`
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	r.Step, r.Value = v.Step, math.NaN()
	if v.Value != nil {
		r.Value = *v.Value
	}
	return nil
}

// append writes a line and brings it to the disk.
func (j *journal) append(e entry) error {
	if j.f == nil {
		return nil
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = j.f.Write(append(line, '\n'))
	}
	if err == nil {
		err = j.f.Sync()
	}
	if err != nil {
		return fmt.Errorf("tune: journal: %w", err)
	}
	return nil
}

func (j *journal) close() {
	if j.f != nil {
		j.f.Close()
	}
}
