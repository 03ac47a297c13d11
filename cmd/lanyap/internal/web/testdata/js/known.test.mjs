import test from 'node:test';
import assert from 'node:assert/strict';
import {Known} from '../../assets/known.js';

const keeping = values => ({values, set(k, v) { values[k] = v; }});
const p = (id, name) => ({id, name});

test('who was met is known again, also by the next page', () => {
	const values = {};
	const known = new Known(keeping(values));
	assert.equal(known.meet(p('a', 'ana')), 'new');
	assert.equal(known.meet(p('a', 'ana')), 'seen');
	assert.equal(new Known(keeping(values)).meet(p('a', 'ana')), 'seen');
});

test('a name with another key is shown as that until somebody says that it is well', () => {
	const known = new Known(keeping({}));
	known.meet(p('a', 'ana'));
	for (const name of ['ana', 'Ana', 'ＡＮＡ', 'a\u200bna', 'an\u0301a', 'a n a', 'ana.']) {
		assert.equal(known.meet(p('b', name)), 'changed', name);
		assert.equal(known.meet(p('b', name)), 'changed', name);
	}
	assert.equal(known.meet(p('b', 'bo')), 'new');
	assert.equal(known.meet(p('c', 'ana')), 'changed');
	known.accept(p('c', 'ana'));
	assert.equal(known.meet(p('c', 'ana')), 'seen');
	assert.equal(known.meet(p('a', 'ana')), 'seen');
});

test('one who takes another name is new under it', () => {
	const known = new Known(keeping({}));
	known.meet(p('a', 'ana'));
	known.meet(p('b', 'bo'));
	assert.equal(known.meet(p('a', 'anna')), 'new');
	assert.equal(known.meet(p('a', 'bo')), 'changed');
});

test('it is bounded, and what others wrote there is nothing', () => {
	const values = {};
	const known = new Known(keeping(values));
	for (let i = 0; i < 1500; i++) known.meet(p(`id${i}`, `name ${i}`));
	assert.equal(JSON.parse(values.known).length, 1000);
	assert.equal(known.meet(p('id1499', 'name 1499')), 'seen');
	assert.equal(known.meet(p('id0', 'name 0')), 'new');
	for (const odd of ['', '{', '{}', '[1,2]', '[[1,2],["a"]]', 'null']) assert.equal(new Known(keeping({known: odd})).meet(p('a', 'ana')), 'new', odd);
});
