import test from 'node:test';
import assert from 'node:assert/strict';
import {Seen, follows, key, newDay} from '../../assets/talk.js';

const at = new Date(2026, 10, 27, 14, 0).getTime();
const m = more => ({kind: 'message', from: {id: 'a', name: 'ana'}, sent: at, own: false, ...more});

test('a turn ends with who speaks, to whom, when, and between then and now', () => {
	assert.ok(follows(m(), m({sent: at + 60_000})));
	for (const [why, a, b] of [
		['first', undefined, m()],
		['a notice', {kind: 'notice', sent: at}, m()],
		['another', m(), m({from: {id: 'b', name: 'ana'}})],
		['another name', m(), m({from: {id: 'a', name: 'bo'}})],
		['a pause', m(), m({sent: at + 6 * 60_000})],
		['private', m(), m({private: true})],
		['to another', m({to: {instance: '1'}, private: true}), m({to: {instance: '2'}, private: true})],
		['history', m({history: true}), m()],
		['midnight', m({sent: new Date(2026, 10, 26, 23, 59).getTime()}), m({sent: new Date(2026, 10, 27, 0, 1).getTime()})],
	]) assert.ok(!follows(a, b), why);
});

test('a day begins where it is another one', () => {
	const now = new Date(at);
	assert.ok(!newDay(undefined, m(), now));
	assert.ok(newDay(undefined, m({sent: at - 86_400_000}), now));
	assert.ok(newDay(m({sent: at - 86_400_000}), m(), now));
	assert.ok(!newDay(m(), m(), now));
});

test('what comes twice is known, and memory is bounded', () => {
	const seen = new Seen(3);
	assert.ok(seen.add(key('i', false, 1)));
	assert.ok(!seen.add(key('i', false, 1)));
	assert.ok(seen.add(key('i', true, 1)));
	for (let i = 2; i < 6; i++) seen.add(key('i', false, i));
	assert.ok(seen.add(key('i', false, 1)));
});
