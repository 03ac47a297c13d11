// A rate from how far something was at some times.

const span = 5000;  // ms: long enough to be steady, short enough to follow a phone that walks off
const least = 500;  // ms that have to be seen before anything is said

export class Meter {
	#samples = []; // of the last span, oldest first

	// add notes that so many bytes were done at now, in ms.
	add(now, done) {
		const s = this.#samples;
		if (s.length > 0 && done < s[s.length - 1].done) s.length = 0; // it started anew
		s.push({now, done});
		while (s.length > 2 && now - s[1].now >= span) s.shift();
	}

	// rate returns bytes a second; 0 if that is not known, or nothing moves.
	rate() {
		const s = this.#samples;
		if (s.length < 2) return 0;
		const first = s[0], last = s[s.length - 1];
		return last.now - first.now < least ? 0 : 1000 * (last.done - first.done) / (last.now - first.now);
	}

	// left returns how many seconds the rest takes; 0 if that is not known.
	left(rest) {
		const r = this.rate();
		return r > 0 && rest > 0 ? rest / r : 0;
	}
}
