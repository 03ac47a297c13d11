package main

import (
	"context"
	"os"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/memory"
)

func main() { os.Exit(newApp(os.Stdin, os.Stdout, os.Stderr).main(os.Args[1:])) }

// main is the program as a process: what signals do included.
func (a *app) main(args []string) int {
	memory.Spare()
	memory.Obey()
	go memory.Return()
	signals := untilSignal(context.Background(), func(code int) {
		a.abandon()
		os.Exit(code)
	})
	a.interrupt = signals.interrupt
	return signals.finish(a.run(signals.ctx, args))
}
