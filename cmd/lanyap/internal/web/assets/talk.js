// How what is said is put together: which message begins a turn, and where a day
// begins. Nothing here touches the page.

import {date} from './words.js';

const pause = 5 * 60_000; // ms after which a turn ends

// key names a message, by which one that comes twice is known.
export function key(instance, isPrivate, seq) { return `${instance}/${isPrivate ? 'p' : ''}${seq}`; }

// follows reports whether a message goes on with the turn of the one before it:
// from the same person, to the same, and soon after.
export function follows(before, m) {
	return before !== undefined && before.kind === 'message' &&
		before.from.id === m.from.id && before.from.name === m.from.name &&
		before.own === m.own && before.history === m.history &&
		(before.to?.instance ?? '') === (m.to?.instance ?? '') && Boolean(before.private) === Boolean(m.private) &&
		Math.abs(m.sent - before.sent) < pause && date(new Date(before.sent)) === date(new Date(m.sent));
}

// newDay reports whether a message is of another day than the one before it,
// or than the day it is read.
export function newDay(before, m, now = new Date()) {
	const of = date(new Date(m.sent));
	return before === undefined ? of !== date(now) : of !== date(new Date(before.sent));
}

// Seen remembers which messages came, the last so many of them.
export class Seen {
	#keys = new Set();
	#most;
	constructor(most = 20_000) { this.#most = most; }

	// add reports whether a key is new.
	add(k) {
		if (this.#keys.has(k)) return false;
		this.#keys.add(k);
		if (this.#keys.size > this.#most) this.#keys.delete(this.#keys.values().next().value);
		return true;
	}
}
