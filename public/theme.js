// Runs before the first paint, so that a remembered theme does not flash. A file of its own because the page's
// content security policy allows no inline script. The key is that of src/dashboard/model/preference.ts.
try {
  const scope = new URL("./", document.baseURI).pathname;
  const theme = localStorage.getItem(`opam-web-mirror${scope}:theme`);
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // No storage: the system's theme it is.
}
