// Prints the codes of the texts on standard input, for TestCodesAreRead.
import {code} from '../../assets/code.js';

let input = '';
for await (const part of process.stdin) input += part;
console.log(JSON.stringify(JSON.parse(input).map(text => code(text)?.map(row => row.map(dark => dark ? 1 : 0).join('')) ?? [])));
