// Whom this tab has met, and with "Keep me on this browser" this browser: names with
// the IDs that bore them. A key can be told again by that, and no more: who somebody is
// cannot be verified in a page, which anybody on the way may have changed.

const most = 1000; // people

export class Known {
	#keep;
	#met = new Map(); // ID → name, whoever was met last at the end

	constructor(keep) {
		this.#keep = keep;
		try {
			const list = JSON.parse(keep.values.known ?? '[]');
			for (const [id, name] of list.slice(-most)) if (typeof id === 'string' && typeof name === 'string') this.#met.set(id, name);
		} catch { /* it was changed by others */ }
	}

	// meet returns what is known of a member: seen, new, or changed, where the name, or
	// one that looks like it, is known of another ID. Who is new is remembered.
	meet({id, name}) {
		const looks = likeness(name);
		const state = likeness(this.#met.get(id) ?? '') === looks && this.#met.has(id) ? 'seen'
			: [...this.#met].some(([other, n]) => other !== id && likeness(n) === looks) ? 'changed'
			: 'new';
		if (state !== 'changed') this.accept({id, name});
		return state;
	}

	// accept remembers a member under its name, whoever bore that before.
	accept({id, name}) {
		if (this.#met.get(id) === name && [...this.#met.keys()].pop() === id) return;
		this.#met.delete(id);
		this.#met.set(id, name);
		if (this.#met.size > most) this.#met.delete(this.#met.keys().next().value);
		this.#keep.set('known', JSON.stringify([...this.#met]));
	}
}

// likeness is the same for names that are easily taken for each other: by case, width,
// spaces, accents and what does not show. Letters of other scripts that look alike have
// tables that are larger than this page; the program has them.
function likeness(name) {
	return name.normalize('NFKD').replace(/[\p{M}\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}._-]/gu, '').toLowerCase();
}
