// Invites to a private room: what is behind the # of an address. Nothing here
// touches the page but take.

const shortest = 12;   // characters of a secret
const longest = 1024;  // bytes of one

// take returns what is behind the # of this page's address, and removes it from
// there and from the history of the tab: it is for nobody who looks over a shoulder,
// or goes back.
export function take() {
	const behind = location.hash;
	if (behind) history.replaceState(history.state, '', location.pathname + location.search);
	return behind;
}

// read returns {room, secret, until} of an invite: a whole address, or what is behind
// its #. null: the text is none, but words; {broken: true}: it should be one, and
// cannot be read. until is in seconds since 1970, 0 for never.
export function read(text) {
	const packed = text.replace(/\p{White_Space}+/gu, ''); // such as the line breaks of mail
	if (!/^(https?:\/\/|#(room|secret)=)/i.test(packed)) return null;
	try {
		const q = fields(packed.slice(packed.indexOf('#') + 1));
		const until = q.get('until') ?? '0';
		const secret = canonical(q.get('secret') ?? '');
		if (q.get('room') === '' || mistake(secret) || !/^\d{1,15}$/.test(until)) return {broken: true};
		return {room: q.get('room') ?? 'lan', secret, until: Number(until)};
	} catch {
		return {broken: true};
	}
}

// fields returns what is in a fragment by its keys; what cannot be decoded throws.
function fields(text) {
	const q = new Map();
	for (const part of text.split('&')) {
		const [, key, value] = /^([^=]*)=?([^]*)$/.exec(part);
		if (!['room', 'secret', 'until'].includes(key)) continue;
		if (q.has(key)) throw new Error(`two of ${key}`);
		q.set(key, decodeURIComponent(value.replaceAll('+', ' ')));
	}
	return q;
}

// write returns the invite to a room, for an address to serve it.
export function write(address, {room, secret, until}) {
	return `${address}#room=${encodeURIComponent(room)}&secret=${encodeURIComponent(secret)}&until=${until}`;
}

// canonical returns a secret as all write it, however it was typed: as the program
// does, or the two would not open the same room.
export function canonical(secret) {
	return secret.replace(/^\ufeff/, '').normalize('NFC').replace(/\p{White_Space}+/gu, ' ').replace(/^ | $/g, '');
}

// mistake says why a canonical secret is none, '' if it may be one.
export function mistake(secret) {
	if (secret === '') return 'The secret is missing.';
	if (/\ufeff|\p{Cc}|\p{Cs}/u.test(secret)) return 'There is something in the secret that nobody can type.';
	if (Array.from(secret).length < shortest) return `A secret has at least ${shortest} characters; five words are enough.`;
	if (new TextEncoder().encode(secret).length > longest) return 'That is too long to be a secret.';
	return '';
}
