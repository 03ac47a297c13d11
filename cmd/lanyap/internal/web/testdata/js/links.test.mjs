import test from 'node:test';
import assert from 'node:assert/strict';
import {parts} from '../../assets/links.js';

const hrefs = text => parts(text).filter(p => p.href).map(p => p.text);

test('only http and https are links, as they were written', () => {
	for (const [text, want] of [
		['see http://10.0.0.7:7475/ and https://example.org/a_(b).', ['http://10.0.0.7:7475/', 'https://example.org/a_(b)']],
		['(https://example.org/x)', ['https://example.org/x']],
		['https://example.org/?a=1&b=2#c, or not', ['https://example.org/?a=1&b=2#c']],
		['javascript:alert(1) data:text/html,x file:///etc/passwd ftp://x', []],
		['http://user:pw@evil.example/', []],
		['http:// https://', []],
		['xhttp://example.org', []],
		['http://a.example/<script>alert(1)</script>', ['http://a.example/']],
		['http://a.example/"onmouseover=x', ['http://a.example/']],
		['http://a.example/<U+202E>cod.exe', ['http://a.example/']],
	]) assert.deepEqual(hrefs(text), want, text);
});

test('nothing of the text is lost', () => {
	for (const text of ['', 'a', 'http://a.b', 'x http://a.b/ y https://c.d. z', '((http://a.b/))']) {
		assert.equal(parts(text).map(p => p.text).join(''), text);
	}
});
