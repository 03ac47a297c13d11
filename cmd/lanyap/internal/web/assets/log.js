// What was said, as it is shown. Of all that was said since the page was opened
// it remembers the last entries, and has fewer of them in the page.

import {$, listed, make, named, soon, svg} from './dom.js';
import {text as safe} from './safe.js';
import {parts} from './links.js';
import {deed} from './commands.js';
import {clock, count, day} from './words.js';
import {color, nameOf} from './room.js';
import {follows, newDay} from './talk.js';

const remembered = 10_000, shown = 300, slack = 100, batch = 300;
const together = 60_000; // ms in which who joins is told in one line
const near = 60; // px from the end at which one reads along

export class Log {
	#room;
	#entries = [];     // {kind: 'message' | 'notice', …}, oldest first
	#first = 0;        // the first of them that is in the page
	#drawn = 0;        // up to which they are
	#changed = new Set();
	#following = true; // the end is in sight
	#missed = 0;       // messages that came while it was not
	#fresh = null;     // the line where reading stopped
	#talk = $('talk');
	#list = $('messages');

	constructor(room) {
		this.#room = room;
		this.#talk.addEventListener('scroll', () => this.#scrolled(), {passive: true});
		new ResizeObserver(() => this.#following && this.#toEnd()).observe(this.#talk);
		$('earlier').addEventListener('click', () => this.#showEarlier());
		$('newer').addEventListener('click', () => this.follow());
	}

	get empty() { return this.#entries.length === 0; }
	get following() { return this.#following; }

	// message adds what somebody said; fresh: nobody has seen it yet, and it is the
	// first of which that is so.
	message(m, fresh = false) {
		const before = this.#last();
		m.kind = 'message';
		m.day = newDay(this.#lastMessage(), m);
		m.head = m.day || fresh || !follows(before, m);
		m.fresh = fresh;
		this.#add(m);
		if (!this.#following && !m.own) this.#missed++;
	}

	// notice adds a line of the page's own: strings and elements.
	notice(parts, bad = false) { this.#add({kind: 'notice', parts, bad, sent: Date.now()}); }

	// came adds a line that somebody joined, or adds them to the one before.
	came(parts) {
		const last = this.#last();
		if (last?.came && Date.now() - last.sent < together) {
			last.came.push(parts);
			this.settle(last);
			return;
		}
		this.#add({kind: 'notice', came: [parts], sent: Date.now()});
	}

	// settle draws anew what became of a message.
	settle(m) {
		this.#changed.add(m);
		soon(this.#draw);
	}

	// follow goes to the end, and stays there.
	follow() {
		this.#following = true;
		soon(this.#draw, true);
	}

	// read takes away the line where reading stopped.
	read() {
		this.#fresh?.remove();
		this.#fresh = null;
	}

	#last() { return this.#entries[this.#entries.length - 1]; }
	#lastMessage() { return this.#entries.findLast?.(e => e.kind === 'message') ?? this.#last(); }

	#add(entry) {
		this.#entries.push(entry);
		if (this.#entries.length > remembered + slack) {
			const drop = this.#entries.length - remembered;
			this.#entries.splice(0, drop);
			while (this.#first < drop && this.#list.firstChild) this.#dropFirst();
			this.#first = Math.max(0, this.#first - drop);
			this.#drawn = Math.max(0, this.#drawn - drop);
		}
		soon(this.#draw);
	}

	#draw = () => {
		for (const e of this.#changed) this.#update(e);
		this.#changed.clear();
		// Of a flood what would be taken away again is not drawn at all.
		if (this.#following && this.#entries.length - this.#drawn > shown) {
			for (const e of this.#entries) e.el = null;
			this.#list.replaceChildren();
			this.#first = this.#drawn = this.#entries.length - shown;
		}
		const add = document.createDocumentFragment();
		for (; this.#drawn < this.#entries.length; this.#drawn++) this.#append(add, this.#entries[this.#drawn]);
		this.#list.append(add);
		if (this.#following) {
			if (this.#drawn - this.#first > shown + slack) {
				while (this.#drawn - this.#first > shown) this.#dropFirst();
			}
			this.#toEnd();
		}
		$('earlier').hidden = this.#first === 0;
		this.#tellMissed();
	};

	// dropFirst takes the first entry out of the page, and the lines before it.
	#dropFirst() {
		const entry = this.#entries[this.#first++];
		while (this.#list.firstChild && this.#list.firstChild !== entry.el) this.#list.firstChild.remove();
		entry.el?.remove();
		entry.el = null;
	}

	#append(to, entry) {
		if (entry.day) to.append(make('div', 'day', day(new Date(entry.sent))));
		if (entry.fresh) {
			this.read();
			to.append(this.#fresh = make('div', 'fresh', 'new'));
			entry.fresh = false;
		}
		to.append(entry.el = this.#element(entry));
	}

	#element(e) { return e.kind === 'notice' ? make('p', e.bad ? 'notice bad' : 'notice', ...(e.parts ?? joined(e.came))) : this.#messageElement(e); }

	#update(e) {
		if (!e.el) return; // it is not in the page, and will be as it is now
		if (e.came) {
			e.el.replaceChildren(...joined(e.came));
			return;
		}
		e.el.dataset.state = e.state;
		e.el.querySelector('.mark')?.remove();
		e.el.querySelector('.body').append(mark(e) ?? '');
	}

	#messageElement(m) {
		const does = deed(m.text);
		const classes = ['message', m.own ? 'own' : color(m.from)];
		for (const c of ['head', 'private', 'history']) if (m[c]) classes.push(c);
		if (does) classes.push('deed');
		const el = make('div', classes.join(' '));
		el.dataset.from = m.from.name;
		const at = new Date(m.sent);
		if (m.head && !does) el.append(this.#head(m, at));
		else el.dataset.at = clock(at); // drawn under the pointer: an element of each would be laid out for nobody
		const body = make('span', 'text');
		body.dir = 'auto';
		if (does) body.append(named(nameOf(m.from)), ' ');
		body.append(...linked(does || m.text));
		el.append(make('div', 'body', body, mark(m)));
		if (m.state) el.dataset.state = m.state;
		return el;
	}

	#head(m, at) {
		const tags = m.own ? ['you'] : this.#room.tags(m.from);
		if (m.sentText) tags.push('sent to you');
		else if (m.private) tags.push(m.own ? ['to ', named(this.#room.label(m.to)), ' only'] : 'to you only');
		return make('header', '', named(nameOf(m.from)), ...tags.map(t => make('span', 'tag', ...[t].flat())), time(at));
	}

	#toEnd() { this.#talk.scrollTop = this.#talk.scrollHeight; }

	#scrolled() {
		const t = this.#talk;
		this.#following = t.scrollHeight - t.scrollTop - t.clientHeight < near;
		if (this.#following && this.#missed) soon(this.#draw);
	}

	#tellMissed() {
		if (this.#following) this.#missed = 0;
		const b = $('newer');
		b.hidden = this.#missed === 0;
		b.textContent = `${this.#missed} new`;
	}

	#showEarlier() {
		const from = Math.max(0, this.#first - batch);
		const add = document.createDocumentFragment();
		for (let i = from; i < this.#first; i++) this.#append(add, this.#entries[i]);
		this.#first = from;
		const height = this.#talk.scrollHeight, top = this.#talk.scrollTop;
		this.#list.prepend(add);
		this.#talk.scrollTop = top + this.#talk.scrollHeight - height;
		$('earlier').hidden = from === 0;
	}
}

const mostNamed = 8;

function joined(came) {
	const list = came.slice(0, mostNamed).map(parts => make('span', '', ...parts));
	const more = came.length - list.length;
	if (more) list.push(make('span', '', `${count(more)} more`));
	return [...listed(list), ' joined'];
}

function time(at) {
	const el = make('time', '', clock(at));
	el.dateTime = at.toISOString();
	return el;
}

function linked(text) {
	return parts(safe(text)).map(p => {
		if (!p.href) return p.text;
		const a = make('a', '', p.text);
		a.href = p.href;
		a.target = '_blank';
		a.rel = 'noopener noreferrer';
		return a;
	});
}

// mark shows what became of a message of ours.
function mark(m) {
	switch (m.state) {
	case 'saying':
	case 'sent':
		return null;
	case 'delivered':
		if (m.count === 0) return why('nobody is here; nobody has this');
		return tick(m.private ? 'delivered' : `delivered to ${m.count}`);
	case 'undelivered':
		return why(...m.why);
	case 'unsaid':
		return why(...m.why);
	}
	return null;
}

function tick(label) {
	const el = make('span', 'mark some', svg('svg', {viewBox: '0 0 16 16'}, svg('path', {d: 'M3 8.5 6.5 12 13 4.5'})));
	el.title = label;
	el.setAttribute('role', 'img');
	el.setAttribute('aria-label', label);
	return el;
}

function why(...parts) { return make('span', 'mark why bad', ...parts); }
