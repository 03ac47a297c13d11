// The page of a member. Scripts may rely on: #say, the box; #send, its button;
// #messages, one element with data-from for each message; #people, one with
// data-name for each other member; #offers, one with data-offer for each offer;
// and on ?name=N, which names this tab, and ?room=R, which is refused where the
// node is in another room. Behind # is an invite to a private room, see invite.js;
// a name may be there too, where it is not sent.

import {$, listed, make, named, soon} from './dom.js';
import {Attention} from './attention.js';
import {Compose} from './compose.js';
import {Files} from './files.js';
import {openInvite} from './inviting.js';
import {read as readInvite, take, write as writeInvite} from './invite.js';
import {Keep, fit, nameFor} from './keep.js';
import {Known} from './known.js';
import {Lock} from './lock.js';
import {Log} from './log.js';
import {People} from './people.js';
import * as pick from './pick.js';
import {Room, color} from './room.js';
import {line} from './safe.js';
import {about, load, missing} from './start.js';
import {Seen, key} from './talk.js';
import {fail, keeperGone, tell} from './trouble.js';
import {plural} from './words.js';

const wanted = new URLSearchParams(location.search);
const inviteFor = 24 * 3600; // s

const keep = new Keep();
const behind = take() || (keep.values.invite ?? '');
keep.forget('invite');
const invite = readInvite(behind);
const known = new Known(keep);
const room = new Room();
const log = new Log(room);
const seen = new Seen();
const attention = new Attention(keep, () => unread = false);
const people = new People(room, p => {
	compose.choose(compose.to?.instance === p.instance ? null : p);
	openSide(false);
	$('say').focus();
});
const compose = new Compose(room, say, p => people.mark(p?.instance ?? ''), showInvite);
const files = new Files(room, {
	ask: o => program?.ask(JSON.stringify(o)) ?? false,
	tell: (parts, bad) => log.notice(parts, bad),
	text: (from, text) => log.message({from, text, private: true, sentText: true, sent: Date.now()}),
	call: () => attention.call(),
});

const lock = new Lock(keep, name => program.tag(name), as => {
	secret = as?.secret ?? '';
	if (!as) return leave();
	node.room = as.room;
	afterDrawing(join); // stretching a secret takes its time, and nothing is drawn meanwhile
});

let program = null;  // globalThis.lanyap, once it runs
let secret = '';     // of a private room
let node = null;     // who serves the page
let joined = false;
let met = false;     // somebody was here since we joined
let links = 0;
let ended = false;   // and cannot go on
let cut = false;     // who was gone last did not say goodbye
let unread = false;  // the line where reading stopped is of this absence
const saying = new Map(); // reference → message of ours

// What the program tells, by the types of `lanyap chat --json` and a few more.
const heard = {
	ready(ev) {
		joined = true;
		room.self = ev;
		status();
		people.changed();
	},
	joined({peer, via}) {
		const state = peer.id === room.self?.id ? '' : known.meet(peer);
		room.enter({...peer, via, known: state});
		met = true;
		if (state === 'changed') borrowed(peer);
		log.came(via ? [who(peer), ' (through ', who(via), ')'] : [who(peer)]);
		changed();
	},
	rerouted({peer, via}) {
		const before = room.here.get(peer.instance);
		if (!before) return;
		room.enter({...peer, via, known: before.known});
		changed();
	},
	left({peer, reason}) {
		const name = who(peer);
		if (!room.leave(peer)) return;
		cut = Boolean(reason);
		log.notice(reason ? [name, ' left: ', line(reason)] : [name, ' left']);
		compose.gone(peer);
		changed();
	},
	message(ev) {
		if (!seen.add(key(ev.from.instance, ev.private, ev.seq))) return;
		room.recall(ev.from);
		const m = {...ev, sent: Date.parse(ev.sent), own: ev.from.id === room.self?.id && Boolean(ev.history)};
		const fresh = attention.away && !m.history && !unread;
		if (fresh) unread = true;
		log.message(m, fresh);
		status();
		if (m.history) return;
		attention.call();
		people.spoke(m.from);
	},
	sent({ref, seq}) {
		const m = saying.get(ref);
		if (!m) return;
		m.state = 'sent';
		seen.add(key(room.self.instance, m.private, seq));
		log.settle(m);
	},
	delivered({ref, count}) { settle(ref, {state: 'delivered', count}); },
	undelivered({ref, peers}) { settle(ref, {state: 'undelivered', why: [...listed(peers.map(who)), ' left without having this']}); },
	warning({ref, text}) {
		if (ref) settle(ref, {state: 'unsaid', why: ['not sent: ', line(text)]});
		else log.notice([line(text)], true);
	},
	gap({from, count}) { log.notice([`${plural(count, 'message')} of `, who(from), count === 1 ? ' is missing' : ' are missing'], true); },
	conflict({from, seq}) { log.notice([who(from), ` signed two different messages as number ${seq}`], true); },
	links({count, keeper}) {
		links = count;
		if (lock.shut && count > 0) opened();
		if (keeper) lostKeeper = false;
		if (files.ready !== Boolean(keeper)) files.keeper(Boolean(keeper));
		status();
	},
	keeper({line: said}) {
		let ev;
		try { ev = JSON.parse(said); } catch { return; } // of a later version
		files.heard(ev);
	},
	refused({addr}) {
		if (lock.shut) lock.refused();
		else log.notice([`Somebody at ${addr || 'an address of this network'} has another secret; it may be another room of this name`], true);
	},
	door({busy}) { if (lock.shut) lock.busy(busy); },
	ended({reason}) { over(reason); },
};

