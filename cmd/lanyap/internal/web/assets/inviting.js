// The invite to a private room, as it is shown: a link, and its code for a phone.

import {$, svg} from './dom.js';
import {code} from './code.js';

const quiet = 4; // modules around a code that are white (ISO/IEC 18004, 5.3.8)

// openInvite shows an invite that is meant until then, in seconds since 1970.
export function openInvite(link, until) {
	$('invitelink').value = link;
	$('inviteuntil').textContent = new Date(until * 1000).toLocaleString([], {dateStyle: 'medium', timeStyle: 'short'});
	$('invitecode').replaceChildren(...drawing(code(link)));
	const box = $('invite');
	if (box.open) return;
	box.showModal();
	box.onclose = () => {
		$('invitelink').value = '';
		$('invitecode').replaceChildren();
	};
	$('inviteshut').onclick = () => box.close();
	$('invitelink').onfocus = () => $('invitelink').select();
	$('invitelink').focus();
}

function drawing(rows) {
	if (!rows) return []; // the link is too long for one
	const size = rows.length + 2 * quiet;
	const path = rows.flatMap((row, y) => row.map((dark, x) => dark ? `M${x + quiet} ${y + quiet}h1v1h-1z` : '')).join('');
	return [svg('svg', {viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': 'The same as a QR code', 'shape-rendering': 'crispEdges'},
		svg('rect', {width: size, height: size, class: 'light'}), svg('path', {d: path, class: 'dark'}))];
}
