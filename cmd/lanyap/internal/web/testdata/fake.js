// In place of Go's wasm_exec.js and the program: a room that follows a script, to
// look at the page without one. ?scene=… chooses it, see scenes below; +-joined
// scenes follow one another. It is only for whoever works on the page: see
// TestFake.

{
	const listeners = [];
	let refs = 0, seq = 1000;
	const people = {
		ana: member('ana@desk', 1), bo: member('bo@shelf', 2), cy: member('cy@attic', 3, {web: false}),
		phone: member('phone-4f2a', 4, {web: true}), twin: member('bo@shelf', 5),
		long: member('Wolfeschlegelsteinhausenbergerdorff the one with the long name', 6),
		rtl: member('ليلى', 7), emoji: member('🦊 Füchsin', 8, {web: true}), evil: member('<img src=x onerror=alert(1)>', 9),
		tricky: member('bo\u200b (you)', 11),
	};

	function member(name, n, more = {}) {
		let id = '';
		for (let i = 0, x = n * 2654435761 >>> 0; i < 52; i++, x = (x * 1103515245 + 12345) >>> 0) id += 'abcdefghijklmnopqrstuvwxyz234567'[x >>> 27];
		return {id, instance: (n * 0x9e3779b9 >>> 0).toString(16).padStart(16, '0'), name, ...(more.web ? {web: true} : {addr: `10.77.0.${n}:7475`})};
	}
	const emit = (type, more) => globalThis.lanyapEvent(JSON.stringify({v: 1, type, time: new Date().toISOString(), ...more}));
	const keeper = o => emit('keeper', {line: JSON.stringify(o)});
	const join = (p, via) => emit('joined', {peer: p, ...(via ? {via} : {})});
	const says = (from, text, ago = 0, more = {}) => emit('message', {from, seq: ++seq, sent: new Date(Date.now() - ago * 1000).toISOString(), text, ...more});
	const own = text => { const ref = document.getElementById('say'); ref.value = text; document.getElementById('send').click(); };
	const item = (name, size, dir = false, files = 1) => ({name, dir, files, size});
	const offer = (id, from, items) => keeper({is: 'offer', id, from, items, count: items.length, files: items.reduce((n, i) => n + i.files, 0), size: items.reduce((n, i) => n + i.size, 0)});

	const scenes = {
		empty() {},
		people() { join(people.ana); join(people.bo); join(people.cy, people.bo); join(people.phone); },
		history() {
			const h = {history: true};
			says(people.bo, 'the scanner on the second floor is free again', 86400 + 4000, h);
			says(people.ana, 'thanks, I take it after lunch', 86400 + 3900, h);
			says(people.cy, 'who has the key to the attic?', 5400, h);
			says(people.ana, 'on the hook behind the door', 5340, h);
			says(people.ana, 'the blue one', 5330, h);
		},
		talk() {
			says(people.ana, 'is the printer yours?', 240);
			own('no, the one upstairs');
			says(people.bo, 'It is out of paper. I put the last of it into the one next to the kitchen this morning, and ordered more: they say it comes on Monday, but they said that last week too, so bring your own if it has to be today.', 200);
			says(people.bo, 'manual: https://example.org/printers/mk-2_(late).html, page 12', 190);
			says(people.ana, '/me carries paper upstairs', 100);
			says(people.phone, 'on my way 👍', 60);
			says(people.bo, 'cy asked for you, by the way', 30, {private: true});
			own('/msg bo@shelf tell her I am on the roof');
			own('lunch?\n12:30, the place with the good bread');
		},
		names() { for (const k of ['twin', 'long', 'rtl', 'emoji', 'evil', 'tricky']) join(people[k]); },
		odd() {
			says(people.rtl, 'مرحبا، هل وصل الملف؟ نعم: report-final.pdf');
			says(people.evil, '<script>alert(1)</script> <b>bold?</b> &amp; javascript:alert(1) http://user:pw@evil.example/');
			says(people.emoji, '👩‍👩‍👧‍👦 family, e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301 marks, a\u202ebidi\u202c, zero\u200bwidth, \u0007bell');
			says(people.long, 'x'.repeat(400));
			says(people.tricky, 'line one\nline two\n\tindented\n\nafter a gap');
			says(people.emoji, '🎉');
		},
		many() { for (let i = 0; i < 500; i++) says(Object.values(people)[Math.floor(i / 3) % 4], `message ${i}: ${'word '.repeat(i * 7 % 23)}`, 500 - i); },
		crowd() { for (let i = 0; i < 40; i++) join(member(`host-${String(i).padStart(2, '0')}`, 100 + i), i % 7 === 3 ? people.bo : undefined); },
		offers() {
			offer('o1', people.bo, [item('holiday.zip', 1 << 30)]);
			offer('o2', people.ana, [item('slides', 3.4e6, true, 12), item('a name that goes on and on, with spaces, until nobody wants to read it any more (final) (2).pdf', 8e5), item('c.txt', 12), item('d.txt', 40)]);
		},
		moving() {
			offer('o3', people.cy, [item('film.mkv', 4.2e9)]);
			setTimeout(() => document.querySelector('[data-offer=o3] [data-do=accept]').click(), 100);
			const began = Date.now();
			setInterval(() => keeper({is: 'progress', id: 'o3', bytes: Math.min(4.2e9, 1.1e9 + (Date.now() - began) * 38e3), size: 4.2e9}), 200);
			setTimeout(() => {
				const file = new File([new Uint8Array(3e6)], 'drawing-b.pdf');
				const list = new DataTransfer();
				list.items.add(file);
				const input = document.getElementById('files');
				input.files = list.files;
				input.dispatchEvent(new Event('change'));
			}, 50);
		},
		gaps() {
			emit('gap', {from: people.bo, count: 12});
			emit('left', {peer: people.ana, reason: ''});
			emit('left', {peer: people.cy, reason: 'peer: connection timed out'});
			emit('conflict', {from: people.bo, seq: 7});
		},
		lost() { setTimeout(() => emit('links', {count: 2}), 100); },
		alone() { for (const p of Object.values(people)) emit('left', {peer: p, reason: 'peer: no datagram for 6 s'}); emit('links', {count: 0}); },
		ended() { setTimeout(() => emit('ended', {reason: 'mesh: node is closed'}), 100); },
		private() { setTimeout(() => document.querySelector('#people [data-name="bo@shelf"] button')?.click(), 100); },
		side() { setTimeout(() => document.getElementById('who').click(), 100); },
		safe() { document.getElementById('safe').open = true; },
		drop() { const t = new DataTransfer(); t.items.add(new File(['x'], 'x')); dispatchEvent(new DragEvent('dragenter', {dataTransfer: t})); },
		flood() {
			let n = 0;
			const began = performance.now();
			setInterval(() => { while (n < (performance.now() - began) / 5) says(people[['ana', 'bo', 'cy', 'phone'][n % 4]], `message number ${n++} of a flood`); }, 20);
		},
	};

	globalThis.Go = class {
		importObject = {};
		run() {
			let self = null;
			globalThis.lanyap = {
				tag: room => room === 'lan' ? 'bd674026589e8ea6' : '',
				join({name, room, secret = ''}) {
					if (/wrong|busy/.test(secret)) return setTimeout(() => /wrong/.test(secret) ? emit('refused', {addr: '10.77.0.2:7475', count: 1}) : emit('door', {busy: true}), 500);
					self = {...member(name, 77, {web: true})};
					setTimeout(() => {
						emit('ready', {...self, room, addrs: []});
						emit('links', {count: 4, keeper: true});
						for (const s of (new URLSearchParams(location.search).get('scene') ?? 'people').split(/[ +]/)) scenes[s]?.();
					}, 30);
				},
				say(text, to) {
					const ref = String(++refs);
					setTimeout(() => {
						emit('sent', {seq: refs, text, ref});
						setTimeout(() => text.includes('roof') ? emit('undelivered', {seq: refs, peers: [people.bo], ref}) : emit('delivered', {seq: refs, count: to ? 1 : 4, ref}), 20);
					});
					return ref;
				},
				ask(line) {
					const {do: what, id, files} = JSON.parse(line);
					if (what === 'offer') {
						keeper({is: 'state', id, member: people.bo, state: 'offered'});
						setTimeout(() => { keeper({is: 'state', id, member: people.bo, state: 'accepted'}); files.forEach((f, i) => keeper({is: 'upload', id, file: i, url: '/files/fake', offset: 0})); }, 200);
					}
					return true;
				},
				keeper() {}, leave() {},
			};
			return new Promise(() => {});
		}
	};
}
