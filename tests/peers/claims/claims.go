// Package claims is how a peer program speaks to the runner: one line per
// claim on standard output, "ok CLAIM" or "not ok CLAIM: why", and "done" at
// the very end, so that a program that died cannot pass for one that held.
package claims

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Facts is what the runner says about the MAAS that is served.
type Facts struct {
	URL      string `json:"url"`      // http://127.0.0.1:5240/MAAS
	Key      string `json:"apiKey"`   // of an administrator, "admin"
	PlainKey string `json:"plainKey"` // of a user who is none
	Machines int    `json:"machines"` // Ready when the program begins
	Version  string `json:"version"`  // "3.4"
}

// Read finds the facts in the file that is the program's only argument.
func Read() Facts {
	var facts Facts
	text, err := os.ReadFile(os.Args[1])
	if err == nil {
		err = json.Unmarshal(text, &facts)
	}
	if err != nil {
		fmt.Println("not ok the facts are there:", err)
		os.Exit(1)
	}
	return facts
}

// WrongSecret is the same key with another secret.
func (f Facts) WrongSecret() string {
	at := strings.LastIndex(f.Key, ":") + 1
	return f.Key[:at] + strings.Repeat("x", len(f.Key)-at)
}

// UnknownKey has the shape of a key that nobody ever got.
func (f Facts) UnknownKey() string {
	return strings.Repeat("a", 18) + ":" + strings.Repeat("b", 18) + ":" +
		strings.Repeat("c", 32)
}

// Hold tries a claim and says how it went.
func Hold(claim string, try func() error) bool {
	err := guarded(try)
	if err != nil {
		why := strings.Join(strings.Fields(err.Error()), " ")
		fmt.Printf("not ok %s: %s\n", claim, why)
		return false
	}
	fmt.Println("ok", claim)
	return true
}

// Need is Hold for a claim without which the others make no sense.
func Need(claim string, try func() error) {
	if !Hold(claim, try) {
		os.Exit(1)
	}
}

// Done is the last thing that a program says.
func Done() {
	fmt.Println("done")
}

func guarded(try func() error) (err error) {
	defer func() {
		if trouble := recover(); trouble != nil {
			err = fmt.Errorf("the client panics: %v", trouble)
		}
	}()
	return try()
}

// Equal is an error unless got is want.
func Equal[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s is %v, not %v", what, got, want)
	}
	return nil
}

// True is an error, made of the rest, unless it holds.
func True(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// All is the first error among several.
func All(errs ...error) error {
	return errors.Join(errs...)
}

// Says is an error unless err is one with this text in it.
func Says(err error, text string) error {
	if err == nil {
		return fmt.Errorf("it succeeds instead of %q", text)
	}
	return True(strings.Contains(err.Error(), text),
		"it says %q, which does not hold %q", err.Error(), text)
}

// Until asks again and again until is() says yes, for a minute of ours.
func Until(what string, is func() (bool, string, error)) error {
	last := ""
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		yes, now, err := is()
		if err != nil || yes {
			return err
		}
		last = now
		time.Sleep(200 * time.Millisecond)
	}
	return fmt.Errorf("not %s within a minute, but %s", what, last)
}
