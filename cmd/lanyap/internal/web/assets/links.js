// Which parts of a text are addresses that can be opened.

const address = /\bhttps?:\/\/[^\s<>"'`\p{C}]+/giu;
const behind = /[.,;:!?…、。]+$/u; // ends a sentence, not an address

// parts splits a text into {text} and {text, href}. Only http and https are
// addresses, and an address is shown as it was written.
export function parts(text) {
	const list = [];
	let from = 0;
	for (const m of text.matchAll(address)) {
		const shown = trim(m[0]);
		const href = whole(shown);
		if (!href) continue;
		if (m.index > from) list.push({text: text.slice(from, m.index)});
		list.push({text: shown, href});
		from = m.index + shown.length;
	}
	if (from < text.length) list.push({text: text.slice(from)});
	return list;
}

// trim drops what follows an address in prose, such as the parenthesis around it.
function trim(s) {
	for (;;) {
		const t = s.replace(behind, '');
		const closes = [[')', '('], [']', '['], ['}', '{']].some(([close, open]) =>
			t.endsWith(close) && t.split(close).length > t.split(open).length);
		const u = closes ? t.slice(0, -1) : t;
		if (u === s) return s;
		s = u;
	}
}

function whole(s) {
	try {
		const u = new URL(s);
		const known = u.protocol === 'http:' || u.protocol === 'https:';
		return known && u.hostname && !u.username && !u.password ? u.href : '';
	} catch {
		return '';
	}
}
