// Figures, times and files in words: those that the program uses on a terminal.

import {line} from './safe.js';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

// bytes returns a number of bytes: 1,023 B, 1.5 KiB, 12 MiB.
export function bytes(n) {
	if (n < 1024) return count(Math.floor(n)) + ' B';
	let unit = 0;
	while (n >= 1023.95 && unit < units.length - 1) {
		n /= 1024;
		unit++;
	}
	return n.toFixed(n < 9.995 ? 1 : 0) + ' ' + units[unit];
}

// count returns a number with commas between thousands.
export function count(n) { return String(n).replace(/\B(?=(\d{3})+$)/g, ','); }

export function plural(n, noun) { return n === 1 ? `1 ${noun}` : `${count(n)} ${noun}s`; }

// rate returns bytes a second.
export function rate(perSecond) { return bytes(perSecond) + '/s'; }

// duration returns seconds as 0.4 s, 12 s, 3 min 20 s, 2 h 5 min.
export function duration(seconds) {
	if (seconds < 0.95) return Math.max(seconds, 0.1).toFixed(1) + ' s';
	const s = Math.round(seconds);
	if (s < 60) return s + ' s';
	if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
	const m = Math.round(seconds / 60);
	return m < 6000 ? `${Math.floor(m / 60)} h ${m % 60} min` : 'days';
}

// clock returns the time of day of a Date: 14:05.
export function clock(t) {
	return String(t.getHours()).padStart(2, '0') + ':' + String(t.getMinutes()).padStart(2, '0');
}

// day names the day of a Date for people who read it at now.
export function day(t, now = new Date()) {
	if (date(t) === date(now)) return 'today';
	const before = new Date(now);
	before.setDate(before.getDate() - 1);
	return date(t) === date(before) ? 'yesterday' : date(t);
}

// date returns the day of a Date: 2026-11-27.
export function date(t) {
	return [t.getFullYear(), t.getMonth() + 1, t.getDate()].map(n => String(n).padStart(2, '0')).join('-');
}

const maxItem = 60, maxItems = 3;

// item returns the name of a file or folder, cut in its middle: its start tells
// what it is, its end what kind.
export function item(name, dir = false) {
	const runes = Array.from(line(name) || '""');
	const half = (maxItem - 1) / 2 | 0;
	const short = runes.length > maxItem ? [...runes.slice(0, half), '…', ...runes.slice(-half)] : runes;
	return short.join('') + (dir ? '/' : '');
}

// subject names what is offered: the first items.
export function subject(items, all = items.length) {
	const list = items.slice(0, maxItems).map(i => item(i.name, i.dir));
	const more = all - list.length;
	return list.join(', ') + (more > 0 ? ` and ${count(more)} more` : '');
}

// extent returns how much is offered: 12 files, 3.4 MiB.
export function extent({items, files, size, count: all = items.length}) {
	const one = files === 1 && all === 1 && !items[0]?.dir;
	return (one ? '' : plural(files, 'file') + ', ') + bytes(size);
}

const excerptLength = 40;

// excerpt returns the start of a text, to remind people which it was.
export function excerpt(s) {
	const runes = Array.from(line(s));
	return runes.length <= excerptLength ? runes.join('') : runes.slice(0, excerptLength - 1).join('') + '…';
}
