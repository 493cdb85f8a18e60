package main

import "kitexpeer/cases"

type planned struct {
	Case    string        `json:"case"`
	Asserts string        `json:"asserts"`
	Steps   []plannedStep `json:"steps,omitempty"`
	// Seen are the entries of the server's log, Next those of the server behind it.
	Seen []cases.Entry `json:"seen"`
	Next []cases.Entry `json:"next,omitempty"`
}

type plannedStep struct {
	Service string         `json:"service"`
	Method  string         `json:"method"`
	Args    map[string]any `json:"args"`
	Want    cases.Outcome  `json:"want"`
}

// printPlan prints a line for each case: what a program of another language has to call, get and find in the log.
func printPlan(list []cases.Case, setting cases.Setting) {
	for _, c := range list {
		p := planned{Case: c.Name, Asserts: c.Asserts, Seen: c.Expected(setting)}
		if c.Next != nil {
			p.Next = c.Next(setting)
		}
		if c.Steps != nil {
			for _, step := range c.Steps(setting) {
				p.Steps = append(p.Steps, plannedStep{step.Service, step.Method, step.Arguments(), step.Want})
			}
		}
		printLine(p)
	}
}
