// What a tab knows of itself: its key, its name, and what was chosen. It is the
// tab's own, and stays with the browser only where that was asked for: a private
// room and its secret never do. Where storage is denied it lives as long as the page.

const fields = ['seed', 'name', 'sound', 'known'];
const tabOnly = ['room', 'secret', 'invite'];
const prefix = 'lanyap.';
const seedForm = /^[0-9a-f]{64}$/;

export class Keep {
	#tab; #browser;
	values = {};
	kept = false;   // with the browser
	denied = false; // it cannot be

	constructor(tab = storage('sessionStorage'), browser = storage('localStorage')) {
		this.#tab = tab;
		this.#browser = browser;
		this.denied = !browser;
		this.kept = seedForm.test(get(browser, 'seed') ?? '');
		for (const f of fields) {
			const v = get(tab, f) ?? (this.kept ? get(browser, f) : null);
			if (v !== null && v !== undefined) this.values[f] = v;
		}
		for (const f of tabOnly) if (get(tab, f)) this.values[f] = get(tab, f);
		if (!seedForm.test(this.values.seed ?? '')) this.set('seed', newSeed());
	}

	// set remembers a value.
	set(field, value) {
		this.values[field] = value;
		put(this.#tab, field, value);
		if (this.kept && fields.includes(field)) put(this.#browser, field, value);
	}

	// forget forgets one.
	forget(field) {
		delete this.values[field];
		drop(this.#tab, field);
		drop(this.#browser, field);
	}

	// keep has the browser remember this tab, or forget it. It reports whether
	// that was done.
	keep(on) {
		for (const f of fields) {
			if (!on) drop(this.#browser, f);
			else if (f in this.values && !put(this.#browser, f, this.values[f])) return false;
		}
		this.kept = on;
		return true;
	}
}

// newSeed returns 32 random bytes in hexadecimal: a private key of Ed25519.
function newSeed() {
	return Array.from(crypto.getRandomValues(new Uint8Array(32)), b => b.toString(16).padStart(2, '0')).join('');
}

// storage returns what the browser has under that name, null if it has denied it.
function storage(name) {
	try {
		const s = globalThis[name];
		s.setItem(prefix + 'try', '');
		s.removeItem(prefix + 'try');
		return s;
	} catch {
		return null;
	}
}

function get(s, field) {
	try { return s?.getItem(prefix + field) ?? null; } catch { return null; }
}

function put(s, field, value) {
	try { s?.setItem(prefix + field, value); return Boolean(s); } catch { return false; }
}

function drop(s, field) {
	try { s?.removeItem(prefix + field); } catch { /* it is not there then */ }
}

const most = 64; // bytes of a name

// fit returns a name as the mesh takes it: one line without what turns
// the direction of writing, and not longer than that.
export function fit(name) {
	let s = Array.from(name.normalize('NFC').replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, ' ').replace(/\s+/g, ' ').trim());
	while (new TextEncoder().encode(s.join('')).length > most) s.pop();
	return s.join('').trim();
}

// nameFor makes up a name by what a browser says it runs on, and some of the
// tab's randomness.
export function nameFor(agent, touches, seed) {
	const kinds = [
		[/iPad|Tablet|Android(?!.*Mobile)/, 'tablet'], [/iPhone|Android|Mobile/, 'phone'], [/CrOS/, 'chromebook'],
		[/Windows/, 'windows'], [/Macintosh/, touches > 1 ? 'tablet' : 'mac'], [/Linux|X11/, 'linux'],
	];
	const kind = kinds.find(([re]) => re.test(agent))?.[1] ?? 'page';
	return `${kind}-${seed.slice(-4)}`;
}