// The program does not outlive an error here.
globalThis.lanyapEvent = said => {
	try {
		const ev = JSON.parse(said);
		heard[ev.type]?.(ev);
	} catch (err) {
		console.error(err);
	}
};

function who(p) { return named(room.label(p), color(p)); }

// borrowed warns of a name that this browser knows of another key.
function borrowed(peer) {
	const well = make('button', '', 'I know why');
	well.type = 'button';
	well.title = 'Somebody has a new device, for example: this key is taken for theirs from now on';
	well.addEventListener('click', () => {
		well.remove();
		known.accept(peer);
		const here = room.here.get(peer.instance);
		if (here) room.enter({...here, known: 'seen'});
		changed();
	});
	log.notice(['The name ', who(peer), ', or one like it, was somebody else’s when this browser met it last: it has another key. ', well], true);
}

function changed() {
	people.changed();
	status();
}

// say hands a text to the program, and shows it at once.
function say(text, to) {
	if (!joined) return {mistake: 'not in the room yet', hint: 'one moment'};
	unread = false;
	log.read();
	const ref = program.say(text, to?.instance ?? '');
	if (!ref) return {mistake: 'too much waits to be sent; not sent', hint: 'one moment'};
	const m = {from: room.self, own: true, text, to, private: Boolean(to), sent: Date.now(), state: 'saying'};
	saying.set(ref, m);
	log.message(m);
	log.follow();
	return null;
}

function settle(ref, what) {
	const m = saying.get(ref);
	if (!m) return;
	saying.delete(ref);
	Object.assign(m, what);
	log.settle(m);
}

function status() { soon(drawStatus); }

function drawStatus() {
	const here = [...room.here.values()];
	const through = here.filter(p => p.via).length;
	const direct = through === 0 ? (here.length === 1 ? 'direct' : 'all direct') : `${through} through others`;
	if (ended) return;
	const now = lock.shut ? 'locked' : !joined ? 'joining…' : here.length === 0 ? 'waiting for others' : `${plural(here.length, 'other')} here, ${direct}`;
	if ($('status').textContent !== now) $('status').textContent = now;
	$('empty').hidden = !joined || here.length > 0 || !log.empty;
	if (!joined || lock.shut) return;
	if (met && cut && links === 0) tell('Nobody can be reached; trying again. What you say is kept, and goes out as soon as somebody is.');
	else if (met && lostKeeper) tell(...keeperGone(here));
	else tell();
}

let lostKeeper = false; // for longer than a hiccup

function over(why) {
	joined = false;
	ended = true;
	program = null;
	fail('This tab is no longer in the room', why ? `: ${line(why)}. ` : '. ', again());
	$('status').textContent = 'not in the room';
}

function again() {
	const b = make('button', '', 'Load again');
	b.type = 'button';
	b.addEventListener('click', () => location.reload());
	return b;
}

// The name, the key, and whether they are kept.

function ourName() { return keep.values.name || nameFor(navigator.userAgent, navigator.maxTouchPoints, keep.values.seed); }

function settings() {
	const byAddress = fit(wanted.get('name') ?? new URLSearchParams(behind.slice(1)).get('name') ?? '');
	if (byAddress) keep.set('name', byAddress);
	const box = $('name');
	box.value = ourName();
	box.addEventListener('keydown', e => {
		if (e.key === 'Enter' && !e.isComposing) box.blur();
		if (e.key === 'Escape') {
			e.stopPropagation();
			box.value = ourName();
			box.blur();
		}
	});
	box.addEventListener('focus', () => hint(files.busy ? 'Uploads that are under way end when you change it.' : ''));
	box.addEventListener('change', () => rename(fit(box.value)));
	$('me').addEventListener('submit', e => e.preventDefault());
	const kept = $('keep');
	kept.checked = keep.kept;
	kept.disabled = keep.denied;
	if (keep.denied) $('keephint').textContent = 'this browser keeps nothing for this address';
	kept.addEventListener('change', () => {
		if (!keep.keep(kept.checked)) {
			kept.checked = false;
			$('keephint').textContent = 'this browser did not take it';
		}
	});
}

