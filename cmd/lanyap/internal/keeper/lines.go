package keeper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

const (
	maxLine  = 2 << 20 // bytes
	maxFiles = 10_000  // of an offer
	maxID    = 64      // bytes of what a page calls an offer
)

// order is a line of a page.
type order struct {
	Do    string    `json:"do"`
	ID    string    `json:"id"`
	To    []peer.ID `json:"to"`
	Files fileList  `json:"files"`
}

type file struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
	Time int64  `json:"time"` // in milliseconds since 1970
}

// fileList is read one by one: a line of nothing but braces would be a hundred times
// its size.
type fileList []file

var errManyFiles = fmt.Errorf("more than %d files", maxFiles)

// UnmarshalJSON implements [json.Unmarshaler].
func (l *fileList) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	begin, err := dec.Token()
	if err != nil || begin == nil {
		return err
	}
	if begin != json.Delim('[') {
		return errors.New("files are no list")
	}
	for dec.More() {
		if len(*l) == maxFiles {
			return errManyFiles
		}
		var f file
		if err := dec.Decode(&f); err != nil {
			return err
		}
		*l = append(*l, f)
	}
	return nil
}

// isID reports whether a page may call something so.
func isID(id string) bool {
	for _, r := range id {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' {
			return false
		}
	}
	return id != "" && len(id) <= maxID
}

// The lines to a page.
type (
	readyLine struct {
		Is string `json:"is"`
	}
	personJSON struct {
		ID       peer.ID       `json:"id"`
		Instance peer.Instance `json:"instance"`
		Name     string        `json:"name"`
		Web      bool          `json:"web,omitempty"`
	}
	itemJSON struct {
		Name  string `json:"name"`
		Dir   bool   `json:"dir,omitempty"`
		Files int    `json:"files"`
		Size  int64  `json:"size"`
	}
	offerLine struct {
		Is    string     `json:"is"`
		ID    string     `json:"id"`
		From  personJSON `json:"from"`
		Items []itemJSON `json:"items"`
		Count int        `json:"count"`
		Files int        `json:"files"`
		Size  int64      `json:"size"`
	}
	textLine struct {
		Is   string     `json:"is"`
		ID   string     `json:"id"`
		From personJSON `json:"from"`
		Text string     `json:"text"`
	}
	uploadLine struct {
		Is     string `json:"is"`
		ID     string `json:"id"`
		File   int    `json:"file"`
		URL    string `json:"url"`
		Offset int64  `json:"offset"`
		Key    []byte `json:"key,omitempty"` // by which it is sealed
	}
	downloadLine struct {
		Is   string `json:"is"`
		ID   string `json:"id"`
		URL  string `json:"url"`
		Name string `json:"name"`
		Size int64  `json:"size"`
		Zip  bool   `json:"zip"`
		Key  []byte `json:"key,omitempty"` // by which it is sealed
	}
	progressLine struct {
		Is     string      `json:"is"`
		ID     string      `json:"id"`
		Member *personJSON `json:"member,omitempty"`
		Bytes  int64       `json:"bytes"`
		Size   int64       `json:"size"`
	}
	stateLine struct {
		Is     string     `json:"is"`
		ID     string     `json:"id"`
		Member personJSON `json:"member"`
		State  string     `json:"state"`
		Why    string     `json:"why,omitempty"`
	}
	// endLine is a withdrawn, done, failed or mistake.
	endLine struct {
		Is  string `json:"is"`
		ID  string `json:"id,omitempty"`
		Why string `json:"why,omitempty"`
	}
)

func person(p mesh.Peer) personJSON {
	return personJSON{ID: p.ID, Instance: p.Instance, Name: p.Name, Web: p.Web}
}

func items(list []share.Item) []itemJSON {
	out := make([]itemJSON, len(list))
	for i, it := range list {
		out[i] = itemJSON(it)
	}
	return out
}
