// For browsers that know no modules: they cannot run what the page is made of.
document.getElementById('status').textContent =
	'This browser is too old for this page. A current Firefox, Chrome or Safari can show it; so can the lanyap program.';
