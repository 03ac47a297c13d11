//go:build linux

package lab

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// CPU returns how much processor time the program has used.
func (p *Process) CPU() time.Duration {
	p.T.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
	if err != nil {
		p.T.Fatal(err)
	}
	// The name, in parentheses, may contain anything; proc_pid_stat(5) counts
	// utime and stime as fields 14 and 15, in ticks of 1/100 s.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// Spent returns the processor time that the program has used from start to end,
// and exactly, unlike [Process.CPU]; 0 before it has ended.
func (p *Process) Spent() time.Duration {
	if !p.Ended() {
		return 0
	}
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// RSS returns the resident memory of the program, in bytes.
func (p *Process) RSS() int {
	p.T.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		p.T.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		p.T.Fatal(err)
	}
	return kb << 10
}

// Peak returns the most resident memory that the program ever had, in bytes; 0 if
// it has ended.
func (p *Process) Peak() int {
	p.T.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		return 0
	}
	_, rest, found := strings.Cut(string(status), "VmHWM:")
	if !found {
		return 0 // nobody has waited for it yet
	}
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		p.T.Fatal(err)
	}
	return kb << 10
}
