package source

// BoundCache bounds caches until the function that it returns is called.
func BoundCache(files int, bytes int64) (restore func()) {
	oldFiles, oldBytes := maxCached, maxCachedBytes
	maxCached, maxCachedBytes = files, bytes
	return func() { maxCached, maxCachedBytes = oldFiles, oldBytes }
}

// BoundOmitted bounds omissions until the function that it returns is called.
func BoundOmitted(n int) (restore func()) {
	old := maxOmitted
	maxOmitted = n
	return func() { maxOmitted = old }
}

// BoundMatches bounds patterns until the function that it returns is called.
func BoundMatches(n int) (restore func()) {
	old := maxMatches
	maxMatches = n
	return func() { maxMatches = old }
}
