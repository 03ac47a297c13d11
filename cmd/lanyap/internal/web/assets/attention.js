// What tells people who look elsewhere that something was said: the title, the
// icon, and a sound if they want one.

import {$} from './dom.js';

export class Attention {
	#keep; #title = 'lanyap'; #unread = 0; #audio = null; #last = 0;
	away = !document.hasFocus() || document.hidden;

	// left is called when nobody looks here any more.
	constructor(keep, left) {
		this.#keep = keep;
		const look = () => {
			const away = document.hidden || !document.hasFocus();
			if (away === this.away) return;
			this.away = away;
			this.#unread = 0;
			this.#show();
			if (away) left();
		};
		for (const type of ['focus', 'blur']) addEventListener(type, look);
		document.addEventListener('visibilitychange', look);
		const box = $('sound');
		box.checked = keep.values.sound === 'on';
		box.addEventListener('change', () => {
			keep.set('sound', box.checked ? 'on' : 'off');
			if (box.checked) this.#chime();
		});
		// Browsers are silent until somebody has touched the page.
		addEventListener('pointerdown', () => box.checked && this.#wake(), {once: true});
		addEventListener('keydown', () => box.checked && this.#wake(), {once: true});
	}

	// name sets what the title is.
	name(title) {
		this.#title = title;
		this.#show();
	}

	// call tells of something new; it does nothing while people look here.
	call() {
		if (!this.away) return;
		this.#unread++;
		this.#show();
		if (this.#keep.values.sound === 'on') this.#chime();
	}

	#show() {
		document.title = this.#unread ? `(${this.#unread}) ${this.#title}` : this.#title;
		const icon = new URL(this.#unread ? 'icon-new.svg' : 'icon.svg', import.meta.url).href;
		if ($('icon').href !== icon) $('icon').href = icon;
	}

	#wake() {
		this.#audio ??= new AudioContext();
		this.#audio.resume().catch(() => {}); // it stays silent
		return this.#audio;
	}

	// chime plays two soft tones, at most one pair in two seconds.
	#chime() {
		if (performance.now() - this.#last < 2000 && this.#last) return;
		this.#last = performance.now();
		const audio = this.#wake();
		for (const [after, pitch] of [[0, 660], [0.09, 880]]) {
			const at = audio.currentTime + after;
			const tone = new OscillatorNode(audio, {frequency: pitch});
			const loud = new GainNode(audio, {gain: 0});
			loud.gain.setValueAtTime(0, at);
			loud.gain.linearRampToValueAtTime(0.12, at + 0.01);
			loud.gain.exponentialRampToValueAtTime(0.0005, at + 0.3);
			tone.connect(loud).connect(audio.destination);
			tone.start(at);
			tone.stop(at + 0.32);
		}
	}
}
