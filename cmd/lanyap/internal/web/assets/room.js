// Who is here, and the names of those who were.

import {line} from './safe.js';

const colors = 8; // that style.css has

export class Room {
	self = null;
	name = '';
	here = new Map(); // instance → member
	#past = new Map(); // ID → name, of those who are or were here or in the history

	// enter notes that a member is here, or is reached another way.
	enter(p) {
		this.here.set(p.instance, p);
		this.recall(p);
	}

	// leave reports whether a member was here.
	leave(p) { return this.here.delete(p.instance); }

	// recall notes the name of somebody who need not be here.
	recall(p) { this.#past.set(p.id, nameOf(p)); }

	// label returns the name to show for a member: with the start of the ID where
	// somebody else bears the name, and with that of the instance where one person
	// is here twice.
	label(p) {
		const tags = this.tags(p);
		return tags.length ? `${nameOf(p)} (${tags.join(', ')})` : nameOf(p);
	}

	// tags returns what tells a member apart from others.
	tags(p) {
		const tags = [];
		const name = nameOf(p);
		const others = [...this.here.values()];
		if (this.self) others.push(this.self);
		if (others.some(o => o.id !== p.id && nameOf(o) === name) ||
			[...this.#past].some(([id, n]) => id !== p.id && n === name)) tags.push(short(p));
		const twice = others.some(o => o.id === p.id && o.instance !== p.instance);
		if (twice && others.some(o => o.instance === p.instance)) {
			tags.push((p.web ? 'page ' : 'terminal ') + p.instance.slice(0, 4));
		}
		return tags;
	}

	// find returns the members that a person means by a name, an ID or its start.
	find(to) {
		for (const key of [p => p.id, p => p.instance, short, p => p.name, nameOf]) {
			const found = [...this.here.values()].filter(p => key(p) === to);
			if (found.length) return found;
		}
		return [];
	}

	// sorted returns who is here by name.
	sorted() {
		return [...this.here.values()].sort((a, b) => nameOf(a).localeCompare(nameOf(b)) || (a.instance < b.instance ? -1 : 1));
	}
}

// nameOf is the name of a member as it may be shown, never empty.
export function nameOf(p) { return line(p.name) || short(p); }

// short is the start of an ID, by which people tell each other apart.
export function short(p) { return p.id.slice(0, 8); }

// color is the class of a member's colour: the same in each tab.
export function color(p) {
	let sum = 0;
	for (const c of p.id) sum = (sum * 31 + c.charCodeAt(0)) >>> 0;
	return 'c' + sum % colors;
}
