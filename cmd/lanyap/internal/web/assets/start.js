// How the page becomes a member: the program is loaded, and joins.

import {$} from './dom.js';

const patience = 300; // ms after which a start that takes long is shown as one

// missing returns what this browser lacks, '' if it has all that is needed.
export function missing() {
	const lacks = [];
	if (typeof WebAssembly !== 'object') lacks.push('WebAssembly');
	if (typeof RTCPeerConnection !== 'function') lacks.push('WebRTC');
	return lacks.join(' and ');
}

// load runs the program and returns what it offers, globalThis.lanyap. Its end,
// which is a crash, calls ended.
export async function load(ended) {
	const slow = setTimeout(() => $('loading').hidden = false, patience);
	try {
		const go = new globalThis.Go();
		const {instance} = await instantiate(fetch($('wasm').href, {credentials: 'same-origin'}), go.importObject);
		go.run(instance).then(() => ended(), ended);
		return globalThis.lanyap;
	} finally {
		clearTimeout(slow);
		$('loading').hidden = true;
	}
}

// instantiate compiles while it loads, and keeps what it has compiled for the
// next time, if the answer is what it should be.
async function instantiate(answer, imports) {
	const r = await answer;
	if (!r.ok) throw new Error(`the node answered ${r.status}`);
	if (WebAssembly.instantiateStreaming && r.headers.get('Content-Type') === 'application/wasm') {
		return WebAssembly.instantiateStreaming(r, imports);
	}
	return WebAssembly.instantiate(await r.arrayBuffer(), imports);
}

// about asks the node that serves the page what room it is in.
export async function about() {
	const r = await fetch('/page.json', {cache: 'no-store', signal: AbortSignal.timeout?.(5000)});
	if (!r.ok) throw new Error(`the node answered ${r.status}`);
	return r.json();
}
