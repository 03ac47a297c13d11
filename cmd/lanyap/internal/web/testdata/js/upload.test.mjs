import test from 'node:test';
import assert from 'node:assert/strict';
import {GoneError, nextSize, upload} from '../../assets/upload.js';

// node is what uploads go to: it cuts, refuses and forgets by plan.
function node({cuts = [], status = () => 0} = {}) {
	const n = {got: 0, puts: [], heads: 0};
	globalThis.XMLHttpRequest = class {
		headers = {};
		upload = {};
		status = 0;
		responseText = '';
		open(method, url) { this.what = [method, url]; }
		setRequestHeader(k, v) { this.headers[k] = v; }
		getResponseHeader() { return String(n.got); }
		abort() { this.onabort?.(); this.onloadend?.(); }
		send(slice) {
			const offset = Number(this.headers['Upload-Offset']);
			n.puts.push([offset, slice.size]);
			this.status = status(n) || (offset === n.got ? 204 : 409);
			const cut = this.status === 204 ? cuts.shift() : undefined;
			if (this.status === 204) n.got += cut ?? slice.size;
			setTimeout(() => {
				this.upload.onprogress?.({loaded: slice.size});
				cut === undefined ? this.onload() : this.onerror();
				this.onloadend();
			});
		}
	};
	globalThis.fetch = async (url, {method}) => {
		assert.equal(method, 'HEAD');
		n.heads++;
		const s = status(n) || 200;
		return {ok: s === 200, status: s, headers: new Map([['Upload-Offset', String(n.got)]])};
	};
	return n;
}

const run = (file, offset = 0, signal = new AbortController().signal) => {
	const seen = [];
	return upload({file, url: '/files/x', offset, signal, onBytes: n => seen.push(n)}).then(() => seen);
};

test('a file goes in slices, and progress is told', async () => {
	const n = node();
	const seen = await run(new Blob([new Uint8Array(10 << 20)]));
	assert.equal(n.got, 10 << 20);
	assert.ok(n.puts.length >= 2, `${n.puts.length} slices`);
	assert.equal(seen.at(-1), 10 << 20);
});

test('an empty file is one empty slice', async () => {
	const n = node();
	await run(new Blob([]));
	assert.deepEqual(n.puts, [[0, 0]]);
});

test('what is cut off is gone on with where it was', async () => {
	const n = node({cuts: [1000, 0]});
	await run(new Blob([new Uint8Array(5000)]));
	assert.equal(n.got, 5000);
	assert.deepEqual(n.puts, [[0, 5000], [1000, 4000], [1000, 4000]]);
	assert.equal(n.heads, 2);
});

test('where the node is elsewhere, that is where it goes on', async () => {
	const n = node();
	n.got = 3000;
	await run(new Blob([new Uint8Array(5000)]));
	assert.deepEqual(n.puts, [[0, 5000], [3000, 2000]]);
});

test('what cannot be mended is told in words', async () => {
	for (const [code, words] of [[404, /no longer wanted/], [413, /larger/], [507, /disk .* is full/], [403, /answered 403/]]) {
		node({status: () => code});
		await assert.rejects(run(new Blob(['x'])), err => err instanceof GoneError && words.test(err.message));
	}
});

test('a file that is gone is not a connection that is cut', async () => {
	node({cuts: [0]});
	const file = {size: 10, slice: () => ({size: 10, arrayBuffer: () => Promise.reject(new Error('NotReadableError'))})};
	await assert.rejects(run(file), /changed or removed/);
});

test('an upload can be stopped, also while it waits', async () => {
	node({cuts: [0, 0, 0, 0, 0, 0]});
	const stop = new AbortController();
	const ended = run(new Blob([new Uint8Array(10)]), 0, stop.signal);
	setTimeout(() => stop.abort(), 50);
	await assert.rejects(ended, {name: 'AbortError'});
});

test('slices are as large as the way is quick', () => {
	const MiB = 1 << 20;
	assert.equal(nextSize(4 * MiB, 20, 4 * MiB), 16 * MiB);    // quick: four times as much
	assert.equal(nextSize(64 * MiB, 2000, 64 * MiB), 64 * MiB); // as long as it should take
	assert.equal(nextSize(64 * MiB, 8000, 64 * MiB), 16 * MiB);
	assert.equal(nextSize(4 * MiB, 60_000, 4 * MiB), MiB);      // not less
	assert.equal(nextSize(256 * MiB, 1, 256 * MiB), 256 * MiB); // not more
	assert.equal(nextSize(64 * MiB, 1, 5), 64 * MiB);           // the end of a file says nothing
});
