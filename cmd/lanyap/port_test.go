package main

import (
	"fmt"
	"net"
)

// portTaken is what listening on a taken port comes to, in this system's words.
var portTaken = fmt.Errorf("peer: TCP port 7475: %w", listenTwice())

func listenTwice() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	_, err = net.Listen("tcp", l.Addr().String())
	return err
}
