package main

import (
	"context"
	"os"
)

func main() {
	ctx, finish := untilSignal(context.Background())
	os.Exit(finish(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)))
}
