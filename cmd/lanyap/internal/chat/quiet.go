package chat

// quiet is a face that is spared what a script does not want to see on its
// standard error: who comes and goes, and what became of what was said, which
// the exit code tells.
type quiet struct{ Face }

// Show implements [Face].
func (q quiet) Show(ev Event) error {
	switch ev := ev.(type) {
	case Ready, Joined, Left, Gap, Delivered, Undelivered:
		return nil
	case Warning:
		if ev.Hint == "" {
			return nil
		}
	}
	return q.Face.Show(ev)
}
