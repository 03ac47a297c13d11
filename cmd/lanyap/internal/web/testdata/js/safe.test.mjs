import test from 'node:test';
import assert from 'node:assert/strict';
import {line, text} from '../../assets/safe.js';

test('what moves or hides text is made visible', () => {
	for (const [given, want] of [
		['plain\n\ttext', 'plain\n\ttext'],
		['a\r\nb', 'a\nb'],
		['bell\x07 esc\x1b[31m', 'bell␇ esc␛[31m'],
		['a\u202eb', 'a<U+202E>b'],
		['bo\u200b', 'bo<U+200B>'],
		['سلام', 'سلام'],
		['می\u200cخواهم', 'می\u200cخواهم'],
		['a\u200cb', 'a<U+200C>b'],
		['👩\u200d👧', '👩\u200d👧'],
		['\ud800', '\ufffd'],
		['<b>&amp;', '<b>&amp;'],
		['\u3164', '<U+3164>'],
		['\ue000', '<U+E000>'],
	]) assert.equal(text(given), want, JSON.stringify(given));
	assert.equal(text('e' + '\u0301'.repeat(50)), 'e' + '\u0301'.repeat(8));
});

test('a name is one line', () => assert.equal(line(' a\nb\tc '), 'a␊b␉c'));
