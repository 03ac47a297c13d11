// How the page becomes a member: the program is loaded, and joins.

import {$} from './dom.js';

const patience = 300; // ms after which a start that takes long is shown as one

// missing returns what this browser lacks, '' if it has all that is needed.
export function missing() {
	const lacks = [];
	if (typeof WebAssembly !== 'object') lacks.push('WebAssembly');
	if (typeof RTCPeerConnection !== 'function') lacks.push('WebRTC');
	return lacks.join(' and no ');
}

// load runs the program and returns what it offers, globalThis.lanyap. Its end,
// which is a crash, calls ended.
export async function load(ended) {
	const slow = setTimeout(() => $('loading').hidden = false, patience);
	try {
		const go = new globalThis.Go();
		const instance = await WebAssembly.instantiate(await compiled(), go.importObject);
		go.run(instance).then(() => ended(), ended);
		return globalThis.lanyap;
	} finally {
		clearTimeout(slow);
		$('loading').hidden = true;
	}
}

// compiled returns the program as early.js has it, or as can be had.
export function compiled() { return module ??= compile(); }

let module = null;

async function compile() {
	try {
		return await globalThis.lanyapEarly.module; // compiled while it loads, and kept for the next time
	} catch { /* it was not begun, or a proxy has taken away what it is */ }
	const r = await fetch($('wasm').href, {credentials: 'same-origin'});
	if (!r.ok) throw new Error(`the node answered ${r.status}`);
	return WebAssembly.compile(await r.arrayBuffer());
}

// about asks the node that serves the page what room it is in.
export async function about() {
	const begun = globalThis.lanyapEarly?.about;
	if (begun) globalThis.lanyapEarly.about = null; // it is what was so then
	const r = await (begun ?? fetch('/page.json', {cache: 'no-store', signal: AbortSignal.timeout?.(5000)}));
	if (!r.ok) throw new Error(`the node answered ${r.status}`);
	return r.json();
}
