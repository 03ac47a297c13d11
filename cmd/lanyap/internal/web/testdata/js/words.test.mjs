import test from 'node:test';
import assert from 'node:assert/strict';
import * as words from '../../assets/words.js';
import {Meter} from '../../assets/meter.js';

test('figures are those of the program', () => {
	for (const [n, want] of [[0, '0 B'], [1023, '1,023 B'], [1024, '1.0 KiB'], [10 * 1024, '10 KiB'], [1.5 * 1024 ** 2, '1.5 MiB'], [1024 ** 2 - 1, '1.0 MiB'], [3.8e9, '3.5 GiB'], [2 ** 62, '4.0 EiB']]) assert.equal(words.bytes(n), want);
	for (const [s, want] of [[0, '0.1 s'], [0.42, '0.4 s'], [12.4, '12 s'], [59.6, '1 min 0 s'], [200, '3 min 20 s'], [7500, '2 h 5 min'], [1e7, 'days']]) assert.equal(words.duration(s), want);
	assert.equal(words.count(1234567), '1,234,567');
	assert.equal(words.plural(1, 'file'), '1 file');
	assert.equal(words.plural(0, 'file'), '0 files');
});

test('days are named as people do', () => {
	const now = new Date(2026, 0, 1, 0, 10);
	assert.equal(words.day(new Date(2026, 0, 1, 0, 1), now), 'today');
	assert.equal(words.day(new Date(2025, 11, 31, 23, 59), now), 'yesterday');
	assert.equal(words.day(new Date(2025, 11, 30, 23, 59), now), '2025-12-30');
});

test('names of files are one line and are cut in the middle', () => {
	assert.equal(words.item('a\n<b>\u202e.txt'), 'a␊<b><U+202E>.txt');
	assert.equal(words.item('slides', true), 'slides/');
	const long = words.item('x'.repeat(100) + '.pdf');
	assert.ok(Array.from(long).length <= 60 && long.endsWith('.pdf') && long.includes('…'), long);
	assert.equal(words.subject([{name: 'a'}, {name: 'b', dir: true}, {name: 'c'}], 5), 'a, b/, c and 2 more');
	assert.equal(words.extent({items: [{name: 'a'}], files: 1, size: 12}), '12 B');
	assert.equal(words.extent({items: [{name: 'a', dir: true}], files: 12, size: 12}), '12 files, 12 B');
});

test('a rate is of the last seconds', () => {
	const m = new Meter();
	assert.equal(m.rate(), 0);
	m.add(0, 0);
	m.add(100, 1000);
	assert.equal(m.rate(), 0); // too soon
	m.add(1000, 10_000);
	assert.equal(m.rate(), 10_000);
	assert.equal(m.left(20_000), 2);
	for (let t = 2000; t <= 20_000; t += 1000) m.add(t, 10_000);
	assert.equal(m.rate(), 0); // it stands still
	assert.equal(m.left(1), 0);
	m.add(21_000, 5); // it started anew
	m.add(22_000, 1005);
	assert.equal(m.rate(), 1000);
});
