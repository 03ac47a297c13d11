import test from 'node:test';
import assert from 'node:assert/strict';
import {deed, read} from '../../assets/commands.js';

test('a line with a slash is never said by mistake', () => {
	assert.deepEqual(read('hello'), {say: 'hello'});
	assert.deepEqual(read('a /b'), {say: 'a /b'});
	assert.deepEqual(read('//etc/hosts'), {say: '/etc/hosts'});
	assert.deepEqual(read('/me waves\nand goes'), {say: '/me waves\nand goes'});
	assert.deepEqual(read('/msg bo hi there'), {to: 'bo', say: 'hi there'});
	assert.deepEqual(read('/MSG bo hi'), {to: 'bo', say: 'hi'});
	assert.deepEqual(read('/msg "Ana \\"B\\"" hi\nyou'), {to: 'Ana "B"', say: 'hi\nyou'});
	for (const bad of ['/mgs bo secret', '/', ' /x', '/me', '/msg', '/msg bo', '/msg "Ana hi', '/msg bo ']) {
		assert.ok(read(bad).mistake && !('say' in read(bad)), bad);
	}
});

test('a deed', () => {
	assert.equal(deed('/me waves'), 'waves');
	assert.equal(deed('/mean'), '');
});
