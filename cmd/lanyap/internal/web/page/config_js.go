package main

import (
	"encoding/hex"
	"fmt"
	"syscall/js"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// topic is that of chats.
const topic = "chat"

// config is what a page is told by its scripts.
type config struct{ name, room, secret, seed, host, keeper, log string }

func readConfig(v js.Value) config {
	if v.Type() != js.TypeObject {
		return config{}
	}
	field := func(name string) string {
		if f := v.Get(name); f.Type() == js.TypeString {
			return f.String()
		}
		return ""
	}
	return config{
		name: field("name"), room: field("room"), secret: field("secret"), seed: field("seed"),
		host: field("host"), keeper: field("keeper"), log: field("log"),
	}
}

// mesh returns what the member is made of.
func (c config) mesh() (mesh.Config, error) {
	seed, err := hex.DecodeString(c.seed)
	if err != nil {
		return mesh.Config{}, fmt.Errorf("the key of this tab is none: %w", err)
	}
	id, err := peer.IdentityOf(seed)
	if err != nil {
		return mesh.Config{}, err
	}
	cfg := mesh.Config{Name: c.name, Room: c.room, Identity: id, Topic: topic, Peers: []string{c.host}, Secret: c.secret}
	cfg.Logger = newLogger(c.log)
	return cfg, nil
}
