//go:build !linux

package discovery_test

func forbidNetlink() {}
