// The box in which people write.

import {$} from './dom.js';
import {read} from './commands.js';
import {nameOf} from './room.js';

const maxBody = 64 << 10; // bytes of a message

export class Compose {
	#room; #say; #chosen; #invite;
	#past = []; #at = 0; // what was entered, and which of it the arrows have called back
	to = null; // the member to whom alone things are said; null: everybody

	// say is called with a text and the member it is for, or null; chosen when whom
	// things are for changes; invite by /invite. say and invite return why they cannot.
	constructor(room, say, chosen, invite) {
		this.#room = room;
		this.#invite = invite;
		this.#say = say;
		this.#chosen = chosen;
		const box = $('say');
		box.addEventListener('keydown', e => {
			if (e.key === 'ArrowUp' || e.key === 'ArrowDown') this.#recall(e);
			// Enter may choose a word where characters are composed; Safari tells by 229.
			if (e.key !== 'Enter' || e.shiftKey || e.isComposing || e.keyCode === 229) return;
			e.preventDefault();
			this.#enter();
		});
		box.addEventListener('input', () => this.#typed());
		$('compose').addEventListener('submit', e => e.preventDefault());
		$('send').addEventListener('click', () => this.#enter());
		// A tap on the button must not take the keyboard of a phone away.
		$('send').addEventListener('pointerdown', e => document.activeElement === box && e.preventDefault());
		$('toall').addEventListener('click', () => { this.choose(null); box.focus(); });
		this.#typed();
	}

	// choose says whom things are for from now on.
	choose(p) {
		this.to = p;
		$('only').hidden = !p;
		$('compose').classList.toggle('only', Boolean(p));
		$('whom').textContent = p ? this.#room.label(p) : '';
		$('say').setAttribute('aria-label', p ? `Say something to ${nameOf(p)} only` : 'Say something to everybody');
		this.#chosen(p);
	}

	// gone is called when somebody leaves. What is written for one alone must not
	// become what is said to all, so nothing changes but what is shown.
	gone(p) {
		if (this.to?.instance === p.instance) this.mistake(`${this.#room.label(p)} is no longer here`);
	}

	// mistake says why something was not done; '' takes it away.
	mistake(text, hint = '') {
		$('mistake').hidden = !text;
		$('mistake').textContent = hint ? `${text}: ${hint}` : text;
	}

	// recall puts back what was entered before: only over nothing, or over what it
	// has put there itself.
	#recall(e) {
		const box = $('say');
		if (box.value !== (this.#past[this.#at] ?? '')) return;
		const at = this.#at + (e.key === 'ArrowUp' ? -1 : 1);
		if (at < 0 || at > this.#past.length) return;
		e.preventDefault();
		this.#at = at;
		box.value = this.#past[at] ?? '';
		this.#typed();
	}

	#typed() {
		const box = $('say');
		if (!CSS.supports('field-sizing', 'content')) {
			box.style.height = 'auto';
			box.style.height = box.scrollHeight + 'px';
		}
		$('compose').classList.toggle('written', box.value.trim() !== '');
	}

	#enter() {
		const box = $('say');
		const entered = box.value;
		if (entered.trim() === '') return;
		const said = read(entered);
		const problem = said.mistake ? said : said.invite ? this.#invite() : this.#hand(said);
		if (problem) {
			this.mistake(problem.mistake, problem.hint);
			return; // what was written stays
		}
		this.mistake('');
		this.#past.push(entered);
		this.#at = this.#past.length;
		box.value = '';
		this.#typed();
	}

	// hand says what was entered, and returns why it cannot.
	#hand({say, to}) {
		if (new TextEncoder().encode(say).length > maxBody) {
			return {mistake: 'a message has at most 64 KiB; not sent', hint: 'split it'};
		}
		if (to === undefined) {
			if (this.to && !this.#room.here.has(this.to.instance)) {
				return {mistake: `${nameOf(this.to)} is no longer here; not sent`, hint: 'Esc goes back to everybody'};
			}
			return this.#say(say, this.to);
		}
		const found = this.#room.find(to);
		if (found.length === 1) return this.#say(say, found[0]);
		if (found.length === 0) return {mistake: `nobody of that name is here; not sent`, hint: 'choose from the list'};
		return {mistake: 'more than one here has that name; not sent', hint: `name one of ${found.map(p => this.#room.label(p)).join(', ')}`};
	}
}
