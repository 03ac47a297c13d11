import test from 'node:test';
import assert from 'node:assert/strict';
import {canonical, mistake, read, take, write} from '../../assets/invite.js';

test('what is written is read', () => {
	for (const [room, secret, until] of [
		['kitchen', 'a-b-c-d-e-f-g', 1795000000], ['Küche & Bad', 'five words are=enough & + %', 0], ['#', 'ünïcode-🦊-secret', 999999999999999],
	]) {
		const link = write('http://10.0.0.7:7475/', {room, secret, until});
		assert.deepEqual(read(link), {room, secret, until});
		assert.deepEqual(read(link.slice(link.indexOf('#'))), {room, secret, until});
		assert.deepEqual(read(`  ${link.slice(0, 30)}\r\n ${link.slice(30)}\n`), {room, secret, until});
		assert.doesNotMatch(link, /\s|\+/);
	}
});

test('whatever the order, and what is not known, it is read', () => {
	const want = {room: 'kitchen', secret: 'a-b-c-d-e-f-g', until: 12};
	for (const behind of ['until=12&secret=a-b-c-d-e-f-g&room=kitchen', 'room=kitchen&x=1&x=2&until=12&secret=a-b-c-d-e-f-g&name=ana']) {
		assert.deepEqual(read('http://h/#' + behind), want);
	}
	assert.deepEqual(read('HTTPS://h/#secret=a+b+c+d+e+f+g'), {room: 'lan', secret: 'a b c d e f g', until: 0});
});

test('words are no invite', () => {
	for (const words of ['', 'correct-horse-battery', 'room=kitchen&secret=a-b-c-d-e-f-g', 'see http://h/#secret=a-b-c-d-e-f-g', '#1 secret of all']) assert.equal(read(words), null);
});

test('half an invite is told from words', () => {
	for (const half of [
		'http://h/', 'http://h/#', '#room=kitchen', 'http://h/#room=kitchen&secret=', 'http://h/#room=&secret=a-b-c-d-e-f-g', '#secret=short',
		'#secret=a-b-c-d-e-f-g&secret=a-b-c-d-e-f-g', '#room=a&room=b&secret=a-b-c-d-e-f-g', '#secret=a-b-c-d-e-f-g%', '#secret=a-b-c-d-e-f-g%ff',
		'#secret=a-b-c-d-e-f-g&until=', '#secret=a-b-c-d-e-f-g&until=-1', '#secret=a-b-c-d-e-f-g&until=1e9', '#secret=a-b-c-d-e-f-g&until=1234567890123456',
		'#secret=a-b-c-d-e-f-g%00',
	]) assert.deepEqual(read(half), {broken: true}, half);
});

test('a secret is one however it was typed', () => {
	for (const typed of ['gr\u00fcn blau rot', '  gru\u0308n\tblau\u00a0 rot\n', '\ufeffgr\u00fcn\u2003blau\u3000rot']) assert.equal(canonical(typed), 'gr\u00fcn blau rot');
	assert.equal(canonical('Case-Counts'), 'Case-Counts');
});

test('a secret that is none is told in words', () => {
	for (const [secret, want] of [
		['', /missing/], ['eleven char', /12 characters/], ['🦊'.repeat(11), /12 characters/], ['🦊'.repeat(12), /^$/], ['a-b-c\u0007-d-e-f', /nobody can type/], ['a-b-c\ufeff-d-e-f-g', /nobody can type/],
		['x'.repeat(1024), /^$/], ['x'.repeat(1025), /too long/],
	]) assert.match(mistake(canonical(secret)), want);
});

test('an invite is taken out of the address, once', () => {
	const went = [];
	globalThis.location = {hash: '#secret=a-b-c-d-e-f-g', pathname: '/', search: '?name=ana'};
	globalThis.history = {state: null, replaceState: (...args) => { went.push(args); location.hash = ''; }};
	assert.equal(take(), '#secret=a-b-c-d-e-f-g');
	assert.deepEqual(went, [[null, '', '/?name=ana']]);
	assert.equal(take(), '');
	assert.equal(went.length, 1);
});
