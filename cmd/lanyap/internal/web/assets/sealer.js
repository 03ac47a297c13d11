// The page's side of the worker in sealing.js, which is started when there is something
// to seal.

import {compiled} from './start.js';

let worker = null, jobs = 0;
const open = new Map(); // job → what is called with its answers

// seal returns a slice of a file as it goes to the node: by a key, for a place in the
// file.
export function seal(slice, key, offset) {
	return run({seal: slice, key, about: String(offset)}).then(answer => answer.sealed);
}

// fetchSealed returns what an address has, in clear, as a Blob; whole says that it has to
// be fetched from its start. onBytes is told how far it is.
export function fetchSealed({url, key, whole, signal, onBytes}) {
	return run({fetch: url, key, whole}, signal, onBytes).then(answer => answer.blob);
}

// keyOf returns the key in a line of the node's, null if it has none.
export function keyOf(line) {
	return line.key ? Uint8Array.from(atob(line.key), c => c.charCodeAt(0)) : null;
}

function run(job, signal, onBytes) {
	start();
	const id = ++jobs;
	const stop = () => worker.postMessage({id, stop: true});
	signal?.addEventListener('abort', stop);
	return new Promise((ok, no) => {
		open.set(id, answer => {
			if (answer.bytes !== undefined) return onBytes(answer.bytes);
			open.delete(id);
			signal?.removeEventListener('abort', stop);
			if (answer.error === undefined) ok(answer);
			else no(signal?.aborted ? signal.reason : new Error(answer.error));
		});
		worker.postMessage({id, ...job});
	});
}

function start() {
	if (worker) return;
	worker = new Worker(new URL('sealing.js', import.meta.url));
	worker.onmessage = ({data}) => open.get(data.id)?.(data);
	worker.onerror = () => {
		for (const answer of open.values()) answer({error: 'this browser cannot decrypt files'});
	};
	compiled().then(module => worker.postMessage({start: module}), () => worker.onerror());
}
