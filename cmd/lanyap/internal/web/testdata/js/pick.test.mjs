import test from 'node:test';
import assert from 'node:assert/strict';
import {chosen, dropped, items, pasted} from '../../assets/pick.js';

const file = (name, size = 1) => ({name, size});
const entry = name => ({isFile: true, name, file: ok => ok(file(name))});
const folder = (name, ...inside) => ({
	isFile: false, name,
	createReader() {
		const left = [...inside];
		return {readEntries: ok => ok(left.splice(0, 2))}; // browsers yield 100 at a time
	},
});

test('dropped folders are read to their ends', async () => {
	const transfer = {items: [entry('a.txt'), folder('pics', entry('1.png'), folder('more', entry('2.png')), entry('3.png'), entry('4.png'), folder('empty'))]
		.map(e => ({kind: 'file', webkitGetAsEntry: () => e}))};
	const list = await dropped(transfer);
	assert.deepEqual(list.map(p => p.path), ['a.txt', 'pics/1.png', 'pics/more/2.png', 'pics/3.png', 'pics/4.png']);
	assert.deepEqual(items(list), [{name: 'a.txt', dir: false, files: 1, size: 1}, {name: 'pics', dir: true, files: 4, size: 4}]);
});

test('a folder that cannot be read is an error', async () => {
	const bad = {isFile: false, name: 'x', createReader: () => ({readEntries: (_, no) => no(new Error('denied'))})};
	await assert.rejects(dropped({items: [{kind: 'file', webkitGetAsEntry: () => bad}]}), /denied/);
});

test('chosen folders keep their paths', () => {
	assert.deepEqual(chosen({files: [{name: 'b', webkitRelativePath: 'a/b'}, {name: 'c', webkitRelativePath: ''}]}).map(p => p.path), ['a/b', 'c']);
});

test('pictures of the clipboard are named by the time', () => {
	const now = new Date(2026, 10, 27, 14, 5, 9);
	assert.deepEqual(pasted({files: [file('image.png'), file('image.png'), file('real.jpg')]}, now).map(p => p.path),
		['pasted-2026-11-27-140509.png', 'pasted-2026-11-27-140509-1.png', 'real.jpg']);
});
