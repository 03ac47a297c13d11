import test from 'node:test';
import assert from 'node:assert/strict';
import {Room, nameOf} from '../../assets/room.js';

const ana = {id: 'aaaaaaaaaaaa', instance: '0001', name: 'ana'};
const bo = {id: 'bbbbbbbbbbbb', instance: '0002', name: 'bo'};
const otherBo = {id: 'cccccccccccc', instance: '0003', name: 'bo'};
const boAgain = {...bo, instance: '0004ffff', web: true};

test('who could be mistaken for another is told apart', () => {
	const room = new Room();
	room.self = ana;
	room.enter(bo);
	assert.equal(room.label(bo), 'bo');
	room.enter(otherBo);
	assert.equal(room.label(bo), 'bo (bbbbbbbb)');
	room.leave(otherBo);
	assert.equal(room.label(bo), 'bo (bbbbbbbb)'); // what the other said is still there
	room.enter(boAgain);
	assert.equal(room.label(boAgain), 'bo (bbbbbbbb, page 0004)');
	assert.equal(room.label({...otherBo, name: 'ana'}), 'ana (cccccccc)');
	assert.equal(nameOf({...bo, name: ' \n'.trim()}), 'bbbbbbbb');
	assert.equal(nameOf({...bo, name: '<b>\u202e'}), '<b><U+202E>');
});

test('somebody is found by name, ID or its start, and never one of two', () => {
	const room = new Room();
	room.self = ana;
	for (const p of [bo, otherBo, {...ana, id: 'dddddddddddd', instance: '0009', name: 'bbbbbbbb'}]) room.enter(p);
	assert.equal(room.find('bo').length, 2);
	assert.deepEqual(room.find('bbbbbbbbbbbb'), [bo]);
	assert.deepEqual(room.find('0003'), [otherBo]);
	assert.deepEqual(room.find('bbbbbbbb'), [bo]); // an ID goes before a name that looks like it
	assert.deepEqual(room.find('nobody'), []);
});
