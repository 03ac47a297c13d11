// Package verify has two people find out whether each has the other at the other end
// of the link between them, and nobody in the middle: both are shown six words, and
// tell each other.
//
// [Ask] asks somebody, who is shown the words by [Serve]; it returns the same. The
// words are [known.Words]: of both IDs, and of the link. Whoever pretends to be bo
// towards ana, and to be ana towards bo, has two links, which have different words;
// and whoever bears bo's name has words of its own with ana, which bo does not see.
//
// # The service
//
// Whoever asks opens a stream for the service [Service] and sends
//
//	version 1 (1) | tag of the link (16)
//
// The tag is that of the link's binding ([mesh.Node.Binding]), hashed. The answer is
// one byte: 0, the words will be shown; 1, not now; 2, the tag is that of another link
// than the one here, as for a moment while one link takes the place of another, or
// because the two do not have one link. Nothing that is secret is sent, and nothing
// that the other side sends is shown: whether the words are the same is for people to
// find out, by another way.
//
// # Who asks too often
//
// To ask costs whoever is asked a line on the screen and 20 ms. [Patience] is how
// often that is allowed: by one person once a minute, and by all together five times,
// and then once in ten seconds. [TestPatience]
package verify
