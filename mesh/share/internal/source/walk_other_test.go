//go:build !unix

package source_test

const executables = false
