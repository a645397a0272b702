// A classic script, because it runs before the page is drawn: no light flash in the dark.
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("cuesmith.theme");
    if (theme) root.dataset.theme = theme;
  } catch {
    // A browser that keeps nothing follows the system.
  }
})();
