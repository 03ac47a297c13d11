// Files: what is offered to this page, and what it offers. They go through the
// node that serves the page, its keeper, which acts in the page's name.

import {$, make, named, soon} from './dom.js';
import {Meter} from './meter.js';
import {items as itemsOf, most} from './pick.js';
import {fetchSealed, keyOf} from './sealer.js';
import {upload} from './upload.js';
import {bytes, count, duration, extent, rate, subject} from './words.js';
import {color, nameOf} from './room.js';
import {line} from './safe.js';

const atOnce = 3; // uploads of one offer
const revokeAfter = 10 * 60_000; // ms that a browser may take to copy what was opened for it

export class Files {
	#room; #ask; #tell; #text; #call;
	#incoming = new Map(); // offer → what is known of it
	#outgoing = new Map();
	#over = new Set(); // offers that were taken and have ended: the keeper may tell of them once more
	#number = 0;
	ready = false; // the keeper answers

	// ask sends a line to the keeper and reports whether it went; tell shows a
	// notice, and text one that was sent; call tells people who look elsewhere.
	constructor(room, {ask, tell, text, call}) {
		this.#room = room;
		this.#ask = ask;
		this.#tell = tell;
		this.#text = text;
		this.#call = call;
		addEventListener('beforeunload', e => this.busy && e.preventDefault());
	}

	// busy reports whether something is under way that the end of the page ends.
	get busy() {
		return [...this.#outgoing.values()].some(o => o.running > 0) || [...this.#incoming.values()].some(o => o.opening);
	}

	// keeper says whether the keeper answers.
	keeper(up) {
		this.ready = up;
		$('attach').disabled = !up;
		$('attach').title = up ? 'Offer files' : 'Files go through the node that served this page, which does not answer';
		this.#changed();
	}

	// heard takes a line of the keeper's. A new connection to it begins with ready,
	// and then has all that is so once more.
	heard(ev) {
		switch (ev.is) {
		case 'ready':
			this.#renewed();
			return;
		case 'text':
			this.#text(this.#known(ev.from), ev.text);
			this.#call();
			return;
		case 'mistake':
			console.warn(ev.why);
			return;
		}
		if (this.#over.has(ev.id)) return;
		const [list, take] = this.#incoming.has(ev.id) || ev.is === 'offer' ? [this.#incoming, this.#heardIn] : [this.#outgoing, this.#heardOut];
		const o = list.get(ev.id);
		if (o || ev.is === 'offer') take.call(this, ev, o);
		this.#changed();
	}

	// offer offers what was picked to a member, or to everybody.
	offer(list, to) {
		if (list.length === 0) return '';
		if (list.length > most) return `that is more than ${count(most)} files; put them into an archive`;
		if (!this.ready) return 'files go through the node that served this page, which does not answer';
		const id = `up${++this.#number}-${Math.random().toString(36).slice(2, 8)}`;
		const items = itemsOf(list);
		const size = list.reduce((sum, p) => sum + p.file.size, 0);
		const went = this.#ask({do: 'offer', id, to: to ? [to.id] : [], files: list.map(({path, file}) => ({path, size: file.size, time: file.lastModified}))});
		if (!went) return 'the node that served this page does not answer';
		this.#outgoing.set(id, {
			id, list, to, items, count: items.length, files: list.length, size,
			done: new Map(), sent: 0, meter: new Meter(), stop: new AbortController(), queue: [], wanted: new Set(), running: 0, members: new Map(),
		});
		this.#changed();
		return '';
	}

	// declineNewest turns down what was offered last, and reports whether there was
	// anything.
	declineNewest() {
		const o = [...this.#incoming.values()].filter(o => !o.taken).pop();
		if (o) this.#decline(o);
		return Boolean(o);
	}

	// moved gives up what the keeper had: it was started anew, and knows nothing.
	moved() {
		for (const o of this.#incoming.values()) {
			o.opening?.abort();
			if (o.taken) this.#tell([this.#subject(o), ' from ', this.#who(o.from), ': the node that fetched it was started anew'], true);
		}
		this.#incoming.clear();
		for (const o of [...this.#outgoing.values()]) {
			this.#tell([this.#subject(o), ': the node that had it was started anew; offer it again'], true);
			this.#end(o);
		}
		this.#changed();
	}

	// renewed forgets what only the keeper knows.
	#renewed() {
		for (const o of this.#incoming.values()) if (!o.taken) this.#incoming.delete(o.id);
		this.#changed();
	}

	#heardIn(ev, o) {
		switch (ev.is) {
		case 'offer':
			if (o?.taken) return;
			this.#incoming.set(ev.id, {...ev, meter: new Meter(), at: 0});
			if (!o) this.#call();
			return;
		case 'withdrawn':
			this.#incoming.delete(ev.id);
			this.#tell([this.#subject(o), ' from ', this.#who(o.from), ' ', line(ev.why || 'was withdrawn')]);
			return;
		case 'download':
			if (o.url === ev.url) return;
			o.taken = true;
			o.url = ev.url;
			if (keyOf(ev)) this.#open(o, ev);
			else fetchInto(ev.url, ev.name);
			return;
		case 'progress':
			if (!o.opening) this.#progress(o, ev);
			return;
		case 'done':
			if (o.opening) return; // it is told of when it is here
			this.#close(o);
			// The browser may still be fetching it, and says so itself.
			this.#tell([this.#subject(o), ' from ', this.#who(o.from), `: ${extent(o)}, verified, goes to the downloads of this browser`]);
			return;
		case 'failed':
			o.opening?.abort();
			this.#close(o); // if it could not begin, it is offered once more
			this.#tell([this.#subject(o), ' from ', this.#who(o.from), ': ', line(ev.why || 'failed')], true);
		}
	}

	#heardOut(ev, o) {
		switch (ev.is) {
		case 'upload':
			if (o.wanted.has(ev.file)) return;
			o.wanted.add(ev.file);
			o.queue.push(ev);
			this.#uploadNext(o);
			return;
		case 'state':
			this.#memberState(o, ev);
			return;
		case 'done': case 'withdrawn':
			this.#end(o);
			return;
		case 'failed':
			this.#end(o);
			this.#tell([this.#subject(o), ': ', line(ev.why || 'failed')], true);
		}
	}

