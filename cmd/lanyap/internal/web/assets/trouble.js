// What does not work just now, in a line above what is said.

import {$, listed, make} from './dom.js';
import {color} from './room.js';
import {named} from './dom.js';
import {nameOf} from './room.js';

// tell shows what is wrong; nothing takes it away.
export function tell(...parts) { show(parts, false); }

// fail shows what is wrong for good.
export function fail(...parts) { show(parts, true); }

let before = '';

function show(parts, bad) {
	const said = parts.map(p => p.textContent ?? p).join('');
	if (said === before) return;
	before = said;
	$('trouble').hidden = parts.length === 0;
	$('trouble').classList.toggle('bad', bad);
	$('trouble').replaceChildren(...parts);
}

// keeperGone is what to say while the node that served the page does not answer:
// other nodes that may serve it as well.
export function keeperGone(others) {
	const links = others.filter(p => p.addr && !p.web).slice(0, 3).map(p => {
		const a = make('a', '', named(nameOf(p), color(p)));
		a.href = `http://${p.addr}/`;
		return a;
	});
	const text = 'The node that served this page does not answer. What you say still reaches everybody here; files wait until it is back.';
	return links.length ? [text + ' The page is also with ', ...listed(links), '.'] : [text];
}