function hint(text) {
	$('namehint').textContent = text;
	$('namehint').hidden = !text;
}

// rename joins anew: a member keeps its name for as long as it is here.
function rename(name) {
	hint('');
	if (name && name !== ourName()) {
		keep.set('name', name);
		if (program) {
			joined = false;
			for (const p of [...room.here.values()]) room.leave(p);
			changed();
			join();
		}
	}
	$('name').value = ourName();
}

// Files that are chosen, dropped or pasted.

function offer(list) {
	const problem = files.offer(list, compose.to);
	if (problem) compose.mistake(problem);
}

async function offerSoon(promise) {
	try {
		offer(await promise);
	} catch (err) {
		compose.mistake(`what was dropped cannot be read: ${line(err.message)}`);
	}
}

function picking() {
	const kinds = open => {
		$('kinds').hidden = !open;
		$('attach').setAttribute('aria-expanded', String(open));
		if (open) $('pickfiles').focus();
	};
	const folders = 'webkitdirectory' in $('folder');
	$('attach').addEventListener('click', () => folders ? kinds($('kinds').hidden) : $('files').click());
	document.addEventListener('click', e => e.target.closest('#kinds, #attach') || kinds(false));
	$('kinds').addEventListener('keydown', e => {
		if (e.key !== 'Escape') return;
		e.stopPropagation();
		kinds(false);
		$('attach').focus();
	});
	for (const [button, input] of [['pickfiles', 'files'], ['pickfolder', 'folder']]) {
		$(button).addEventListener('click', () => { kinds(false); $(input).click(); });
		$(input).addEventListener('change', () => {
			offer(pick.chosen($(input)));
			$(input).value = '';
		});
	}
	let deep = 0; // how many elements of the page the pointer is in
	const over = on => {
		$('drop').hidden = !on;
		if (on) $('droptext').replaceChildren(files.ready ? 'Drop to offer it to ' : 'Files cannot be offered just now', ...(files.ready ? [compose.to ? who(compose.to) : 'everybody'] : []));
		else deep = 0;
	};
	addEventListener('dragenter', e => { if (pick.carries(e.dataTransfer) && ++deep) over(true); });
	addEventListener('dragleave', e => { if (pick.carries(e.dataTransfer) && --deep <= 0) over(false); });
	addEventListener('dragover', e => { if (pick.carries(e.dataTransfer)) { e.preventDefault(); e.dataTransfer.dropEffect = files.ready ? 'copy' : 'none'; } });
	addEventListener('drop', e => {
		if (!pick.carries(e.dataTransfer)) return;
		e.preventDefault();
		over(false);
		offerSoon(pick.dropped(e.dataTransfer));
	});
	addEventListener('paste', e => {
		const list = pick.pasted(e.clipboardData);
		if (list.length === 0 || e.clipboardData.getData('text/plain')) return;
		e.preventDefault();
		offer(list);
	});
}

// The sheet that a phone has for who is here.

function openSide(open) {
	$('side').classList.toggle('open', open);
	$('who').setAttribute('aria-expanded', String(open));
}

function keys() {
	$('invitefor').addEventListener('click', () => showInvite());
	$('who').addEventListener('click', () => {
		openSide(!$('side').classList.contains('open'));
		$('shut').focus();
	});
	$('shut').addEventListener('click', () => { openSide(false); $('who').focus(); });
	$('talk').addEventListener('click', () => openSide(false));
	addEventListener('keydown', e => {
		if (e.key !== 'Escape' || e.isComposing || $('invite').open) return;
		if ($('side').classList.contains('open')) {
			openSide(false);
			$('who').focus();
		} else if (compose.to) {
			compose.choose(null);
			compose.mistake('');
		} else if (!$('mistake').hidden) {
			compose.mistake('');
		} else {
			files.declineNewest();
		}
	});
	// What is typed anywhere goes into the box.
	addEventListener('keydown', e => {
		const plain = e.key.length === 1 && e.key !== ' ' && !e.ctrlKey && !e.metaKey && !e.altKey;
		if (plain && !e.target.closest('input, textarea, summary')) $('say').focus();
	});
}