	// open fetches what is sealed, and has the browser keep it.
	async #open(o, ev) {
		o.opening = new AbortController();
		try {
			const blob = await fetchSealed({
				url: ev.url, key: keyOf(ev), whole: ev.zip, signal: o.opening.signal,
				onBytes: n => this.#progress(o, {bytes: n}),
			});
			const url = URL.createObjectURL(blob);
			fetchInto(url, ev.name);
			setTimeout(() => URL.revokeObjectURL(url), revokeAfter);
			this.#close(o);
			this.#tell([this.#subject(o), ' from ', this.#who(o.from), `: ${extent(o)}, verified, goes to the downloads of this browser`]);
		} catch (err) {
			if (o.opening.signal.aborted) return;
			this.#close(o);
			this.#tell([this.#subject(o), ' from ', this.#who(o.from), ': ', line(err.message)], true);
		} finally {
			o.opening = null;
			this.#changed();
		}
	}

	#progress(o, ev) {
		o.started ??= performance.now();
		o.at = ev.bytes;
		o.size = ev.size ?? o.size;
		o.meter.add(performance.now(), ev.bytes);
	}

	#memberState(o, ev) {
		const who = this.#who(ev.member);
		o.members.set(ev.member.id, {...ev.member, state: ev.state});
		switch (ev.state) {
		case 'arrived':
			this.#tell([who, ' has ', this.#subject(o), ': ', bytes(o.size)]);
			if (o.to) this.#end(o, 'withdraw');
			return;
		case 'declined':
			this.#tell([who, ' declined ', this.#subject(o)]);
			if (o.to) this.#end(o, 'withdraw');
			return;
		case 'failed':
			this.#tell([this.#subject(o), ' to ', who, ': ', line(ev.why || 'failed')], true);
		}
	}

	#end(o, tell = '') {
		if (!this.#outgoing.delete(o.id)) return;
		o.stop.abort();
		if (tell) this.#ask({do: tell, id: o.id});
		this.#changed();
	}

	#decline(o) {
		this.#incoming.delete(o.id);
		this.#ask({do: 'decline', id: o.id});
		this.#tell(['declined ', this.#subject(o), ' from ', this.#who(o.from)]);
		this.#changed();
	}

	#accept(o) {
		o.taken = true;
		o.started = performance.now();
		this.#ask({do: 'accept', id: o.id});
		this.#changed();
	}

	#cancel(o) {
		o.opening?.abort();
		this.#close(o);
		this.#over.add(o.id);
		this.#ask({do: 'cancel', id: o.id});
		this.#changed();
	}

	// close takes out what was taken.
	#close(o) {
		this.#incoming.delete(o.id);
		if (o.url) this.#over.add(o.id);
	}

	async #uploadNext(o) {
		if (o.running >= atOnce || o.stop.signal.aborted) return;
		const job = o.queue.shift();
		const picked = job && o.list[job.file];
		if (!picked) return;
		o.running++;
		o.started ??= performance.now();
		try {
			await upload({
				file: picked.file, url: job.url, key: keyOf(job), offset: job.offset ?? 0, signal: o.stop.signal,
				onBytes: n => this.#sent(o, job.file, n),
			});
		} catch (err) {
			if (!o.stop.signal.aborted) {
				this.#tell([this.#subject(o), ': ', line(err.message)], true);
				this.#end(o, 'withdraw');
			}
		} finally {
			o.running--;
			this.#uploadNext(o);
			this.#changed();
		}
	}

	#sent(o, file, n) {
		o.sent += n - (o.done.get(file) ?? 0);
		o.done.set(file, n);
		o.meter.add(performance.now(), o.sent);
		this.#changed();
	}

	#subject(o) { return make('bdi', '', subject(o.items, o.count)); }

	#who(p) { return named(this.#room.label(this.#known(p)), color(p)); }

	// known returns what the room knows of somebody whom the keeper names.
	#known(p) { return this.#room.here.get(p.instance) ?? {instance: '', ...p, name: p.name ?? ''}; }

	#changed() { soon(this.#draw); }

	#draw = () => {
		arrange($('offers'), [...this.#incoming.values()], o => this.#drawIncoming(o));
		arrange($('outgoing'), [...this.#outgoing.values()], o => this.#drawOutgoing(o));
	};

	#drawIncoming(o) {
		o.card ??= card(el => el.dataset.offer = o.id);
		const c = o.card;
		c.el.classList.toggle('asks', !o.taken);
		c.what.textContent = subject(o.items, o.count);
		if (!o.taken) {
			set(c.how, o, [this.#who(o.from), ` offers it, ${extent(o)}`]);
			buttons(c, o, [['decline', 'Decline', 'quiet', () => this.#decline(o)], ['accept', 'Accept', 'strong', () => this.#accept(o)]]);
			return;
		}
		set(c.how, o, [...going(o.at, o.size, o.meter), ', from ', this.#who(o.from)]);
		bar(c, o.at, o.size);
		buttons(c, o, [['cancel', 'Cancel', 'quiet', () => this.#cancel(o)]]);
	}

	#drawOutgoing(o) {
		o.card ??= card(el => el.dataset.outgoing = o.id);
		const c = o.card;
		c.what.textContent = subject(o.items, o.count);
		const whole = o.sent >= o.size && o.running === 0 && o.started;
		const how = o.started && !whole ? going(o.sent, o.size, o.meter) : [`offered to `, o.to ? this.#who(o.to) : 'everybody', `, ${extent(o)}`];
		set(c.how, o, [...how, ...this.#takers(o)]);
		bar(c, o.started && !whole ? o.sent : null, o.size);
		buttons(c, o, [['withdraw', o.running ? 'Cancel' : 'Withdraw', 'quiet', () => this.#end(o, 'withdraw')]]);
	}

	#takers(o) {
		const tell = {accepted: 'taken by', arrived: 'with'};
		return Object.entries(tell).flatMap(([state, words]) => {
			const list = [...o.members.values()].filter(m => m.state === state);
			if (list.length === 0) return [];
			return [` · ${words} `, ...list.slice(0, 3).flatMap((m, i) => [i ? ', ' : '', this.#who(m)]), list.length > 3 ? ` and ${list.length - 3} more` : ''];
		});
	}
}

// going says how far something is, how quick, and how long the rest takes.
function going(at, size, meter) {
	const r = meter.rate(), rest = meter.left(size - at);
	return [`${bytes(at)} of ${bytes(size)}${r ? `, ${rate(r)}` : ''}${rest ? `, ${duration(rest)} left` : ''}`];
}

// fetchInto has the browser download an address as it does any other.
function fetchInto(url, name) {
	const a = make('a');
	a.href = url;
	a.download = line(name || '');
	a.hidden = true;
	document.body.append(a);
	a.click();
	a.remove();
}

function card(label) {
	const c = {what: make('bdi', 'what'), how: make('p', 'how'), actions: make('div', 'do'), bar: null};
	c.el = make('li', 'card', c.what, c.how, c.actions);
	label(c.el);
	return c;
}

// set replaces the children of an element if they say something else now.
function set(el, o, parts) {
	const said = parts.map(p => p.textContent ?? p).join('');
	if (el.said === said) return;
	el.said = said;
	el.replaceChildren(...parts.filter(p => p !== ''));
}

function bar(c, at, size) {
	if (at === null) {
		c.bar?.remove();
		c.bar = null;
		return;
	}
	c.bar ??= c.el.appendChild(make('progress'));
	c.bar.max = Math.max(size, 1);
	c.bar.value = size ? at : 1;
}

function buttons(c, o, list) {
	const kinds = list.map(([kind, label]) => kind + label).join();
	if (c.kinds === kinds) return;
	c.kinds = kinds;
	c.actions.replaceChildren(...list.map(([kind, label, className, act]) => {
		const b = make('button', className, label);
		b.type = 'button';
		b.dataset.do = kind;
		b.setAttribute('aria-label', `${label} ${subject(o.items, o.count)}`);
		b.addEventListener('click', act);
		return b;
	}));
}

// arrange has a list hold the cards of what there is.
function arrange(list, all, draw) {
	for (const o of all) draw(o);
	const cards = all.map(o => o.card.el);
	for (const el of [...list.children]) if (!cards.includes(el)) el.remove();
	for (const el of cards) if (el.parentNode !== list) list.append(el);
}
