// Uploads: a file goes to the node in slices, each from where the node says it
// has come to (draft-ietf-httpbis-resumable-upload). A slice that is cut off is
// gone on with, and nothing is read into memory.

import {seal} from './sealer.js';

const slices = {first: 4 << 20, most: 256 << 20, least: 1 << 20}; // bytes
const mostSealed = 8 << 20; // bytes of a slice that is sealed: it is in memory
const aim = 2000;       // ms that a slice should take
const patience = 60_000; // ms without any progress after which an upload has failed

// GoneError says that the node wants an upload no longer, or cannot take it.
export class GoneError extends Error {}

// ElsewhereError says from where the node wants a file.
class ElsewhereError extends Error {
	constructor(offset) {
		super('the node is elsewhere in the file');
		this.offset = offset;
	}
}

// upload sends what is missing of a file from offset on, and tells by onBytes how
// far it is; with a key it is sealed by it. It ends with an error that says in words why
// it failed.
export async function upload({file, url, key = null, offset, signal, onBytes}) {
	let size = slices.first, wait = 250, since = performance.now();
	const prepared = new Prepared(file, key);
	for (;;) {
		const from = performance.now();
		try {
			const end = Math.min(file.size, offset + (key ? Math.min(size, mostSealed) : size));
			const body = await prepared.slice(offset, end);
			if (key && end < file.size) prepared.begin(end, Math.min(file.size, end + Math.min(size, mostSealed)));
			const next = await put(body, end - offset, url, offset, signal, sent => onBytes(offset + Math.min(sent, end - offset)));
			if (next > offset) since = performance.now();
			size = nextSize(size, performance.now() - from, next - offset);
			offset = next;
			wait = 250;
			onBytes(offset);
			if (offset >= file.size) return;
		} catch (err) {
			if (signal.aborted || err instanceof GoneError) throw err;
			if (err instanceof ElsewhereError) {
				offset = err.offset;
				continue;
			}
			await readable(file, offset);
			if (performance.now() - since > patience) throw new Error('the node that served this page cannot be reached');
			size = Math.max(slices.least, size / 2);
			await pause(wait, signal);
			wait = Math.min(wait * 2, 5000);
			const at = await head(url, signal);
			if (at !== null && at > offset) since = performance.now();
			offset = at ?? offset;
		}
	}
}

// Prepared has the slices of a file as they are sent: sealed, and the next one while
// the one before is on its way.
class Prepared {
	#file; #key;
	#next = null; // {from, to, body}
	constructor(file, key) { [this.#file, this.#key] = [file, key]; }

	slice(from, to) {
		const next = this.#next;
		this.#next = null;
		return next?.from === from && next.to === to ? next.body : this.#make(from, to);
	}

	begin(from, to) {
		const body = this.#make(from, to);
		body.catch(() => {}); // whoever wants it is told
		this.#next = {from, to, body};
	}

	async #make(from, to) {
		const slice = this.#file.slice(from, to);
		return this.#key ? seal(slice, this.#key, from) : slice;
	}
}

// nextSize returns how large the next slice is: large where it is quick, so that
// the way back and forth counts for little, and small where it is slow, so that
// little is sent twice.
export function nextSize(size, took, moved) {
	if (moved < size) return size; // the end of a file, or the node took a part
	const fits = size * aim / Math.max(took, 1);
	return Math.round(Math.min(slices.most, Math.max(slices.least, Math.min(fits, size * 4))));
}

// put sends a slice and returns how far the file has come. It is an
// XMLHttpRequest because fetch does not tell how much it has sent.
function put(body, length, url, offset, signal, onSent) {
	return new Promise((ok, no) => {
		const request = new XMLHttpRequest();
		const stop = () => request.abort();
		request.open('PUT', url);
		request.setRequestHeader('Upload-Offset', String(offset));
		request.setRequestHeader('Content-Type', 'application/octet-stream');
		request.upload.onprogress = e => onSent(e.loaded);
		request.onload = () => {
			const next = Number(request.getResponseHeader('Upload-Offset') ?? NaN);
			if (request.status === 409 && next >= 0) no(new ElsewhereError(next));
			else if (request.status >= 200 && request.status < 300) ok(Number.isNaN(next) ? offset + length : next);
			else no(failure(request.status, request.responseText));
		};
		request.onerror = () => no(new Error('the connection was cut'));
		request.onabort = () => no(signal.reason);
		request.onloadend = () => signal.removeEventListener('abort', stop);
		signal.addEventListener('abort', stop);
		request.send(body);
	});
}

// failure returns what an answer means: what cannot be mended is a GoneError.
function failure(status, body) {
	switch (status) {
	case 404: case 410: return new GoneError('it is no longer wanted');
	case 413: return new GoneError('it is larger than was said');
	case 507: return new GoneError('the disk of the node that served this page is full');
	}
	const text = `the node answered ${status}${body ? ': ' + body.slice(0, 200).trim() : ''}`;
	return status >= 400 && status < 500 && ![408, 409, 429].includes(status) ? new GoneError(text) : new Error(text);
}

// head asks how far a file has come; null if nobody answers.
async function head(url, signal) {
	let answer;
	try {
		answer = await fetch(url, {method: 'HEAD', signal, cache: 'no-store'});
	} catch (err) {
		if (signal.aborted) throw err;
		return null;
	}
	if (answer.status === 404 || answer.status === 410) throw failure(answer.status, '');
	const at = answer.headers.get('Upload-Offset');
	return answer.ok && at !== null ? Number(at) : null;
}

// readable fails if a file can no longer be read: it was changed, moved or removed
// since it was chosen, which looks like a cut connection.
async function readable(file, offset) {
	try {
		await file.slice(offset, offset + 1).arrayBuffer();
	} catch {
		throw new GoneError('the file was changed or removed, or cannot be read');
	}
}

function pause(ms, signal) {
	return new Promise((ok, no) => {
		const timer = setTimeout(ok, ms);
		signal.addEventListener('abort', () => { clearTimeout(timer); no(signal.reason); }, {once: true});
	});
}
