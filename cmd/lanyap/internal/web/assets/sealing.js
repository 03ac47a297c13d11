// What a worker does for the page in a private room: it seals what goes to the node
// by plain HTTP, and fetches and opens what comes. It runs the page's own program for
// that, which is told by its argument that it is here.
//
// The page sends {start: module}, the compiled program, and then
//
//	{id, seal: Blob, key, about}        answered by {id, sealed: Blob}
//	{id, fetch: url, key, whole}        answered by {id, blob}, and before by {id, bytes},
//	                                    how far it is; whole: it cannot begin in between
//	{id, stop: true}                    ends a fetch
//
// Whatever fails is answered by {id, error}.

importScripts('wasm_exec.js');

const patience = 60_000;  // ms without any progress after which a fetch has failed
const portion = 4 << 20;  // bytes of which one Blob is made: those are kept on disk, where the browser does so

let begun;
const ready = new Promise(ok => globalThis.lanyapSealing = ok);
const stops = new Map(); // fetch → AbortController

onmessage = async ({data: job}) => {
	if (job.start) return start(job.start);
	if (job.stop) return stops.get(job.id)?.abort();
	try {
		await ready;
		if (job.seal) {
			const plain = new Uint8Array(await job.seal.arrayBuffer());
			const sealed = globalThis.lanyapSeal(job.key, job.about, plain);
			postMessage({id: job.id, sealed: new Blob([sealed])});
		} else {
			postMessage({id: job.id, blob: await fetchAll(job)});
		}
	} catch (err) {
		postMessage({id: job.id, error: err.message});
	} finally {
		stops.delete(job.id);
	}
};

function start(module) {
	if (begun) return;
	begun = true;
	const go = new Go();
	go.argv = ['lanyap', 'seal'];
	WebAssembly.instantiate(module, go.importObject).then(instance => go.run(instance));
}

// fetchAll fetches what an address has and returns it in clear. What is cut off goes on
// where it was, if it can.
async function fetchAll(job) {
	const stop = new AbortController();
	stops.set(job.id, stop);
	let parts = new Parts(), since = performance.now(), wait = 250;
	for (;;) {
		const at = parts.size;
		try {
			await fetchRest(job, parts, stop.signal);
			return parts.all();
		} catch (err) {
			if (stop.signal.aborted || err.final) throw err;
			if (parts.size > at) [since, wait] = [performance.now(), 250];
			if (performance.now() - since > patience) throw new Error('the node that served this page cannot be reached');
			if (job.whole) parts = new Parts();
			await new Promise(ok => setTimeout(ok, wait));
			wait = Math.min(2 * wait, 5000);
		}
	}
}

async function fetchRest(job, parts, signal) {
	const from = parts.size;
	const answer = await fetch(from ? `${job.fetch}?from=${from}` : job.fetch, {signal, cache: 'no-store'});
	if (!answer.ok) throw Object.assign(new Error(answer.status === 410 ? 'it did not arrive' : 'it is no longer there'), {final: answer.status < 500});
	const opener = globalThis.lanyapOpener(job.key, String(from));
	try {
		for (const reader = answer.body.getReader();;) {
			const {done, value} = await reader.read();
			if (done) break;
			take(opener.add(value));
		}
	} catch (err) {
		opener.end(); // it has whole pieces only
		throw err;
	}
	take(opener.end());

	function take(plain) {
		// What is cut off and what was changed look alike.
		if (!plain) throw new Error('what came was changed on its way');
		parts.add(plain);
		if (plain.length) postMessage({id: job.id, bytes: parts.size});
	}
}

// Parts is what has come, as Blobs.
class Parts {
	size = 0;
	#blobs = [];
	#loose = [];
	#bytes = 0; // of what is loose

	add(bytes) {
		this.#loose.push(bytes);
		this.#bytes += bytes.length;
		this.size += bytes.length;
		if (this.#bytes >= portion) this.#pack();
	}

	all() {
		this.#pack();
		return new Blob(this.#blobs, {type: 'application/octet-stream'});
	}

	#pack() {
		this.#blobs.push(new Blob(this.#loose));
		this.#loose = [];
		this.#bytes = 0;
	}
}
