// Text that others wrote, made so that a page shows it and nothing else happens:
// the rules of package safe, which this is the twin of. They are held to the same
// texts; the package in the page's program would be ten times as large, for tables
// that each browser has. What is returned is for textContent; nothing here, or
// anywhere in this page, makes markup of it.

// How many combining marks may follow one character: scripts and emoji in real
// use need four to six, a longer pile covers the lines above and below.
const clusterMarks = 8;

const plain = /^[\n\t\x20-\x7e]*$/;
const mark = /^[\p{Mn}\p{Me}]$/u;
const joining = /^[\p{L}\p{M}\p{S}\p{Cn}]$/u;
const graphic = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]$/u;
const later = /^\p{Cn}$/u; // of a version of Unicode that this browser does not know
const setAside = /^[\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}]$/u;
const fillers = new Set(['\u115f', '\u1160', '\u3164', '\uffa0', '\u2800']); // letters that show nothing
const zwnj = '\u200c', zwj = '\u200d';

// text returns s with everything visible that turns the direction of writing,
// takes no room, or controls something. Line feeds and tabs stay.
export function text(s) {
	s = s.replaceAll('\r\n', '\n');
	if (plain.test(s)) return s;
	const runes = Array.from(s);
	let out = '', before = '\n', marks = 0;
	for (let i = 0; i < runes.length; i++) {
		const r = runes[i];
		const attaches = r === zwj || r === zwnj || mark.test(r);
		if (attaches && marks < clusterMarks && joins(before, r, runes[i + 1])) {
			marks++;
			out += before === '\n' || before === '\t' ? '\u25cc' + r : r; // a mark on nothing (Unicode, section 5.13)
			before = r;
			continue;
		}
		if (mark.test(r)) continue; // over the limit, or a selector that selects nothing
		if (before !== zwj) marks = 0;
		before = r;
		out += visible(r);
	}
	return out;
}

// line is text for what has to stay on one line, such as a name.
export function line(s) {
	return text(s).replaceAll('\n', '␊').replaceAll('\t', '␉').trim();
}

// joins reports whether r, which attaches to what is before it, does so usefully
// and not to hide the difference between two names.
function joins(before, r, after) {
	const c = r.codePointAt(0);
	if (r === zwj || r === zwnj) return scriptOrEmoji(before) && scriptOrEmoji(after);
	if (c === 0x34f || c >= 0xe0100 && c <= 0xe01ef || c >= 0xfe00 && c <= 0xfe0d ||
		c >= 0x180b && c <= 0x180f || c === 0x17b4 || c === 0x17b5) return false;
	if (c === 0xfe0e || c === 0xfe0f) {
		return before !== r && (before > '\x7f' || before !== '' && '0123456789#*'.includes(before));
	}
	return true;
}

function scriptOrEmoji(r) {
	return r !== undefined && r !== '' && r.codePointAt(0) >= 0x300 && r !== '\ufffd' && joining.test(r);
}

function visible(r) {
	const c = r.codePointAt(0);
	if (r === '\n' || r === '\t') return r;
	if (c < 0x20) return String.fromCharCode(0x2400 + c); // Unicode's control pictures
	if (c === 0x7f) return '\u2421';
	if (c >= 0xd800 && c <= 0xdfff) return '\ufffd';
	const unassigned = later.test(r) && !setAside.test(r);
	if (fillers.has(r) || !unassigned && !graphic.test(r)) {
		return `<U+${c.toString(16).toUpperCase().padStart(4, '0')}>`;
	}
	return r;
}
