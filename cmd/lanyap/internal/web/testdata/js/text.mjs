// Reads a JSON array of texts, and writes what the page shows of each.

import {readFileSync, writeSync} from 'node:fs';
import {text} from '../../assets/safe.js';

const out = Buffer.from(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(text)));
for (let at = 0; at < out.length;) at += writeSync(1, out, at);
