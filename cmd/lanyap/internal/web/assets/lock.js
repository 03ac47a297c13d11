// The door of a private room: what is asked of who wants to enter, and what came of
// it. A secret that is wrong is never tried a second time by itself.

import {$} from './dom.js';
import {canonical, mistake, read} from './invite.js';
import {line} from './safe.js';

export class Lock {
	#keep; #tagOf; #enter; #tag = '';
	#trying = null; // {room, secret, from}: what was tried and is not decided
	#busy = false;  // the door takes nobody just now
	#away = false;  // nobody answers there
	shut = false;   // we are outside

	// tagOf returns the tag of a room's name; enter is called with {room, secret} to
	// try, and with null to stop trying.
	constructor(keep, tagOf, enter) {
		this.#keep = keep;
		this.#tagOf = tagOf;
		this.#enter = enter;
		$('entry').addEventListener('submit', e => { e.preventDefault(); this.#entered(); });
		$('secret').addEventListener('input', () => this.#typed());
		$('shown').addEventListener('change', () => this.#show());
		$('giveup').addEventListener('click', () => { this.#stop(); $('secret').focus(); });
		this.#show();
	}

	// ask has somebody enter the room of a tag: by the invite that came with the
	// address, if there is one, or by what this tab knows, or by what they type.
	ask(tag, invite, room = '') {
		this.#tag = tag;
		this.shut = true;
		document.body.classList.add('locked');
		$('lock').hidden = false;
		const known = this.#keep.values;
		$('roomname').value = invite?.room || room || known.room || 'lan';
		if (invite) this.#try(invite, 'invite');
		else if (known.secret && this.#tagOf(known.room) === tag) this.#try({room: known.room, secret: known.secret, until: 0}, '');
		else if (matchMedia('(pointer: fine)').matches) $('secret').focus();
	}

	// opened is called when somebody of the room has let us in; false: that was asked
	// of nobody.
	opened() {
		if (!this.#trying) return false;
		this.shut = false;
		this.#wait(false);
		this.#keep.set('room', this.#trying.room);
		this.#keep.set('secret', this.#trying.secret);
		this.#trying = null;
		$('secret').value = '';
		$('lock').hidden = true;
		document.body.classList.remove('locked');
		return true;
	}

	// refused is called when we were not let in: the secret is wrong.
	refused() {
		if (!this.#trying) return;
		const from = this.#trying.from;
		this.#stop();
		this.#keep.forget('secret');
		this.#say(from === 'invite' ? 'This invite does not open the room: its secret is wrong, or no longer the room\'s. Ask for a new one.'
			: from === 'typed' ? 'That is not the secret of this room. Capital letters count.'
			: 'The secret that this tab had does not open the room any more.', 'secret');
	}

	// busy says whether the door takes nobody just now, away whether nobody answers
	// there. It is tried again by itself: neither has cost anything.
	busy(on) { this.#busy = on; this.#tell(); }
	away(on) { this.#away = on; this.#tell(); }

	#tell() {
		const now = !this.#trying ? '' : this.#away ? 'The node that served this page does not answer. Trying again…'
			: this.#busy ? 'Others are trying wrong secrets at this door. Waiting for a turn…' : 'Opening…';
		if ($('opening').textContent !== now) $('opening').textContent = now;
	}

	#entered() {
		const typed = $('secret').value, invite = read(typed);
		this.#try(invite ?? {room: $('roomname').value.trim() || 'lan', secret: canonical(typed), until: 0}, invite ? 'invite' : 'typed');
	}

	// typed takes a whole invite apart that somebody has pasted.
	#typed() {
		const invite = read($('secret').value);
		if (invite?.room) $('roomname').value = invite.room;
		this.#say('');
	}

	#try({room, secret, until, broken}, from) {
		if (broken) return this.#say('This invite is not whole. Copy all of it once more, or ask for a new one.', 'secret');
		const wrong = from !== '' && mistake(secret);
		if (wrong) return this.#say(wrong, 'secret');
		if (until && until * 1000 <= Date.now()) {
			return this.#say(`This invite was meant until ${new Date(until * 1000).toLocaleString()}. Ask for a new one.`, 'secret');
		}
		if (this.#tagOf(room) !== this.#tag) {
			return this.#say(from === 'invite' ? `This invite is for the room “${line(room)}”. The node that serves this page is in another.`
				: `The node that serves this page is not in a room of the name “${line(room)}”. Capital letters count.`, 'roomname');
		}
		this.#say('');
		this.#trying = {room, secret, from};
		this.#busy = false;
		this.#wait(true);
		this.#enter({room, secret});
	}

	#stop() {
		this.#trying = null;
		this.#wait(false);
		this.#enter(null);
	}

	#wait(on) {
		for (const id of ['roomname', 'secret', 'join']) $(id).disabled = on;
		$('waiting').hidden = !on;
		this.#tell();
	}

	#show() { $('secret').classList.toggle('covered', !$('shown').checked); }

	// say tells what is wrong, and with which of the boxes.
	#say(text, id = '') {
		$('wrong').textContent = text;
		$('wrong').hidden = !text;
		for (const box of ['roomname', 'secret']) $(box).setAttribute('aria-invalid', String(box === id));
		if (!id) return;
		$(id).focus();
		$(id).select();
	}
}
