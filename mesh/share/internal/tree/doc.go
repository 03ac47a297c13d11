// Package tree hashes files piece by piece, so that each piece can be checked by
// itself and all of them together are checked under one hash, the root: the
// plain BLAKE3 hash of the file, as b3sum prints it.
//
// # Pieces
//
// A file of n bytes has pieces of [PieceSize](n) bytes: 256 KiB, doubled until
// there are at most 65,536 of them, but never above 4 MiB, since whoever checks
// a piece has to hold it. The last piece is what is left. An empty file has no piece. Each piece is a power of two of
// BLAKE3's chunks and begins at a multiple of its size, hence is a subtree of
// the file's hash tree (BLAKE3 specification, section 2.1).
//
// The hash of a piece is its subtree's chaining value. Where the file is a
// single piece, it is the file's BLAKE3 hash itself. [Sum] says it, and
// [Root] makes the file's hash of those of its pieces. [TestPieces,
// TestRootIsPlainBLAKE3, TestRootOfManyPieces, TestLargerPieces]
//
// # Why one flat list
//
// BLAKE3's verified streaming (Bao) lays the inner nodes of the tree between the
// bytes, each group of them behind the parents that lead to it. A flat list of
// the hashes of pieces says the same in 32 bytes for 256 KiB, or 128 KiB for
// 1 GiB; whoever has it can check any piece from anybody, in any order.
//
// One core of a server of 2024 (AVX-512) hashes pieces of 256 KiB at 4.5 GB/s,
// groups of 16 KiB at the same, and blake3.Sum256 the same bytes at 1.9 GB/s,
// because it starts a goroutine for every 16 KiB.
package tree
