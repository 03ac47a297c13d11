// Which files somebody chose, dropped or pasted: a list of {path, file}. Folders
// are read to their ends; no file is.

import {clock, date} from './words.js';

export const most = 10_000; // files in one offer

// chosen returns what an input holds.
export function chosen(input) {
	return Array.from(input.files, file => ({path: file.webkitRelativePath || file.name, file}));
}

// carries reports whether files are dragged.
export function carries(transfer) { return Array.from(transfer?.types ?? []).includes('Files'); }

// dropped returns what was dropped. It has to be called while the event is
// handled: its items are gone afterwards.
export async function dropped(transfer) {
	const entries = Array.from(transfer.items ?? [], i => i.kind === 'file' ? i.webkitGetAsEntry?.() : null).filter(Boolean);
	if (entries.length === 0) return Array.from(transfer.files, file => ({path: file.name, file}));
	const list = [];
	for (const entry of entries) await walk(entry, '', list);
	return list;
}

async function walk(entry, above, list) {
	if (list.length > most) return;
	const path = above + entry.name;
	if (entry.isFile) {
		list.push({path, file: await new Promise((ok, no) => entry.file(ok, no))});
		return;
	}
	const reader = entry.createReader();
	for (;;) { // it yields some at a time, and none at the end
		const some = await new Promise((ok, no) => reader.readEntries(ok, no));
		if (some.length === 0) return;
		for (const e of some) await walk(e, path + '/', list);
	}
}

// pasted returns what is pasted. A picture from the clipboard has the same name
// each time, so it is named by the time.
export function pasted(transfer, now = new Date()) {
	const stamp = `${date(now)}-${clock(now).replace(':', '')}${String(now.getSeconds()).padStart(2, '0')}`;
	return Array.from(transfer?.files ?? [], (file, i) => {
		const made = /^image\.(\w+)$/.exec(file.name);
		return {path: made ? `pasted-${stamp}${i ? `-${i}` : ''}.${made[1]}` : file.name, file};
	});
}

// items returns the top names of a list as an offer has them.
export function items(list) {
	const tops = new Map();
	for (const {path, file} of list) {
		const [name, ...rest] = path.split('/');
		const top = tops.get(name) ?? {name, dir: rest.length > 0, files: 0, size: 0};
		top.files++;
		top.size += file.size;
		tops.set(name, top);
	}
	return [...tops.values()];
}
