//go:build linux

package browser

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"time"
)

// Download is a file that a page downloads, or has downloaded.
type Download struct {
	URL   string
	Name  string // that the server or the page suggests
	Path  string // where it is, once it has arrived
	State string // inProgress, completed or canceled
	Bytes int64  // that are here
	Total int64  // 0: not known

	guid string
}

func (b *Browser) downloadEvent(method string, params json.RawMessage) {
	var p struct {
		GUID, URL, SuggestedFilename, State, FilePath string
		ReceivedBytes, TotalBytes                     float64
	}
	_ = json.Unmarshal(params, &p)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch method {
	case "Browser.downloadWillBegin":
		b.downloads = append(b.downloads, &Download{guid: p.GUID, URL: p.URL, Name: p.SuggestedFilename, State: "inProgress"})
	case "Browser.downloadProgress":
		i := slices.IndexFunc(b.downloads, func(d *Download) bool { return d.guid == p.GUID })
		if i < 0 {
			return
		}
		d := b.downloads[i]
		d.State, d.Bytes, d.Total = p.State, int64(p.ReceivedBytes), int64(p.TotalBytes)
		if d.Path = p.FilePath; d.Path == "" {
			d.Path = filepath.Join(b.DownloadDir(), filepath.Base(d.Name))
		}
	}
}

// Downloads returns those there were, the first first.
func (b *Browser) Downloads() []Download {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]Download, len(b.downloads))
	for i, d := range b.downloads {
		all[i] = *d
	}
	return all
}

// Downloaded waits for the end of the n-th download, counted from 0, and returns
// it. It ends the test if that takes longer than d.
func (b *Browser) Downloaded(d time.Duration, n int) Download {
	b.t.Helper()
	ended := func() bool {
		all := b.Downloads()
		return len(all) > n && all[n].State != "inProgress"
	}
	if !b.until(d, ended) {
		b.t.Fatalf("browser: after %v download %d has not ended: %+v", d, n, b.Downloads())
	}
	return b.Downloads()[n]
}
