//go:build !js

package discovery

import (
	"fmt"
	"net"
)

// systemInterface is what the system says of an interface.
type systemInterface struct {
	net.Interface
	addrs []net.Addr
}

// systemInterfaces lists those of this machine.
func systemInterfaces() ([]systemInterface, error) {
	list, err := net.Interfaces()
	if err != nil {
		if list, ok := withoutNetlink(); ok {
			return list, nil
		}
		return nil, fmt.Errorf("discovery: list interfaces: %w", err)
	}
	result := make([]systemInterface, 0, len(list))
	for _, i := range list {
		addrs, err := i.Addrs()
		if err != nil {
			addrs = nil // it has just gone
		}
		result = append(result, systemInterface{i, addrs})
	}
	return result, nil
}
