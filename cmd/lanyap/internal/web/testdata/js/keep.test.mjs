import test from 'node:test';
import assert from 'node:assert/strict';
import {Keep, fit, nameFor} from '../../assets/keep.js';

class Storage {
	map = new Map();
	getItem(k) { return this.map.get(k) ?? null; }
	setItem(k, v) { this.map.set(k, v); }
	removeItem(k) { this.map.delete(k); }
}
const full = {getItem: () => null, setItem() { throw new Error('QuotaExceededError'); }, removeItem() {}};

test('a key is the tab\'s own', () => {
	const tab = new Storage(), browser = new Storage();
	const first = new Keep(tab, browser);
	assert.match(first.values.seed, /^[0-9a-f]{64}$/);
	assert.equal(new Keep(tab, browser).values.seed, first.values.seed); // reloaded
	assert.notEqual(new Keep(new Storage(), browser).values.seed, first.values.seed); // another tab
	assert.equal(browser.map.size, 0);
});

test('it stays with the browser when asked, until not', () => {
	const browser = new Storage();
	const first = new Keep(new Storage(), browser);
	assert.ok(first.keep(true));
	first.set('name', 'ana');
	const second = new Keep(new Storage(), browser);
	assert.ok(second.kept);
	assert.deepEqual([second.values.seed, second.values.name], [first.values.seed, 'ana']);
	assert.ok(second.keep(false));
	assert.equal(browser.map.size, 0);
});

test('a secret is never kept with the browser', () => {
	const tab = new Storage(), browser = new Storage();
	const first = new Keep(tab, browser);
	assert.ok(first.keep(true));
	first.set('room', 'kitchen');
	first.set('secret', 'a-b-c-d-e-f-g');
	assert.ok(first.keep(true));
	assert.ok(![...browser.map.values()].some(v => /kitchen|a-b-c/.test(v)));
	assert.equal(new Keep(tab, browser).values.secret, 'a-b-c-d-e-f-g'); // reloaded
	assert.equal(new Keep(new Storage(), browser).values.secret, undefined); // another tab
	first.forget('secret');
	assert.equal(new Keep(tab, browser).values.secret, undefined);
});

test('storage that is denied or full is done without', () => {
	const denied = new Keep(null, null);
	assert.match(denied.values.seed, /^[0-9a-f]{64}$/);
	assert.ok(denied.denied);
	denied.set('name', 'ana');
	assert.equal(denied.values.name, 'ana');
	assert.ok(!denied.keep(true));
	assert.ok(!new Keep(full, full).keep(true));
});

test('what was changed by others is no key', () => {
	const tab = new Storage();
	tab.setItem('lanyap.seed', 'x');
	assert.match(new Keep(tab, null).values.seed, /^[0-9a-f]{64}$/);
});

test('names are such as the mesh takes', () => {
	for (const [given, want] of [
		['  ana  ', 'ana'], ['a\nb\x1b', 'a b'], ['a\u202eb', 'a b'], ['می\u200cخواهم', 'می\u200cخواهم'],
		['é'.repeat(40), 'é'.repeat(32)], ['👍'.repeat(17), '👍'.repeat(16)], ['\ud800', ''],
	]) assert.equal(fit(given), want);
	const seed = '0'.repeat(60) + '4f2a';
	for (const [agent, touches, want] of [
		['Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Mobile Safari/537.36', 5, 'phone-4f2a'],
		['Mozilla/5.0 (Linux; Android 13; SM-X710) Safari/537.36', 5, 'tablet-4f2a'],
		['Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)', 5, 'phone-4f2a'],
		['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)', 0, 'mac-4f2a'],
		['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)', 5, 'tablet-4f2a'],
		['Mozilla/5.0 (Windows NT 10.0; Win64; x64)', 10, 'windows-4f2a'],
		['Mozilla/5.0 (X11; Linux x86_64)', 0, 'linux-4f2a'],
		['something', 0, 'page-4f2a'],
	]) assert.equal(nameFor(agent, touches, seed), want, agent);
});
