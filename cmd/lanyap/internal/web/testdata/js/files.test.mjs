import test from 'node:test';
import assert from 'node:assert/strict';
import {Files} from '../../assets/files.js';
import {Room} from '../../assets/room.js';

// element is as much of one as files need.
const element = () => ({
	dataset: {}, classList: {toggle() {}}, children: [],
	append() {}, appendChild(c) { return c; }, replaceChildren() {}, remove() {}, setAttribute() {}, addEventListener() {},
	click() { if (this.href) fetched.push(this.href); },
});
let fetched = [];
globalThis.document = {createElement: element, getElementById: element, body: element()};
globalThis.addEventListener = () => {};
globalThis.requestAnimationFrame = () => 0;
globalThis.cancelAnimationFrame = () => {};

const from = {id: 'bbbbbbbbbbbb', instance: '0002', name: 'bo'};
const offer = {is: 'offer', id: 'x1', from, items: [{name: 'film', files: 1, size: 3}], count: 1, files: 1, size: 3};
const download = {is: 'download', id: 'x1', url: '/files/t/film', name: 'film', size: 3, zip: false};

// page is files of a page, with what is said in it.
function page() {
	fetched = [];
	const p = {said: [], calls: 0};
	p.files = new Files(new Room(), {ask: () => true, tell: parts => p.said.push(parts), text() {}, call() { p.calls++; }});
	p.hear = (...lines) => lines.forEach(l => p.files.heard(l));
	return p;
}

test('what was fetched is not fetched again when the keeper tells of it once more', () => {
	const p = page();
	const all = [{is: 'ready'}, offer, download, {is: 'done', id: 'x1'}];
	p.hear(...all);
	p.hear(...all);
	assert.deepEqual(fetched, ['/files/t/film']);
	assert.equal(p.said.length, 1);
	assert.equal(p.calls, 1);
});

test('what failed on its way is over, and what could not begin is offered still', () => {
	const p = page();
	const all = [offer, download, {is: 'failed', id: 'x1', why: 'canceled'}];
	p.hear(...all);
	p.hear({is: 'ready'}, ...all);
	assert.deepEqual(fetched, ['/files/t/film']);
	assert.equal(p.said.length, 1);
	const q = page();
	q.hear(offer, {is: 'failed', id: 'x1', why: 'bo has no room for it'}, offer, download);
	assert.deepEqual(fetched, ['/files/t/film']);
});
