import test from 'node:test';
import assert from 'node:assert/strict';
import {readFileSync, readdirSync} from 'node:fs';

const assets = new URL('../../assets/', import.meta.url);
const read = name => readFileSync(new URL(name, assets), 'utf8');
const scripts = readdirSync(assets).filter(n => n.endsWith('.js') && n !== 'wasm_exec.js');

test('no script makes markup or code of a text', () => {
	for (const name of scripts) {
		const found = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|setHTMLUnsafe|\beval\(|new Function|javascript:/.exec(read(name));
		assert.equal(found, null, name);
	}
});

test('the page has no script or style of its own, as its policy wants', () => {
	const page = read('index.html');
	assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)/);
	assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=/);
});

test('the page loads each module at once', () => {
	const page = read('index.html');
	const imported = new Set(scripts.flatMap(n => [...read(n).matchAll(/from '\.\/([\w]+\.js)'/g)].map(m => m[1])));
	for (const name of imported) assert.ok(page.includes(`<link rel="modulepreload" href="assets/${name}">`), name);
	for (const [, name] of page.matchAll(/modulepreload" href="assets\/([\w.]+)"/g)) assert.ok(imported.has(name), `${name} is imported by nobody`);
});

test('what scripts reach for is there', () => {
	const page = read('index.html');
	for (const name of scripts) {
		for (const [, id] of read(name).matchAll(/\$\('(\w+)'\)/g)) assert.ok(page.includes(`id="${id}"`), `${name}: ${id}`);
	}
});
