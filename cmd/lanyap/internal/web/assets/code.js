// QR codes (ISO/IEC 18004) of texts as bytes, with the least correction of errors: they
// are shown on a screen, and read from one. In the page's program they would take four
// times the room.

// Of versions 1 to 15: blocks, and bytes of correction in each.
const blocks = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6];
const corrections = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22];

// code returns rows of modules, true for dark; null if the text is too long.
export function code(text) {
	const data = new TextEncoder().encode(text);
	const v = blocks.findIndex((_, i) => data.length + (i + 1 < 10 ? 2 : 3) <= room(i + 1)) + 1;
	if (v === 0) return null;
	const grid = new Grid(v);
	grid.fill(interleaved(v, packed(v, data)));
	return grid.rows;
}

// whole is how many bytes a version holds, room how many of them are data.
function whole(v) {
	const n = Math.floor(v / 7) + 2;
	const lines = v === 1 ? 0 : (25 * n - 10) * n - 55;
	return (16 * v + 128) * v + 64 - lines - (v < 7 ? 0 : 36) >> 3;
}
function room(v) { return whole(v) - blocks[v - 1] * corrections[v - 1]; }

// packed returns the data of a version: its kind, its length, itself, and padding.
function packed(v, data) {
	const length = v < 10 ? [data.length] : [data.length >> 8, data.length & 255];
	const nibbles = [4, ...[...length, ...data].flatMap(b => [b >> 4, b & 15]), 0];
	const out = [];
	for (let i = 0; i + 1 < nibbles.length; i += 2) out.push(nibbles[i] << 4 | nibbles[i + 1]);
	for (let pad = 0xec; out.length < room(v); pad ^= 0xec ^ 0x11) out.push(pad);
	return out;
}

// interleaved returns the bytes of all blocks in the order in which they are drawn.
function interleaved(v, data) {
	const count = blocks[v - 1], extra = corrections[v - 1];
	const short = Math.floor(room(v) / count), shorts = count - room(v) % count;
	const parts = [];
	for (let i = 0, at = 0; i < count; i++) {
		const part = data.slice(at, at += short + (i < shorts ? 0 : 1));
		parts.push([part, correction(part, extra)]);
	}
	const column = (which, i) => parts.flatMap(p => p[which][i] ?? []);
	return [
		...Array.from({length: short + 1}, (_, i) => column(0, i)).flat(),
		...Array.from({length: extra}, (_, i) => column(1, i)).flat(),
	];
}

// times multiplies in the field of 256 elements of the codes.
function times(a, b) {
	let product = 0;
	for (let bit = 7; bit >= 0; bit--) product = product << 1 ^ (product >> 7) * 0x11d ^ (b >> bit & 1) * a;
	return product;
}

// correction returns the bytes of a Reed-Solomon code.
function correction(data, n) {
	const by = Array(n).fill(0); // the polynomial that divides, without its first coefficient
	by[n - 1] = 1;
	for (let i = 0, root = 1; i < n; i++, root = times(root, 2)) {
		for (let j = 0; j < n; j++) by[j] = times(by[j], root) ^ (by[j + 1] ?? 0);
	}
	const rest = Array(n).fill(0);
	for (const b of data) {
		const factor = b ^ rest.shift();
		rest.push(0);
		by.forEach((c, i) => rest[i] ^= times(c, factor));
	}
	return rest;
}

class Grid {
	#size; #set; rows;

	constructor(v) {
		const size = this.#size = 4 * v + 17;
		this.rows = Array.from({length: size}, () => Array(size).fill(false));
		this.#set = Array.from({length: size}, () => Array(size).fill(false)); // no place for data
		for (let i = 0; i < size; i++) {
			this.#put(6, i, i % 2 === 0);
			this.#put(i, 6, i % 2 === 0);
		}
		for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) this.#rings(x, y, 4);
		const places = aligned(v, size), last = places.length - 1;
		places.forEach((x, i) => places.forEach((y, j) => {
			const corner = i === 0 && j === 0 || i === 0 && j === last || i === last && j === 0;
			if (!corner) this.#rings(x, y, 2);
		}));
		this.#format();
		if (v >= 7) this.#version(v);
	}

	// fill draws bytes from the lower right corner on, two columns at a time, with the
	// mask of every other module.
	fill(bytes) {
		let i = 0;
		for (let right = this.#size - 1; right > 0; right -= 2) {
			if (right === 6) right = 5;
			const up = (right + 1 & 2) === 0;
			for (let row = 0; row < this.#size; row++) {
				const y = up ? this.#size - 1 - row : row;
				for (const x of [right, right - 1]) {
					if (this.#set[y][x]) continue;
					const bit = i < 8 * bytes.length && (bytes[i >> 3] >> 7 - (i & 7) & 1) === 1;
					i++;
					this.rows[y][x] = bit !== ((x + y) % 2 === 0);
				}
			}
		}
	}

	#put(x, y, dark) {
		if (!(x in this.rows) || !(y in this.rows)) return;
		this.rows[y][x] = dark;
		this.#set[y][x] = true;
	}

	// rings draws what a reader finds the code by.
	#rings(x, y, most) {
		for (let dy = -most; dy <= most; dy++) {
			for (let dx = -most; dx <= most; dx++) {
				const ring = Math.max(Math.abs(dx), Math.abs(dy));
				this.#put(x + dx, y + dy, most === 4 ? ring !== 2 && ring !== 4 : ring !== 1);
			}
		}
	}

	// format says which correction and which mask it has: the least, and the first.
	#format() {
		const bits = (8 << 10 | remainder(8, 10, 0x537)) ^ 0x5412, bit = i => (bits >> i & 1) === 1, n = this.#size;
		for (let i = 0; i < 6; i++) this.#put(8, i, bit(i));
		this.#put(8, 7, bit(6));
		this.#put(8, 8, bit(7));
		this.#put(7, 8, bit(8));
		for (let i = 9; i < 15; i++) this.#put(14 - i, 8, bit(i));
		for (let i = 0; i < 8; i++) this.#put(n - 1 - i, 8, bit(i));
		for (let i = 8; i < 15; i++) this.#put(8, n - 15 + i, bit(i));
		this.#put(8, n - 8, true);
	}

	#version(v) {
		const bits = v << 12 | remainder(v, 12, 0x1f25);
		for (let i = 0; i < 18; i++) {
			const dark = (bits >> i & 1) === 1, a = this.#size - 11 + i % 3, b = Math.floor(i / 3);
			this.#put(a, b, dark);
			this.#put(b, a, dark);
		}
	}
}

// remainder returns n bits by which others are corrected.
function remainder(data, n, by) {
	let rest = data;
	for (let i = 0; i < n; i++) rest = rest << 1 ^ (rest >> n - 1) * by;
	return rest;
}

// aligned returns in which rows and columns the smaller rings are.
function aligned(v, size) {
	if (v === 1) return [];
	const n = Math.floor(v / 7) + 2, step = Math.floor((v * 8 + n * 3 + 5) / (n * 4 - 4)) * 2;
	return [6, ...Array.from({length: n - 1}, (_, i) => size - 7 - (n - 2 - i) * step)];
}
