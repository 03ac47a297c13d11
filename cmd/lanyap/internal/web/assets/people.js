// Who is here, as it is shown: a list, each a button that chooses whom to say
// things to, and how each is reached.

import {$, make, named, soon} from './dom.js';
import {drawRoom} from './draw.js';
import {color, nameOf, short} from './room.js';
import {plural} from './words.js';

export class People {
	#room;
	#items = new Map(); // instance → element
	#chosen = '';

	// choose is called with a member that somebody chose from the list.
	constructor(room, choose) {
		this.#room = room;
		$('people').addEventListener('click', e => {
			const p = room.here.get(e.target.closest('li')?.dataset.instance);
			if (p) choose(p);
		});
	}

	// changed draws the list anew.
	changed() { soon(this.#draw); }

	// mark shows whom things are said to alone; '' is everybody.
	mark(instance) {
		this.#chosen = instance;
		this.changed();
	}

	// spoke shows in the drawing that somebody said something.
	spoke(p) { this.#drawing?.spoke(p.instance); }

	#drawing = null;

	#draw = () => {
		const list = this.#room.sorted();
		for (const [instance, el] of this.#items) {
			if (this.#room.here.has(instance)) continue;
			el.remove();
			this.#items.delete(instance);
		}
		let before = null;
		for (const p of list) {
			const el = this.#item(p);
			// Moved only where it is not in its place already: moving takes away the focus.
			const place = before ? before.nextSibling : $('people').firstChild;
			if (place !== el) $('people').insertBefore(el, place);
			before = el;
		}
		$('heads').textContent = list.length + 1;
		$('peoplehead').textContent = list.length ? `${plural(list.length, 'other')} here` : 'Nobody else is here';
		$('map').toggleAttribute('hidden', list.length === 0);
		this.#drawing = drawRoom($('map'), this.#room, list);
	};

	#item(p) {
		let el = this.#items.get(p.instance);
		const label = this.#room.label(p), how = reached(p, this.#room.self);
		const looks = JSON.stringify([label, how.map(h => h.textContent ?? h).join(''), this.#chosen === p.instance]);
		if (el?.looks === looks) return el;
		if (!el) {
			el = make('li');
			const button = make('button');
			button.type = 'button';
			el.append(button);
			el.dataset.instance = p.instance;
			this.#items.set(p.instance, el);
		}
		el.looks = looks;
		el.dataset.name = p.name;
		el.dataset.id = p.id;
		el.dataset.known = p.known ?? '';
		el.className = color(p) + (p.via ? ' through' : '') + (p.known === 'changed' ? ' borrowed' : '');
		const button = el.firstChild;
		button.title = `${label}\nID ${short(p)}…\nSay something to ${nameOf(p)} only`;
		button.setAttribute('aria-pressed', String(this.#chosen === p.instance));
		button.replaceChildren(make('span', 'dot'), make('span', 'label', named(label, '')), make('span', 'how', ...how));
		return el;
	}
}

// standing says what is known of a member: see known.js.
const standing = {new: 'new here, ', changed: 'not who it was, ', seen: ''};

// reached says how a member is linked to this page.
function reached(p, self) {
	const way = p.via ? ['through ', named(nameOf(p.via), '')] : ['direct'];
	const where = [p.id === self?.id ? 'you, ' : '', standing[p.known] ?? '', p.web ? 'in a browser (web), ' : ''];
	return [...where, ...way];
}
