import test from 'node:test';
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';

const css = readFileSync(new URL('../../assets/style.css', import.meta.url), 'utf8');

// theme returns the colours of a block of style.css.
function theme(block) {
	return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{3,6})\b/g)].map(([, name, value]) => [name, value]));
}

function luminance(hex) {
	const full = hex.length === 4 ? hex.replace(/[0-9a-f]/g, '$&$&') : hex;
	const [r, g, b] = [1, 3, 5].map(i => parseInt(full.slice(i, i + 2), 16) / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
	const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
	return (x + 0.05) / (y + 0.05);
}

const [light, dark] = [...css.matchAll(/:root \{([^}]*--bg[^}]*)\}/g)].map(m => theme(m[1]));

// What is written on what, by WCAG 2.2, 1.4.3.
const written = [
	...['ink', 'soft', 'own', 'bad', 'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7'].flatMap(c => [[c, 'bg'], [c, 'paper'], [c, 'raised']]),
	...['ink', 'soft', 'own', 'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7'].map(c => [c, 'own-wash']),
	...['ink', 'ask', 'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7'].map(c => [c, 'ask-wash']),
	['bad', 'bad-wash'], ['ink', 'bad-wash'], ['own-ink', 'own'], ['ink', 'faint'], ['soft', 'faint'], ['soft', 'ask-wash'],
];

for (const [name, colors] of [['light', light], ['dark', dark]]) {
	test(`everything is legible in the ${name} theme`, () => {
		for (const [text, ground] of written) {
			const c = contrast(colors[text], colors[ground]);
			assert.ok(c >= 4.5, `${text} on ${ground}: ${c.toFixed(2)}`);
		}
	});
}
