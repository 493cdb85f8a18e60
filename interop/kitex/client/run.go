package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"kitexpeer/canon"
	"kitexpeer/cases"
)

// result is the line that is printed for a case.
type result struct {
	Case  string `json:"case"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
	// Saw is how each call ended.
	Saw []cases.Outcome `json:"saw,omitempty"`
	// Peer is the handlers' log.
	Peer []cases.Entry `json:"peer"`
}

func runCases(s *session, list []cases.Case) bool {
	// What an earlier client has left in the log is not this one's. If this fails, so do the cases.
	_, _ = s.control.Take(context.Background(), 0)
	good := true
	for _, c := range list {
		r := runCase(s, c)
		good = good && r.OK
		printLine(r)
	}
	return good
}

func runCase(s *session, c cases.Case) result {
	r := result{Case: c.Name}
	err := s.perform(c, &r)
	expected := c.Expected(s.setting)
	if logErr := s.readLog(len(expected), &r); err == nil {
		err = logErr
	}
	if err == nil {
		err = compareLogs(expected, r.Peer)
	}
	r.OK = err == nil
	if err != nil {
		r.Error = err.Error()
	}
	return r
}

func (s *session) perform(c cases.Case, r *result) error {
	if c.Run != nil {
		return c.Run(s)
	}
	for _, step := range c.Steps(s.setting) {
		answer := s.Call(context.Background(), 0, step.Service, step.Method, step.Args...)
		r.Saw = append(r.Saw, answer.Outcome)
		if !matches(step.Want, answer.Outcome) {
			return fmt.Errorf("%s.%s: want %s, got %s", step.Service, step.Method, brief(step.Want), brief(answer.Outcome))
		}
	}
	return nil
}

// matches compares outcomes; the text of an error has to contain the wanted one.
func matches(want, got cases.Outcome) bool {
	wanted, isError := want["error"].(map[string]any)
	if !isError {
		return canon.Text(want) == canon.Text(got)
	}
	given, isError := got["error"].(map[string]any)
	return isError && fmt.Sprint(wanted["code"]) == fmt.Sprint(given["code"]) &&
		strings.Contains(given["text"].(string), wanted["text"].(string))
}

func (s *session) readLog(atLeast int, r *result) error {
	text, err := s.control.Take(context.Background(), int32(atLeast))
	if err != nil {
		return fmt.Errorf("take the handlers' log: %w", err)
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&r.Peer); err != nil {
		return fmt.Errorf("handlers' log %q: %w", text, err)
	}
	return nil
}

// compareLogs finds an entry for each expected one, in any order: calls may run at once.
func compareLogs(expected, got []cases.Entry) error {
	rest := slices.Clone(got)
	for _, want := range expected {
		i := slices.IndexFunc(rest, func(e cases.Entry) bool { return covers(want, e) })
		if i < 0 {
			return fmt.Errorf("the handlers' log lacks %s: %s", brief(want), brief(got))
		}
		rest = slices.Delete(rest, i, i+1)
	}
	if len(rest) > 0 {
		return fmt.Errorf("the handlers' log has more: %s", brief(rest))
	}
	return nil
}

// covers compares what both entries have; service, method and, unless the answer carries them, args are a must.
func covers(want, got cases.Entry) bool {
	for key, value := range want {
		given, has := got[key]
		switch {
		case key == "echoed", key == "form" && !has, key == "crc32c" && !has, key == "args" && given == nil && want["echoed"] == true:
		case key == "sight" && !has:
		case key == "sight":
			if !covers(value.(map[string]any), given.(map[string]any)) {
				return false
			}
		case isRange(value):
			if !inRange(value.(cases.Range), given) {
				return false
			}
		case canon.Text(value) != canon.Text(given):
			return false
		}
	}
	return true
}

func isRange(value any) bool {
	_, is := value.(cases.Range)
	return is
}

func inRange(want cases.Range, given any) bool {
	number, err := given.(json.Number).Int64()
	return err == nil && want.Above < number && number <= want.Most
}

// brief keeps messages readable; the whole values are in the result's `saw` and `peer`.
func brief(canonical any) string {
	text := canon.Text(canonical)
	if len(text) > 400 {
		return text[:400] + " …"
	}
	return text
}