// Where a software keyboard covers the page instead of resizing it, the page has
// the room that is left.
function keyboard() {
	const view = globalThis.visualViewport;
	view?.addEventListener('resize', () => {
		const covered = innerHeight - view.height > 60 && view.scale === 1;
		document.documentElement.style.setProperty('--room', covered ? `${view.height}px` : '100dvh');
		if (covered) scrollTo(0, 0);
	});
}

function join() {
	status();
	program.join({
		name: ourName(), room: node.room, secret, seed: keep.values.seed,
		host: location.host, keeper: node.node.instance, log: wanted.get('log') ?? '',
	});
}

function leave() {
	joined = false;
	program.leave();
}

// afterDrawing calls what keeps the page from drawing.
function afterDrawing(f) { requestAnimationFrame(() => setTimeout(f)); }

// opened shows a private room, once somebody in it has let us in.
function opened() {
	if (!lock.opened()) return;
	nameRoom();
	$('say').focus();
	status();
}

// showInvite shows how others come into this room.
function showInvite() {
	if (!node?.private || lock.shut) return {mistake: 'this room is open', hint: `whoever is on this network joins at ${location.origin}/`};
	const until = Math.floor(Date.now() / 1000) + inviteFor;
	openInvite(writeInvite(location.origin + '/', {room: node.room, secret, until}), until);
	return null;
}

function nameRoom() {
	room.name = node.room;
	$('room').replaceChildren(make('small', '', node.private ? 'private room ' : 'room '), make('bdi', '', line(node.room)));
	attention.name(`${line(node.room)} · lanyap`);
}

// watchDoor says whether the node at whose door we wait is there.
async function watchDoor() {
	try {
		await about();
		lock.away(false);
	} catch {
		lock.away(true);
	}
}

// watchKeeper asks whether the node that serves the page has another instance
// now: it was started anew.
async function watchKeeper() {
	lostKeeper = met && node.files && !files.ready;
	if (files.ready || !program || !node.files && links > 0) return;
	if (lock.shut) return watchDoor();
	try {
		const now = await about();
		if (now.node.instance === node.node.instance) return;
		node = {...now, room: node.room};
		files.moved();
		program.keeper(node.node.instance);
	} catch { /* it is still away */ } finally {
		status();
	}
}

async function main() {
	settings();
	picking();
	keys();
	keyboard();
	files.keeper(false);
	// One that was put away and is taken out again has lost its links unseen.
	addEventListener('pageshow', e => e.persisted && location.reload());
	// An invite that is opened where this page is begins anew, with it.
	addEventListener('hashchange', () => {
		if (!readInvite(location.hash)) return;
		keep.set('invite', location.hash);
		take();
		location.reload();
	});
	if (matchMedia('(pointer: fine)').matches) $('say').focus();
	$('address').textContent = location.origin + '/';
	$('host').textContent = location.host;
	const lacks = missing();
	if (lacks) {
		fail(`This browser has no ${lacks}, which this page needs. A current Firefox, Chrome or Safari has it; so has the lanyap program.`);
		$('status').textContent = 'cannot join';
		return;
	}
	try {
		const [loaded, told] = await Promise.all([load(err => over(err?.message ?? 'the program in this page has stopped')), about()]);
		node = told;
		$('attach').hidden = !node.files;
		$('host').textContent = node.node.name ? `${line(node.node.name)} (${location.host})` : location.host;
		for (const id of ['privateroom', 'sealed', 'invitefor']) $(id).hidden = !node.private;
		$('openroom').hidden = Boolean(node.private);
		const asked = wanted.get('room');
		if (!node.private && (invite || asked !== null && asked !== node.room)) {
			nameRoom();
			// What was meant for a few is not said where everybody hears it.
			if (invite) fail(`The invite is for the private room ${line(invite.room ?? '')}, and the node that serves this page is in ${line(node.room)}, which is open. `, other());
			else fail(`The node that serves this page is in room ${line(node.room)}, not in ${line(asked)}. `, other());
			$('status').textContent = 'not joined';
			return;
		}
		program = loaded;
		setInterval(watchKeeper, 3000);
		if (!node.private) {
			nameRoom();
			join();
			return;
		}
		$('room').textContent = 'A private room';
		lock.ask(node.tag, invite, asked ?? '');
		status();
	} catch (err) {
		fail(`The page could not start: ${line(err.message)}. `, again());
		$('status').textContent = 'cannot join';
	}
}

function other() {
	const a = make('a', '', 'Join that one');
	const q = new URLSearchParams(wanted);
	q.delete('room');
	a.href = q.size ? `?${q}` : './';
	return a;
}

main();
